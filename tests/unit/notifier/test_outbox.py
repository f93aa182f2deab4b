"""What API keys are told beyond a socket: which events there are, when a delivery is tried again, where it may go."""

import asyncio
import json
import os
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import httpx
import msgspec
import pytest

from notifier.outbox.events import BODY_BYTES_MAX, CallerEvent, Taken, caller_events, concerns_callers
from notifier.outbox.ports import Answered, Due, Settled
from notifier.outbox.retries import AGAIN_AFTER_S, after_attempt
from notifier.outbox.service import EVENTS_KEPT_MS, IN_FLIGHT_PER_WEBHOOK_MAX, Outbox
from notifier.outbox.wire import Address, HttpWire, is_public
from notifier.ports import StoreAway
from runtime.tracing import Tracer
from tests.unit.notifier.theatre import PART, SHOW, T0, VENUE, Sale, small_layout
from ticketing.clock import ManualClock
from ticketing.layout import CategoryBody, LayoutBody, build_layout
from ticketing.messages import AnyOutcome, HoldRefused
from ticketing.sandbox import comes_twice
from ticketing.telling import Where
from ticketing.vocabulary import event_text, show_text

pytestmark = pytest.mark.anyio

KEY = "key_0123456789abcdef"
WHERE = Where(SHOW, VENUE, "EUR", small_layout())
DAY_S = 24 * 3600
TRACER = Tracer(now_ms=lambda: T0, entropy=os.urandom)


def events_of(*outcomes: AnyOutcome, where: Where = WHERE) -> list[CallerEvent]:
    return list(caller_events([Taken(outcome, PART, 2, T0) for outcome in outcomes], {SHOW: where}))


# --- events


def test_a_key_hears_of_what_is_its_own_in_the_words_of_a_socket() -> None:
    sale = Sale()
    held, booked = sale.hold(KEY, [0, 1]), sale.confirm(1)
    first, second = events_of(held, booked)
    assert (first.account, first.kind, second.kind) == (KEY, "request_decided", "booking_confirmed")
    assert first.event_id == event_text(PART, 2, held.offset, 0)
    body: dict[str, Any] = json.loads(second.body)
    assert body["type"] == "booking_confirmed"
    assert body["timestamp"] == "2027-01-15T08:00:00.000Z"
    data = body["data"]
    assert (data["event"], data["show"], data["seq"]) == (second.event_id, show_text(SHOW), booked.seq)
    assert (data["status"], data["outcome"]["status"], data["outcome"]["total_amount"]) == ("granted", "booked", 1000)


def test_a_refusal_is_an_event_and_fans_have_no_feed() -> None:
    sale = Sale()
    refused = sale.refused(HoldRefused, KEY, code="sold_out")
    of_a_fan = sale.hold("ent_anna", [0])
    assert [event.kind for event in events_of(refused, of_a_fan)] == ["request_decided"]
    assert json.loads(events_of(refused)[0].body)["data"]["outcome"]["code"] == "sold_out"
    assert [concerns_callers(Taken(outcome, PART, 0, T0)) for outcome in (refused, of_a_fan)] == [True, False]


def test_what_an_office_does_to_anothers_booking_is_told_to_both() -> None:
    sale = Sale()
    sale.hold(KEY, [0])
    sale.confirm(1)
    cancelled = sale.cancel(1, by="key_office")
    assert [(event.account, event.kind) for event in events_of(cancelled)] == [
        (KEY, "booking_cancelled"),
        ("key_office", "request_decided"),
    ]


def test_a_body_that_would_be_too_long_says_what_it_is_about() -> None:
    hall = build_layout(LayoutBody(rows=20, seats_per_row=100, categories=[CategoryBody(name="a" * 60, price=500)]))
    held = Sale().hold(KEY, range(200))
    (event,) = events_of(held, where=Where(SHOW, VENUE, "EUR", hall))
    assert len(event.body) < BODY_BYTES_MAX
    data = json.loads(event.body)["data"]
    assert data["in_brief"] is True
    assert set(data["outcome"]) == {"reservation", "status", "total_amount"}


# --- trying again


