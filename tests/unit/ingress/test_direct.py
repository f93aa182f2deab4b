"""A hold is answered alike by either way in, or left to the application by the direct one."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from ingress.rows import open_direct
from ingress.service import NotTaken
from tests.unit.ingress.stage import PARTNER_KEY, READER_KEY, REVOKED_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import PART, SHOW, held, refused, reservation
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome, Conflict

pytestmark = pytest.mark.anyio

HOLD = {"show": SHOW_TEXT, "seats": ["A-1"]}
ROUTE = (b"POST", b"/api/reservations")


@dataclass
class Caller:
    """In the place of a connection."""

    headers: dict[bytes, bytes]
    body: bytes
    peer: str = "192.0.2.7"
    on_gone: Callable[[], None] | None = None
    replies: list[Reply] = field(default_factory=list)

    def answer(self, status: int, head: bytes, body: bytes) -> None:
        lines = head.decode().removesuffix("\r\n").split("\r\n")
        self.replies.append(Reply(status, dict(line.split(": ", 1) for line in lines), body))


def knock(stage: Stage, headers: dict[str, str], body: Any) -> tuple[bool, Caller]:
    """Whether the direct way takes the request, and who asked."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"content-type": "application/json", "content-length": str(len(raw))} | headers
    caller = Caller({name.encode(): value.encode() for name, value in sent.items()}, raw)
    take = open_direct(stage.ports, stage.settings).routes[ROUTE]
    return take(caller), caller  # type: ignore[arg-type]


def grant(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    assert isinstance(command, messages.HoldSeats)
    return [held(reservation(command.key, seats=command.seats), offset=offset)]


def refuse(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    plain = refused(command.key, "seats_unavailable", offset=offset)
    return [msgspec.structs.replace(plain, conflicts=(Conflict("held", seat=0),), conflicts_total=1)]


def break_down(_command: AnyCommand, _offset: int) -> list[AnyOutcome]:
    raise ValueError("a bug")


@pytest.mark.parametrize(
    ("status", "how", "headers", "body"),
    [
        (201, {"decide": grant}, {}, HOLD),
        (201, {"decide": grant}, {"authorization": f"Bearer {PARTNER_KEY}"}, HOLD),
        (201, {"decide": grant}, {"x-request-id": "mine-1"}, HOLD),
        (409, {"decide": refuse}, {}, HOLD),
        (202, {}, {"prefer": "respond-async"}, HOLD),
        (503, {"log_says": NotTaken("log_unavailable", "away", 2)}, {}, HOLD),
        (401, {}, {"authorization": "Bearer nonsense"}, HOLD),
        (401, {}, {"authorization": f"Bearer {REVOKED_KEY}"}, HOLD),
        (403, {}, {"authorization": f"Bearer {READER_KEY}"}, HOLD),
        (400, {}, {"idempotency-key": ""}, HOLD),
        (415, {}, {"content-type": "text/plain"}, HOLD),
        (400, {}, {}, b"{"),
        (400, {}, {}, b" "),
        (400, {}, {}, {"show": SHOW_TEXT, "seats": "A-1"}),
        (400, {}, {}, {"show": "nonsense", "seats": ["A-1"]}),
        (422, {}, {}, {"show": SHOW_TEXT, "seats": ["Z-99"]}),
        (500, {"decide": break_down}, {}, HOLD),
    ],
)
async def test_both_ways_say_the_same(status: int, how: dict[str, Any], headers: dict[str, str], body: Any) -> None:
    stages = Stage(**how), Stage(**how)
    for stage in stages:
        # What is known a moment later is known from the start: the show, and whose the keys are.
        await stage.ports.shelf.show(SHOW)
        for key in (PARTNER_KEY, READER_KEY, REVOKED_KEY):
            await stage.ports.callers._keys.look_up(key, stage.clock.now_ms())
        stage._random = 0
    sent = {"idempotency-key": "k1", "authorization": f"Bearer {stages[0].fan()}", "x-request-id": "same"} | headers
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    through_app = await stages[0].call("POST", "/api/reservations", raw, headers=sent)
    taken, caller = knock(stages[1], sent, raw)
    assert taken
    (direct,) = caller.replies
    assert (direct.status, direct.raw, direct.headers) == (through_app.status, through_app.raw, through_app.headers)
    assert direct.status == status
    assert stages[0].commands == stages[1].commands
    assert len(stages[1].waiters) == 0


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-encoding": "gzip"}, HOLD),
        ({"authorization": f"Bearer {PARTNER_KEY}"}, HOLD),
        ({}, HOLD),
        ({}, b" " * 65_537),
    ],
    ids=["a packed body", "a key to look up", "a show to look up", "a body that is too large"],
)
async def test_what_is_not_plain_is_left_to_the_application(headers: dict[str, str], body: Any) -> None:
    stage = Stage(decide=grant)
    sent = {"idempotency-key": "k1", "authorization": f"Bearer {stage.fan()}"} | headers
    taken, caller = knock(stage, sent, body)
    assert (taken, caller.replies, stage.commands, len(stage.waiters)) == (False, [], [], 0)


async def test_whoever_hangs_up_waits_no_longer_and_the_command_stands() -> None:
    stage = Stage()
    await stage.ports.shelf.show(SHOW)
    taken, caller = knock(stage, {"idempotency-key": "k1", "authorization": f"Bearer {stage.fan()}"}, HOLD)
    assert (taken, caller.replies, len(stage.waiters)) == (True, [], 1)
    assert caller.on_gone is not None
    caller.on_gone()
    assert len(stage.waiters) == 0
    stage.waiters.hear(PART, 0, grant(stage.commands[0], 0))
    assert (caller.replies, len(stage.commands)) == ([], 1)
