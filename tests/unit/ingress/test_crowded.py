"""When more is asked than can be served: new holds are turned away at the door, what is held is still taken."""

import pytest

from ingress.crowd import REFUSALS_IN_A_WINDOW_MAX
from ingress.lately import WINDOW_MS
from ingress.service import NotTaken, Verdict
from tests.unit.ingress.stage import HOLDS_WAITING_MAX, SHOW_TEXT, Stage
from tests.unit.ingress.tales import PART, SHOW, T0, held, reservation
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome
from ticketing.vocabulary import reservation_text

pytestmark = pytest.mark.anyio

KEY = b"r" * 16
RESERVATION = reservation_text(SHOW, KEY)
HOLD = {"show": SHOW_TEXT, "seats": ["A-1"]}


def decide(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    """Everything is granted."""
    if isinstance(command, messages.HoldSeats):
        return [held(reservation(command.key, seats=command.seats), offset=offset)]
    released = isinstance(command, messages.ReleaseHold)
    kind = messages.HoldReleased if released else messages.BookingConfirmed
    of = reservation(KEY, seats=(0,), status="released" if released else "booked")
    return [kind(show=SHOW, seq=2, at_ms=T0, offset=offset, key=command.key, account=command.account, reservation=of)]


def crowd(stage: Stage, count: int) -> list[str]:
    """So many others wait, one hold each."""
    accounts = [f"ent_{number}" for number in range(count)]
    for account in accounts:
        stage.ports.desk.crowd.enter(account)
    return accounts


async def test_a_new_hold_is_told_to_come_back() -> None:
    stage = Stage(decide=decide)
    crowd(stage, HOLDS_WAITING_MAX)
    reply = await stage.call("POST", "/api/reservations", HOLD, token=stage.fan(), key="k1")
    assert (reply.status, reply.body["code"], reply.body["retryable"]) == (503, "busy", True)
    assert reply.headers["retry-after"] == "2"
    assert stage.commands == []


async def test_nothing_is_spent_on_who_is_turned_away() -> None:
    stage = Stage()
    crowd(stage, HOLDS_WAITING_MAX)
    reply = await stage.call("POST", "/api/reservations", HOLD, token="nonsense")
    assert (reply.status, reply.body["code"]) == (503, "busy")


async def test_it_is_taken_as_soon_as_one_of_those_who_wait_is_served() -> None:
    stage = Stage(decide=decide)
    *_, last = crowd(stage, HOLDS_WAITING_MAX)
    stage.ports.desk.crowd.leave(last)
    reply = await stage.call("POST", "/api/reservations", HOLD, token=stage.fan(), key="k1")
    assert reply.status == 201


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/api/bookings", 201), ("DELETE", f"/api/reservations/{RESERVATION}", 200)],
)
async def test_what_is_held_is_confirmed_and_given_back_all_the_same(method: str, path: str, status: int) -> None:
    stage = Stage(decide=decide)
    crowd(stage, HOLDS_WAITING_MAX)
    body = {"reservation": RESERVATION} if method == "POST" else None
    reply = await stage.call(method, path, body, token=stage.fan(), key="k2")
    assert reply.status == status, reply.body


async def test_who_is_refused_by_a_log_that_is_away_is_a_crowd_too() -> None:
    stage = Stage(decide=decide, log_says=NotTaken("log_unavailable", "for once"))

    async def hold(fan: str = "anna") -> str:
        reply = await stage.call("POST", "/api/reservations", HOLD, token=stage.fan(fan), key="k1")
        code: str = reply.body["code"] if reply.status == 503 else reply.body["status"]
        return code

    codes = [await hold(f"fan{n}") for n in range(REFUSALS_IN_A_WINDOW_MAX + 2)]
    assert codes == ["log_unavailable"] * (REFUSALS_IN_A_WINDOW_MAX + 1) + ["busy"]
    stage.log_says = None
    assert await hold() == "busy"
    confirmed = await stage.call("POST", "/api/bookings", {"reservation": RESERVATION}, token=stage.fan(), key="k2")
    assert confirmed.status == 201
    stage.clock.advance(WINDOW_MS)
    assert await hold() == "held"


async def test_who_is_refused_for_having_their_share_is_a_crowd_to_nobody_else() -> None:
    stage, told = Stage(), list[Verdict]()
    crowd(stage, HOLDS_WAITING_MAX - 10)
    flood = messages.HoldSeats(show=SHOW, key=KEY, sent_at_ms=T0, account="key_flood", seats=(0,))
    for _ in range(REFUSALS_IN_A_WINDOW_MAX + 10):
        stage.ports.desk.begin(flood, PART, 2.0, told.append)
    assert (len(stage.commands), len(told)) == (7, REFUSALS_IN_A_WINDOW_MAX + 3)
    assert {verdict.code for verdict in told if isinstance(verdict, NotTaken)} == {"busy"}
    stage.decide = decide
    reply = await stage.call("POST", "/api/reservations", HOLD, token=stage.fan(), key="k1")
    assert reply.status == 201
