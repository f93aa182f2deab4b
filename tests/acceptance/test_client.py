"""The Python client on a real sale: what a partner does from the first look to the cancelled booking."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from onsale_client import AreaWish, AsyncClient, Best, Client, Contact, Hold, Patience, Refused, Undecided
from onsale_client._picture import SocketClosed
from onsale_gate import read_pass
from onsale_gate._passes import read_keys
from tests.acceptance.sale import DAY_MS, Sale
from ticketing.clock import SystemClock, rfc3339

pytestmark = pytest.mark.anyio

CONTACT = Contact(name="Ada Lovelace", email="ada@example.org")
HEARD_WITHIN_S = 15


@pytest.fixture
async def partner(anyio_backend: str, house: Sale) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(house.url, api_key=house.partner_key) as client:
        yield client


async def new_show(house: Sale) -> tuple[str, str]:
    """`(show, venue)` of five rows of ten, and a floor for thirty; made with the client."""
    async with AsyncClient(house.url, api_key=house.admin_key) as admin:
        venue = await admin.add_venue("A hall")
        tiers = [{"name": "front", "price": 5000, "rows": [1]}, {"name": "back", "price": 3000}]
        areas = [{"label": "floor", "category": "back", "capacity": 30}]
        layout = {"rows": 5, "seats_per_row": 10, "categories": tiers, "areas": areas}
        checked = await admin.put_layout(venue.venue, layout, validate_only=True)
        stored = await admin.put_layout(venue.venue, layout)
        assert (checked.layout, checked.total_seats) == (None, 80)
        assert stored.version == 1
        to_come = rfc3339(SystemClock().now_ms() + 30 * DAY_MS)
        terms = {"name": "A night", "venue": venue.venue, "starts_at": to_come, "currency": "EUR"}
        show = await admin.add_show({**terms, "policy": {"payment": "optional"}})
        return show.show, venue.venue


async def test_from_the_list_to_a_cancelled_booking(house: Sale, partner: AsyncClient) -> None:
    show, venue = await new_show(house)
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


async def test_all_that_a_partner_can_ask_for_is_asked_for(house: Sale) -> None:
    """Quoted, held as a group, together and each for itself; booked out of several holds, changed, told, closed."""
    show, _ = await new_show(house)
    async with AsyncClient(house.url, api_key=house.admin_key) as admin:
        terms = {"name": "for groups", "permissions": ["read", "book", "group"]}
        key = (await house.call("POST", "/api/admin/keys", terms, token=house.admin_key)).body["api_key"]
        async with AsyncClient(house.url, api_key=key) as partner:
            assert set((await partner.whoami()).permissions) == {"booking", "group", "read"}
            await held_in_every_way(partner, show)
            await booked_and_changed(partner, show)
            await told_in_order(partner)
        assert (await admin.close_show(show)).status == "closed"


async def held_in_every_way(partner: AsyncClient, show: str) -> None:
    """A quote is what the hold gets; of a group, and of several holds as one, nobody is left out."""
    wish = Best(quantity=2, category="front")
    quoted = await partner.quote(show, best=wish, areas=[AreaWish(area="floor", quantity=3)])
    assert quoted.total_amount == 2 * 5000 + 3 * 3000
    held = await partner.hold(show, best=wish)
    assert [seat.seat for seat in held.seats] == [seat.seat for seat in quoted.seats]
    assert (await partner.reservation(held.reservation)).expires_at == held.expires_at
    named = await partner.seats_named(show, ["A-9", *(seat.seat for seat in held.seats)])
    assert [seat.mine for seat in named.data] == [False, True, True]
    assert {seat.whose and seat.whose.reservation for seat in named.data} == {None, held.reservation}
    group = await partner.hold_group(show, 22, category="back", external_id="school-7")
    assert (len({seat.seat for seat in group.seats}), group.external_id) == (22, "school-7")
    assert group.why is not None and group.why.rule == "adjacent_rows"
    taken = group.seats[0].seat
    with pytest.raises(Refused) as lost:
        await partner.hold_together([Hold(show=show, seats=["A-9"]), Hold(show=show, seats=[taken])])
    assert [one.label for one in lost.value.problem.conflicts] == [taken]
    granted, rejected = await partner.hold_each([Hold(show=show, seats=["A-9"]), Hold(show=show, seats=[taken])])
    assert granted.reservation is not None and rejected.problem is not None
    assert (granted.status, rejected.status, rejected.problem.code) == ("granted", "rejected", "already_yours")
    for one in (held.reservation, group.reservation, granted.reservation.reservation):
        assert (await partner.release(one)).status == "released"


async def booked_and_changed(partner: AsyncClient, show: str) -> None:
    """Two holds and places that nobody held become one booking; a seat in front costs more; it is somebody else's."""
    together = await partner.hold_together([Hold(show=show, seats=["B-1"]), Hold(show=show, seats=["B-2", "B-3"])])
    assert (together.total_amount, len(together.reservations)) == (9000, 2)
    first, second = together.reservations
    booking = await partner.book(
        reservations=[first.reservation], show=show, seats=["B-2"], areas=[AreaWish(area="floor", quantity=2)],
        contact=CONTACT, external_id="order-9",
    )  # fmt: skip
    assert (booking.total_amount, sorted(seat.seat for seat in booking.seats)) == (12_000, ["B-1", "B-2"])
    assert [seat.seat for seat in (await partner.reservation(second.reservation)).seats] == ["B-3"], "still held"
    moved = await partner.change(booking.booking, give=["B-1"], take=["A-1"])
    assert (moved.difference, moved.total_amount) == (2000, 14_000)
    grace = Contact(name="Grace Hopper", email="grace@example.org")
    await partner.change_contact(booking.booking, grace, special_requests="a ramp")
    read = await partner.booking(booking.booking)
    assert (read.contact, read.special_requests, read.external_id) == (grace, "a ramp", "order-9")


