"""Shows that are over leave memory, and nobody can tell."""

import msgspec

from allocator.put_away import LOOK_EVERY_MS, STAYS_MS
from allocator.service import Desk
from tests.simulation.crowd import LAYOUT_ID, SHA256, opening
from tests.unit.allocator.desk_room import SHOW, T0, Room, hold, settle
from ticketing import messages

TONIGHT = 77
LASTS_MS = 1_000


def open_tonight(closes_at_ms: int = T0 + LASTS_MS) -> messages.OpenShow:
    return msgspec.structs.replace(opening(TONIGHT, T0), closes_at_ms=closes_at_ms, starts_at_ms=T0 + LASTS_MS)


def close() -> messages.CloseShow:
    return messages.CloseShow(show=TONIGHT, key=b"c" * 16, fingerprint=b"c" * 8, sent_at_ms=T0, account="system")


def confirm(n: int) -> messages.ConfirmBooking:
    return messages.ConfirmBooking(
        show=TONIGHT,
        key=(n + 2000).to_bytes(16),
        fingerprint=b"h" * 8,
        sent_at_ms=T0,
        account=f"ent_{n}",
        reservation=n.to_bytes(16),
    )


def release(n: int) -> messages.ReleaseHold:
    return messages.ReleaseHold(
        show=TONIGHT,
        key=(n + 3000).to_bytes(16),
        fingerprint=b"g" * 8,
        sent_at_ms=T0,
        account=f"ent_{n}",
        reservation=n.to_bytes(16),
    )


async def later(room: Room, desk: Desk, by_ms: int) -> None:
    """The other show goes on selling, and the log's time with it."""
    for clock in (room.database, room.broker, room.own):
        clock.advance(by_ms)
    now_ms = room.broker.now_ms()
    room.say(messages.HoldSeats(show=SHOW, key=now_ms.to_bytes(16), sent_at_ms=now_ms, account="ent_x"))
    await settle(desk)


async def sold_room() -> tuple[Room, Desk]:
    """A show with one booking whose sale is over, beside one that goes on."""
    room = Room()
    room.say(open_tonight(), hold(1, 1, 2, show=TONIGHT), hold(2, 3, show=TONIGHT), release(2), confirm(1))
    desk = await room.desk()
    await settle(desk)
    await later(room, desk, LASTS_MS)
    return room, desk


async def test_a_show_is_put_away_when_it_is_over_and_nothing_happens_to_it_any_more() -> None:
    room, desk = await sold_room()
    await later(room, desk, LOOK_EVERY_MS)
    assert set(desk.state.shows) == {SHOW, TONIGHT}
    await later(room, desk, LOOK_EVERY_MS - 1)
    assert set(desk.state.shows) == {SHOW, TONIGHT}
    await later(room, desk, 1)
    assert set(desk.state.shows) == {SHOW}
    assert desk.state.put_away.shows == {TONIGHT}
    assert set(desk.state.layouts) == {(LAYOUT_ID, SHA256)}


async def test_a_show_without_an_end_is_over_when_it_is_closed_and_has_begun() -> None:
    room = Room()
    room.say(open_tonight(closes_at_ms=0))
    desk = await room.desk()
    await settle(desk)
    for _ in range(3):
        await later(room, desk, LOOK_EVERY_MS)
    assert TONIGHT in desk.state.shows
    room.say(close())
    for _ in range(3):
        await later(room, desk, LOOK_EVERY_MS)
    assert TONIGHT not in desk.state.shows
    assert TONIGHT not in (await room.successor()).state.shows


async def test_one_that_is_closed_before_its_time_stays_and_so_does_one_with_unpaid_holds() -> None:
    early, unpaid = Room(), Room()
    early.say(open_tonight(T0 + 24 * 3600 * 1000), close())
    unpaid.say(open_tonight(), hold(1, 1, show=TONIGHT), close())
    for room in (early, unpaid):
        desk = await room.desk()
        await settle(desk)
        for _ in range(3):
            await later(room, desk, LOOK_EVERY_MS)
        assert set(desk.state.shows) == {SHOW, TONIGHT}
        assert set((await room.successor()).state.shows) == {SHOW, TONIGHT}


async def test_a_successor_leaves_it_where_it_is() -> None:
    room, _ = await sold_room()
    desk = await room.successor()
    assert set(desk.state.shows) == {SHOW}
    assert desk.state.put_away.shows == {TONIGHT}


async def test_who_asks_about_it_is_answered_as_if_it_had_been_there() -> None:
    stayed, at_desk = await sold_room()
    put_away, _ = await sold_room()
    successor = await put_away.successor()
    asked: list[messages.AnyCommand] = [
        hold(1, 1, 2, show=TONIGHT),
        hold(2, 3, show=TONIGHT),
        release(2),
        hold(5, 5, show=TONIGHT),
        confirm(1),
        open_tonight(),
        close(),
    ]
    for room in (stayed, put_away):
        room.say(*asked)
    await settle(at_desk)
    await settle(successor)
    assert put_away.outcomes() == stayed.outcomes()
    assert [type(outcome).__name__ for outcome in stayed.outcomes()[-len(asked) :]] == [
        "SeatsHeld", "SeatsHeld", "HoldReleased", "HoldRefused", "BookingConfirmed", "ShowOpened", "ShowClosed",
    ]  # fmt: skip
    assert TONIGHT in successor.state.shows


async def test_it_comes_back_after_the_batch_before_is_written_and_stays_for_a_while() -> None:
    room, _ = await sold_room()
    desk = await room.successor()
    batches = len(room.tables.outcome_log)
    room.say(hold(7, 1), confirm(1))
    await settle(desk)
    assert len(room.tables.outcome_log) == batches + 2
    for _ in range(STAYS_MS // LOOK_EVERY_MS):
        await later(room, desk, LOOK_EVERY_MS - 1)
        assert set(desk.state.shows) == {SHOW, TONIGHT}
    for _ in range(3):
        await later(room, desk, LOOK_EVERY_MS)
    assert set(desk.state.shows) == {SHOW}


async def test_an_expiry_that_comes_late_does_not_bring_it_back() -> None:
    room, _ = await sold_room()
    desk = await room.successor()
    room.say(
        messages.ExpireHolds(
            show=TONIGHT, key=bytes(16), sent_at_ms=T0, account="system", keyed=False, holds=(((1).to_bytes(16), 1),)
        )
    )
    await settle(desk)
    assert TONIGHT not in desk.state.shows
    assert room.tables.cursor[0]["next_offset"] == room.commands.end
