"""Closed shows leave memory, and nobody can tell."""

from allocator.put_away import LOOK_EVERY_MS, STAYS_MS
from allocator.service import Desk
from tests.simulation.crowd import LAYOUT_ID, SHA256, SHOWS, opening
from tests.unit.allocator.desk_room import SHOW, T0, Room, hold, release, settle
from ticketing import messages

OTHER = SHOWS[1]


def close() -> messages.CloseShow:
    return messages.CloseShow(show=SHOW, key=b"c" * 16, fingerprint=b"c" * 8, sent_at_ms=T0, account="system")


def confirm(n: int) -> messages.ConfirmBooking:
    return messages.ConfirmBooking(
        show=SHOW,
        key=(n + 2000).to_bytes(16),
        fingerprint=b"h" * 8,
        sent_at_ms=T0,
        account=f"ent_{n}",
        reservation=n.to_bytes(16),
    )


def look(at_ms: int) -> messages.HoldSeats:
    """Something that moves the log's time on."""
    return messages.HoldSeats(show=OTHER, key=at_ms.to_bytes(16), sent_at_ms=at_ms, account="ent_x", areas=((9, 9),))


async def later(room: Room, desk: Desk, by_ms: int) -> None:
    """The other show goes on selling."""
    for clock in (room.database, room.broker, room.own):
        clock.advance(by_ms)
    room.say(look(room.broker.now_ms()))
    await settle(desk)


async def closed_room() -> tuple[Room, Desk]:
    """A show with one booking that is closed, beside one that goes on."""
    room = Room()
    room.say(opening(OTHER, T0), hold(1, 1, 2), hold(2, 3), release(2), confirm(1), close())
    desk = await room.desk()
    await settle(desk)
    return room, desk


async def test_a_closed_show_is_put_away_when_nothing_happens_to_it_any_more() -> None:
    room, desk = await closed_room()
    await later(room, desk, LOOK_EVERY_MS - 1)
    assert set(desk.state.shows) == {SHOW, OTHER}
    await later(room, desk, 1)
    assert set(desk.state.shows) == {OTHER}
    assert desk.state.put_away.shows == {SHOW}
    assert set(desk.state.layouts) == {(LAYOUT_ID, SHA256)}


async def test_an_open_show_and_one_with_unpaid_holds_stay() -> None:
    room = Room()
    room.say(opening(OTHER, T0), hold(1, 1), close())
    desk = await room.desk()
    await settle(desk)
    for _ in range(3):
        await later(room, desk, LOOK_EVERY_MS)
    assert set(desk.state.shows) == {SHOW, OTHER}
    assert set((await room.successor()).state.shows) == {SHOW, OTHER}


async def test_a_successor_leaves_it_where_it_is() -> None:
    room, _ = await closed_room()
    desk = await room.successor()
    assert set(desk.state.shows) == {OTHER}
    assert desk.state.put_away.shows == {SHOW}


async def test_who_asks_about_it_is_answered_as_if_it_had_been_there() -> None:
    stayed, at_desk = await closed_room()
    put_away, _ = await closed_room()
    successor = await put_away.successor()
    asked: list[messages.AnyCommand] = [
        hold(1, 1, 2),
        hold(2, 3),
        release(2),
        hold(5, 5),
        confirm(1),
        opening(SHOW, T0),
        close(),
    ]
    for room in (stayed, put_away):
        room.say(*asked)
    await settle(at_desk)
    await settle(successor)
    assert put_away.outcomes() == stayed.outcomes()
    assert [type(outcome).__name__ for outcome in stayed.outcomes()[-7:]] == [
        "SeatsHeld", "SeatsHeld", "HoldReleased", "HoldRefused", "BookingConfirmed", "ShowOpened", "ShowClosed",
    ]  # fmt: skip
    assert SHOW in successor.state.shows


async def test_it_comes_back_with_what_the_batch_before_has_done_and_stays_for_a_while() -> None:
    room, _ = await closed_room()
    desk = await room.successor()
    room.say(hold(7, 1, show=OTHER), confirm(1))
    await settle(desk)
    assert [row["batch_seq"] for row in room.tables.outcome_log.values()] == [1, 2, 3]
    for _ in range(STAYS_MS // LOOK_EVERY_MS):
        await later(room, desk, LOOK_EVERY_MS - 1)
        assert set(desk.state.shows) == {SHOW, OTHER}
    for _ in range(3):
        await later(room, desk, LOOK_EVERY_MS)
    assert set(desk.state.shows) == {OTHER}


async def test_an_expiry_that_comes_late_does_not_bring_it_back() -> None:
    room, _ = await closed_room()
    desk = await room.successor()
    room.say(
        messages.ExpireHolds(
            show=SHOW, key=bytes(16), sent_at_ms=T0, account="system", keyed=False, holds=(((1).to_bytes(16), 1),)
        )
    )
    await settle(desk)
    assert SHOW not in desk.state.shows
    assert room.tables.cursor[0]["next_offset"] == room.commands.end
