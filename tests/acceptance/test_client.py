"""The Python client on a real sale: what a partner does from the first look to the cancelled booking."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from onsale_client import AreaWish, AsyncClient, Best, Client, Contact, Patience, Refused, Undecided
from onsale_client._picture import SocketClosed
from onsale_gate import read_pass
from onsale_gate._passes import read_keys
from tests.acceptance.sale import Sale
from ticketing.clock import SystemClock

pytestmark = pytest.mark.anyio

CONTACT = Contact(name="Ada Lovelace", email="ada@example.org")
HEARD_WITHIN_S = 15


@pytest.fixture
async def partner(anyio_backend: str, sale: Sale) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(sale.url, api_key=sale.partner_key) as client:
        yield client


async def new_show(sale: Sale) -> tuple[str, str]:
    """`(show, venue)` of five rows of ten, and a floor for thirty; made with the client."""
    async with AsyncClient(sale.url, api_key=sale.admin_key) as house:
        venue = await house.add_venue("A hall")
        tiers = [{"name": "front", "price": 5000, "rows": [1]}, {"name": "back", "price": 3000}]
        areas = [{"label": "floor", "category": "back", "capacity": 30}]
        layout = {"rows": 5, "seats_per_row": 10, "categories": tiers, "areas": areas}
        checked = await house.put_layout(venue.venue, layout, validate_only=True)
        stored = await house.put_layout(venue.venue, layout)
        assert (checked.layout, checked.total_seats) == (None, 80)
        assert stored.version == 1
        terms = {"name": "A night", "venue": venue.venue, "starts_at": "2027-06-01T20:00:00Z", "currency": "EUR"}
        show = await house.add_show({**terms, "policy": {"payment": "optional"}})
        return show.show, venue.venue


async def test_from_the_list_to_a_cancelled_booking(sale: Sale, partner: AsyncClient) -> None:
    show, venue = await new_show(sale)
    assert [line.show async for line in partner.events(venue=venue)] == [show]
    event = await partner.event(show)
    assert (event.on_sale, event.available_seats, event.rules.payment) == (True, 80, "optional")
    assert (await partner.seat_map(venue)).total_seats == 80
    held = await partner.hold(show, best=Best(quantity=2, category="front"), areas=[AreaWish(area="floor", quantity=1)])
    assert (held.status, held.total_amount) == ("held", 13000)
    labels = [seat.seat for seat in held.seats]
    extended = await partner.extend(held.reservation, by_s=600)
    assert extended.expires_at > held.expires_at
    smaller = await partner.release(held.reservation, seats=labels[:1])
    assert [seat.seat for seat in smaller.seats] == labels[1:]
    booking = await partner.confirm(held.reservation, contact=CONTACT, notes="by the door")
    assert (booking.status, booking.total_amount) == ("booked", 8000)
    read = await partner.booking(booking.booking)
    assert (read.contact, read.notes) == (CONTACT, "by the door")
    taken = await partner.seats(venue, show, status="booked")
    assert [seat.label for seat in taken.seats] == labels[1:]
    assert (await partner.cancel(booking.booking)).status == "cancelled"
    assert (await partner.availability(venue, show)).available_seats == 80


async def test_losing_names_what_is_taken_and_what_is_not(sale: Sale, partner: AsyncClient) -> None:
    show, _ = await new_show(sale)
    async with AsyncClient(sale.url, token=sale.fan(show)) as fan:
        await fan.hold(show, seats=["B-4", "B-5"])
    with pytest.raises(Refused) as lost:
        await partner.hold(show, seats=["B-5", "B-6"])
    assert lost.value.code == "seats_unavailable"
    assert [(one.label, one.reason) for one in lost.value.problem.conflicts] == [("B-5", "held")]
    won = await partner.hold(show, seats=lost.value.problem.alternatives[0])
    assert won.status == "held"


async def test_what_was_not_decided_in_time_is_told_later_for_the_same_key(sale: Sale) -> None:
    show, _ = await new_show(sale)
    (allocator,) = sale.allocators
    async with AsyncClient(sale.url, api_key=sale.partner_key, patience=Patience(total_s=3)) as hasty:
        await hasty.event(show)
        allocator.pause()
        with pytest.raises(Undecided) as undecided:
            await hasty.hold(show, seats=["A-1"])
        allocator.wake()
        async with AsyncClient(sale.url, api_key=sale.partner_key) as patient:
            held = await patient.hold(show, seats=["A-1"], idempotency_key=undecided.value.idempotency_key)
    assert held.status == "held"
    (row,) = await sale.rows("SELECT count(*) AS holds FROM reservation")
    assert row["holds"] == 1


async def test_the_form_without_await_does_the_same(sale: Sale) -> None:
    show, venue = await new_show(sale)

    def buy() -> tuple[str, list[str], bool]:
        with Client(sale.url, api_key=sale.partner_key) as client:
            held = client.hold(show, seats=["C-1"])
            booking = client.confirm(held.reservation, contact=CONTACT)
            frames = client.live(venue, show).frames()
            heard = [next(frames).type, next(frames).type]
            frames.close()
            seen = [line.show for line in client.events(venue=venue)]
            return booking.status, heard, seen == [show]

    assert await asyncio.to_thread(buy) == ("booked", ["welcome", "snapshot"], True)


async def test_a_show_is_followed_over_a_lost_socket(sale: Sale, partner: AsyncClient) -> None:
    show, venue = await new_show(sale)
    live = partner.live(venue, show)
    async with asyncio.timeout(HEARD_WITHIN_S):
        async for frame in live.frames():
            if frame.type == "snapshot":
                break
        before = live.picture.seq
        held = await partner.hold(show, seats=["D-1", "D-2"])
        heard = set()
        async for frame in live.frames():
            heard.add(frame.type)
            if live.picture.seq > before and "request_decided" in heard:
                break
    assert live.picture.seats == {"D-1": "held", "D-2": "held"}
    assert "snapshot" not in heard, "it went on where it left off"
    assert held.status == "held"


async def test_a_gate_elsewhere_knows_the_passes_of_this_room(sale: Sale) -> None:
    show, _ = await new_show(sale)
    code, keys = await sale.onsale("keys", "gate")
    assert code == 0, keys
    admitted = read_pass(sale.fan(show, "ent_anna"), read_keys(keys.split()), show, SystemClock().now_ms() / 1000)
    assert admitted.entry == "ent_anna"


async def test_a_pass_for_another_show_ends_the_socket(sale: Sale) -> None:
    (show, venue), (other, _) = await new_show(sale), await new_show(sale)
    async with AsyncClient(sale.url, token=sale.fan(other)) as fan:
        with pytest.raises(SocketClosed) as closed:
            async for _ in fan.live(venue, show).frames():
                pass
    assert closed.value.code == 4403
