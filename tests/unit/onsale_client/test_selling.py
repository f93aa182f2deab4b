"""What a seller does with the client, on the room itself without its servers: quotes, several holds, one booking of
them, other seats for it."""

import json
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest

from ingress.keys import ApiKey
from onsale_client import AreaWish, AsyncClient, Best, Client, Contact, Hold, Patience, Payment, Refused
from tests.unit.ingress import test_batch_calls, test_booking_calls, test_quote_calls
from tests.unit.ingress.holds import grant
from tests.unit.ingress.stage import PARTNER_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import SHOW, refused
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome
from ticketing.tokens import api_key_hash
from ticketing.vocabulary import booking_text, reservation_text

pytestmark = pytest.mark.anyio

URL = "http://sale.example"
CONTACT = Contact(name="Ada Lovelace", email="ada@example.org")
ONE, TWO = b"1" * 16, b"2" * 16


def client_of(stage: Stage, *, key: str = PARTNER_KEY) -> AsyncClient:
    transport = httpx.ASGITransport(cast("Any", stage.api))
    return AsyncClient(URL, token=key, http=httpx.AsyncClient(transport=transport))


async def test_the_server_keeps_a_request_no_longer_than_its_caller_has_patience() -> None:
    asked: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["prefer"])
        return httpx.Response(409, json={"code": "sold_out", "status": 409})

    for total_s in (60, 3.5, 0.2):
        http = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
        async with http, AsyncClient(URL, token=PARTNER_KEY, patience=Patience(total_s=total_s), http=http) as hasty:
            with pytest.raises(Refused):
                await hasty.hold(SHOW_TEXT, seats=["A-1"])
    assert asked == ["wait=10", "wait=3", "wait=0"]


@pytest.fixture
async def quoting(anyio_backend: str) -> AsyncIterator[AsyncClient]:
    async with client_of(await test_quote_calls.taken_hall()) as client:
        yield client


async def test_a_quote_tells_what_a_hold_would_get(quoting: AsyncClient) -> None:
    areas = [AreaWish(area="floor", quantity=2)]
    quote = await quoting.quote(SHOW_TEXT, seats=["B-1"], areas=areas, best=Best(quantity=2, category="front"))
    assert (quote.show, quote.seats[0].seat, quote.areas[0].quantity) == (SHOW_TEXT, "B-1", 2)
    assert quote.total_amount == sum(it.price for it in quote.seats) + sum(it.price * it.quantity for it in quote.areas)
    assert quote.why is not None


async def test_a_quote_of_what_is_gone_says_what_is_left_of_it(quoting: AsyncClient) -> None:
    with pytest.raises(Refused) as lost:
        await quoting.quote(SHOW_TEXT, seats=["A-1", "B-1"])
    assert [it.label for it in lost.value.problem.conflicts] == ["A-1"]
    part = await quoting.quote(SHOW_TEXT, seats=["A-1", "B-1"], partial=True)
    assert ([it.seat for it in part.seats], [it.label for it in part.left_out]) == (["B-1"], ["A-1"])


async def test_holds_come_together_or_not_at_all() -> None:
    stage = Stage(decide=test_batch_calls.together)
    holds = [Hold(show=SHOW_TEXT, seats=["A-1"]), Hold(show=SHOW_TEXT, areas=[AreaWish(area="floor", quantity=2)])]
    async with client_of(stage) as client:
        held = await client.hold_together(holds)
    assert [it.total_amount for it in held.reservations] == [5000, 6000]
    assert (held.show, held.total_amount, held.currency) == (SHOW_TEXT, 11_000, "EUR")
    (command,) = stage.commands
    assert isinstance(command, messages.HoldMany)
    with pytest.raises(Refused) as several:
        async with client_of(stage) as client:
            await client.hold_together([*holds, Hold(show="shw_00000000ff", seats=["A-1"])])
    assert several.value.code == "several_shows"


async def test_holds_each_for_itself_have_their_own_verdicts() -> None:
    def decide(command: AnyCommand, offset: int) -> list[AnyOutcome]:
        assert isinstance(command, messages.HoldSeats)
        return grant(command, offset) if command.areas else [refused(command.key, "sold_out", offset=offset)]

    stage = Stage(decide=decide)
    wishes = [Hold(show=SHOW_TEXT, areas=[AreaWish(area="floor", quantity=1)]), Hold(show=SHOW_TEXT, seats=["A-1"])]
    async with client_of(stage) as client:
        won, lost = await client.hold_each(wishes, idempotency_key="both")
        again = await client.hold_each(wishes, idempotency_key="both")
    assert (won.status, lost.status) == ("granted", "rejected")
    assert won.reservation is not None and won.reservation.areas[0].quantity == 1
    assert lost.problem is not None and lost.problem.code == "sold_out"
    assert [it.status for it in again] == ["granted", "rejected"]
    assert len({command.key for command in stage.commands}) == 2, "under one key, each hold has one of its own"