async def told_in_order(partner: AsyncClient) -> None:
    """The feed, page by page, has the booking before its change."""
    kinds: list[str] = []
    after = None
    async with asyncio.timeout(HEARD_WITHIN_S):
        while "booking_changed" not in kinds:
            page = await partner.feed(after=after, limit=3)
            kinds += [event.kind for event in page.data]
            after = page.next_cursor
    assert kinds.count("booking_confirmed") == 1
    assert kinds.index("booking_confirmed") < kinds.index("booking_changed")


async def test_losing_names_what_is_taken_and_what_is_not(house: Sale, partner: AsyncClient) -> None:
    show, _ = await new_show(house)
    async with AsyncClient(house.url, token=house.fan(show)) as fan:
        await fan.hold(show, seats=["B-4", "B-5"])
    with pytest.raises(Refused) as lost:
        await partner.hold(show, seats=["B-5", "B-6"])
    assert lost.value.code == "seats_unavailable"
    assert [(one.label, one.reason) for one in lost.value.problem.conflicts] == [("B-5", "held")]
    won = await partner.hold(show, seats=lost.value.problem.alternatives[0])
    assert won.status == "held"


async def test_what_was_not_decided_in_time_is_told_later_for_the_same_key(house: Sale) -> None:
    show, _ = await new_show(house)
    (allocator,) = house.allocators
    async with AsyncClient(house.url, api_key=house.partner_key, patience=Patience(total_s=1)) as hasty:
        await hasty.event(show)
        allocator.pause()
        with pytest.raises(Undecided) as undecided:
            await hasty.hold(show, seats=["A-1"])
        allocator.wake()
        async with AsyncClient(house.url, api_key=house.partner_key) as patient:
            held = await patient.hold(show, seats=["A-1"], idempotency_key=undecided.value.idempotency_key)
    assert held.status == "held"
    rows = await house.rows("SELECT true FROM reservation WHERE show_id = $1", int(show[4:], 16))
    assert len(rows) == 1


async def test_the_form_without_await_does_the_same(house: Sale) -> None:
    show, venue = await new_show(house)

    def buy() -> tuple[str, list[str], bool]:
        with Client(house.url, api_key=house.partner_key) as client:
            held = client.hold(show, seats=["C-1"])
            booking = client.confirm(held.reservation, contact=CONTACT)
            frames = client.live(venue, show).frames()
            heard = [next(frames).type, next(frames).type]
            frames.close()
            seen = [line.show for line in client.events(venue=venue)]
            return booking.status, heard, seen == [show]

    assert await asyncio.to_thread(buy) == ("booked", ["welcome", "snapshot"], True)


async def test_a_show_is_followed_over_a_lost_socket(house: Sale, partner: AsyncClient) -> None:
    show, venue = await new_show(house)
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


async def test_a_gate_elsewhere_knows_the_passes_of_this_room(house: Sale) -> None:
    show, _ = await new_show(house)
    code, keys = await house.onsale("keys", "gate")
    assert code == 0, keys
    admitted = read_pass(house.fan(show, "ent_anna"), read_keys(keys.split()), show, SystemClock().now_ms() / 1000)
    assert admitted.entry == "ent_anna"


async def test_a_pass_for_another_show_ends_the_socket(house: Sale) -> None:
    (show, venue), (other, _) = await new_show(house), await new_show(house)
    async with AsyncClient(house.url, token=house.fan(other)) as fan:
        with pytest.raises(SocketClosed) as closed:
            async for _ in fan.live(venue, show).frames():
                pass
    assert closed.value.code == 4403