def test_it_is_tried_again_for_three_days_and_then_given_up() -> None:
    now_ms, waits = T0, []
    for attempt in range(1, len(AGAIN_AFTER_S) + 1):
        settled = after_attempt(attempt, Answered(500), now_ms, chance=0.5)
        assert settled.state == "due"
        waits.append((settled.due_at_ms - now_ms) / 1000)
        now_ms = settled.due_at_ms
    assert waits == list(AGAIN_AFTER_S)
    assert 3 * DAY_S <= sum(waits) <= 3.5 * DAY_S
    assert after_attempt(len(AGAIN_AFTER_S) + 1, Answered(500), now_ms, chance=0.5).state == "failed"


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        (Answered(204), Settled("done", T0)),
        (Answered(410), Settled("failed", T0, disabled_why="the endpoint answered 410 Gone")),
        (Answered(302), Settled("due", T0 + 5_000)),
        (Answered(None, "refused"), Settled("due", T0 + 5_000)),
        (Answered(429, retry_after_s=60), Settled("due", T0 + 60_000)),
        (Answered(503, retry_after_s=10**9), Settled("due", T0 + DAY_S * 1000)),
    ],
)
def test_what_follows_from_an_answer(answered: Answered, expected: Settled) -> None:
    assert after_attempt(1, answered, T0, chance=0.5) == expected


def test_attempts_are_spread() -> None:
    waits = {after_attempt(2, Answered(500), 0, chance).due_at_ms for chance in (0.0, 0.25, 0.75)}
    assert waits == {240_000, 270_000, 330_000}


# --- the service