async def test_a_group_is_held_by_who_may() -> None:
    stage = Stage(decide=grant)
    group_key = "osk_live_" + "9" * 48
    stage.key_table.secrets[api_key_hash(group_key)] = ApiKey(
        "key_agency", frozenset({"booking"}), False, False, permissions=frozenset({"group"})
    )
    async with client_of(stage, key=group_key) as client:
        held = await client.hold_group(SHOW_TEXT, 120, category="back", on_behalf_of="a school")
    (command,) = stage.commands
    assert isinstance(command, messages.HoldSeats)
    assert command.best is not None
    assert (command.group, command.best.quantity, command.best.category) == (True, 120, "back")
    assert held.status == "held"
    async with client_of(stage) as client:
        with pytest.raises(Refused) as too_many:
            await client.hold_group(SHOW_TEXT, 120)
    assert (too_many.value.code, len(stage.commands)) == ("too_many_seats", 1)


async def test_several_reservations_become_one_booking() -> None:
    stage = Stage(decide=test_booking_calls.book)
    texts = [reservation_text(SHOW, key) for key in (ONE, TWO)]
    async with client_of(stage) as client:
        booking = await client.book(
            reservations=texts,
            contact=CONTACT,
            payment=Payment(provider="till", reference="t-1", amount=10_000),
            on_behalf_of="ada",
        )
        read = await client.booking(booking.booking)
    (command,) = stage.commands
    assert isinstance(command, messages.BookNow)
    assert (command.reservations, bool(command.person)) == ((ONE, TWO), True)
    assert (booking.status, read.contact) == ("booked", CONTACT)


async def test_what_is_named_in_a_show_is_booked_in_one_call() -> None:
    stage = Stage(decide=test_booking_calls.book)
    async with client_of(stage) as client:
        await client.book(show=SHOW_TEXT, seats=["B-1"], areas=[AreaWish(area="floor", quantity=2)])
    (command,) = stage.commands
    assert isinstance(command, messages.BookNow)
    assert (command.reservations, command.seats, command.areas) == ((), (5,), ((0, 2),))


async def test_a_booking_gets_other_seats_and_their_difference() -> None:
    stage = test_booking_calls.swap(9_999)
    async with client_of(stage) as client:
        changed = await client.change(booking_text(SHOW, ONE), give=["A-1"], take=["B-1"])
    (command,) = stage.commands
    assert isinstance(command, messages.ChangeBooking)
    assert (command.give, command.take, command.keyed) == ((0,), (5,), True)
    assert changed.difference == changed.total_amount - 9_999


async def test_a_booking_is_for_somebody_else_from_now_on() -> None:
    stage = Stage(decide=test_booking_calls.book)
    texts = [reservation_text(SHOW, ONE)]
    async with client_of(stage) as client:
        booking = await client.book(reservations=texts, contact=CONTACT, notes="by the door")
        other = Contact(name="Charles Babbage", email="charles@example.org")
        changed = await client.change_contact(booking.booking, other)
    assert (changed.contact, changed.notes) == (other, None)


async def test_what_is_noted_beside_a_hold_is_sent_with_it() -> None:
    stage = Stage(decide=grant)
    async with client_of(stage) as client:
        held = await client.hold(SHOW_TEXT, seats=["A-1"], reason="a call", metadata={"order": 7})
        (command,) = stage.commands
        stage.notes.made_of[command.key] = command.fingerprint
        read = await client.reservation(held.reservation)
    assert (read.reason, read.metadata) == ("a call", {"order": 7})


def test_the_form_without_await_keeps_one_key_over_its_tries() -> None:
    sent: list[tuple[str, str, str | None, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        key = request.headers.get("idempotency-key")
        sent.append((request.method, request.url.path, key, json.loads(request.content)))
        if len(sent) % 2:
            return httpx.Response(503, json={"code": "busy", "status": 503})
        said = {"message": "-", "created_at": "2027-01-15T08:00:00Z"}
        return httpx.Response(200, json=said | {"data": [{"status": "granted"}]})

    with (
        httpx.Client(transport=httpx.MockTransport(answer)) as http,
        Client(URL, token="a-key", http=http) as client,
    ):
        verdicts = client.hold_each([Hold(show=SHOW_TEXT, seats=("A-1",))])
    assert [verdict.status for verdict in verdicts] == ["granted"]
    body = {"holds": [{"show": SHOW_TEXT, "seats": ["A-1"]}], "atomic": False}
    (first, second) = sent
    assert first == second == ("POST", "/api/reservations/batch", first[2], body)
    assert first[2]