def due(number: int, webhook: str = "whk_1", **more: Any) -> Due:
    given = {"url": "https://partner.example/hook", "secrets": ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",)}
    return Due(webhook, number, f"evt_{number}", body=b"{}", attempt=1, claimed_until_ms=60_000, **(given | more))


class FakeStore:
    def __init__(self, ready: Sequence[Due] = ()) -> None:
        self.ready = list(ready)
        self.settled: dict[int, tuple[Answered, Settled]] = {}
        self.forgotten: list[int] = []
        self.away = False

    async def capture(self, now_ms: int, cluster: int = 0) -> int:
        return 0

    async def claim(self, now_ms: int, limit: int, busy: Sequence[str]) -> Sequence[Due]:
        claimed = [one for one in self.ready if one.webhook_id not in busy][:limit]
        self.ready = [one for one in self.ready if one not in claimed]
        return claimed

    async def settle(self, due: Due, answered: Answered, settled: Settled, now_ms: int) -> None:
        if self.away:
            raise StoreAway("gone")
        self.settled[due.event_no] = (answered, settled)

    async def forget(self, before_ms: int) -> int:
        self.forgotten.append(before_ms)
        return 0


class HeldWire:
    """Answers when it is let go."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.go = asyncio.Event()
        self.posted: list[Due] = []

    async def post(self, due: Due, now_ms: int) -> Answered:
        self.posted.append(due)
        await self.go.wait()
        return Answered(self.status)


async def test_a_slow_endpoint_does_not_hold_up_the_others() -> None:
    slow = [due(number) for number in range(2 * IN_FLIGHT_PER_WEBHOOK_MAX)]
    store, wire = FakeStore([*slow[:IN_FLIGHT_PER_WEBHOOK_MAX]]), HeldWire()
    outbox = Outbox(store=store, wire=wire, clock=ManualClock(T0), chance=lambda: 0.5)
    assert await outbox.send() == IN_FLIGHT_PER_WEBHOOK_MAX
    store.ready = [*slow[IN_FLIGHT_PER_WEBHOOK_MAX:], due(99, "whk_2")]
    assert await outbox.send() == 1
    wire.go.set()
    await outbox.finish()
    assert {settled.state for _, settled in store.settled.values()} == {"done"}
    assert set(store.settled) == {*range(IN_FLIGHT_PER_WEBHOOK_MAX), 99}
    assert await outbox.send() == IN_FLIGHT_PER_WEBHOOK_MAX
    await outbox.finish()


async def test_what_a_sandbox_key_wants_twice_is_sent_again_once_it_has_arrived() -> None:
    wire, store = HeldWire(), FakeStore([due(1, twice=True), due(2)])
    wire.go.set()
    outbox = Outbox(store=store, wire=wire, clock=ManualClock(T0), chance=lambda: 0.5)
    await outbox.send()
    await outbox.finish()
    assert sorted(one.event_id for one in wire.posted) == ["evt_1", "evt_1", "evt_2"]
    assert {settled.state for _, settled in store.settled.values()} == {"done"}


async def test_what_has_not_arrived_is_tried_again_in_its_time_and_not_twice_at_once() -> None:
    wire, store = HeldWire(500), FakeStore([due(1, twice=True)])
    wire.go.set()
    outbox = Outbox(store=store, wire=wire, clock=ManualClock(T0), chance=lambda: 0.5)
    await outbox.send()
    await outbox.finish()
    assert len(wire.posted) == 1
    assert store.settled[1][1].state == "due"


def test_an_event_comes_twice_by_the_external_id_of_its_reservation_in_whatever_it_tells() -> None:
    sale = Sale()
    held = sale.hold(KEY, [0])
    marked = msgspec.structs.replace(held.reservation, external_id="test:duplicate_webhook:order-7")
    outcomes: list[AnyOutcome] = [
        msgspec.structs.replace(held, reservation=marked),
        msgspec.structs.replace(sale.confirm(1), reservation=msgspec.structs.replace(marked, status="booked")),
    ]
    assert [comes_twice(event.body) for event in events_of(*outcomes)] == [True, True]
    assert [comes_twice(event.body) for event in events_of(held)] == [False]


async def test_a_result_that_cannot_be_written_ends_nothing() -> None:
    store, wire = FakeStore([due(1)]), HeldWire()
    store.away = True
    wire.go.set()
    outbox = Outbox(store=store, wire=wire, clock=ManualClock(T0), chance=lambda: 0.5)
    await outbox.send()
    await outbox.finish()
    assert (len(wire.posted), store.settled) == (1, {})


async def test_old_events_are_forgotten_once_an_hour() -> None:
    store, clock = FakeStore(), ManualClock(T0)
    outbox = Outbox(store=store, wire=HeldWire(), clock=clock, chance=lambda: 0.5)
    await outbox.take()
    await outbox.take()
    clock.advance(3600 * 1000)
    await outbox.take()
    assert store.forgotten == [T0 - EVENTS_KEPT_MS, T0 - EVENTS_KEPT_MS + 3600 * 1000]


# --- the wire


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1",
     "240.0.0.1", "100.64.0.1", "224.0.0.1"],
)  # fmt: skip
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111"])
def test_addresses_outside_are(address: str) -> None:
    assert is_public(ip_address(address))


def a_wire(*addresses: str, private: bool = False, status: int = 200) -> tuple[HttpWire, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, headers={"retry-after": "7", "location": "https://127.0.0.1/"})

    async def look_up(host: str, port: int) -> list[Address]:
        return [ip_address(address) for address in addresses]

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return HttpWire(http, private_allowed=private, tracer=TRACER, resolve=look_up), seen


async def test_it_goes_to_the_address_that_was_looked_at_under_the_name_that_was_given() -> None:
    wire, seen = a_wire("10.0.0.1", "93.184.216.34")
    assert await wire.post(due(1), T0) == Answered(200, "", 7.0)
    (request,) = seen
    assert (str(request.url), request.headers["host"]) == ("https://93.184.216.34/hook", "partner.example")
    assert request.extensions["sni_hostname"] == "partner.example"


async def test_it_goes_to_no_address_inside_and_not_without_tls_unless_that_is_allowed() -> None:
    wire, seen = a_wire("127.0.0.1")
    assert (await wire.post(due(1), T0)).error == "the name has no public address"
    wire, seen = a_wire("93.184.216.34")
    assert (await wire.post(due(1, url="http://partner.example/hook"), T0)).error == "only https is sent to"
    assert seen == []
    wire, seen = a_wire("127.0.0.1", private=True)
    assert (await wire.post(due(1, url="http://localhost:8/hook"), T0)).status == 200
    assert (str(seen[0].url), seen[0].headers["host"]) == ("http://127.0.0.1:8/hook", "localhost:8")


async def test_a_redirect_is_not_followed() -> None:
    wire, seen = a_wire("93.184.216.34", status=302)
    answered = await wire.post(due(1), T0)
    assert (answered.status, len(seen)) == (302, 1)


async def test_what_the_other_side_does_is_an_answer_never_an_exception() -> None:
    async def nobody(host: str, port: int) -> list[Address]:
        raise OSError("no such name")

    wire = HttpWire(httpx.AsyncClient(), private_allowed=False, tracer=TRACER, resolve=nobody)
    assert (await wire.post(due(1), T0)).error == "OSError: no such name"
    assert (await wire.post(due(1, url="https://[nonsense"), T0)).status is None
