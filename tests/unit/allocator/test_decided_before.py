"""After a restore the log is decided once more: at the moments of the first time, or holds would not end as then."""

from dataclasses import replace

from allocator.claiming import claim
from allocator.decided_before import BY_THE_LOG, ENDLESS, DecidedBefore
from allocator.ports import Cursor
from allocator.service import Desk
from tests.simulation.memory_log import MemoryLog
from tests.simulation.memory_store import MemoryStore
from tests.unit.allocator.desk_room import SHOW, T0, Room, hold, settle
from ticketing import messages
from ticketing.vocabulary import ReservationStatus

HOUR_MS = 3_600_000


def test_each_moment_holds_until_the_next_one_begins() -> None:
    before = DecidedBefore([(3, 100), (5, 200), (9, None)])
    assert [before.find(offset) for offset in (2, 3, 4, 5, 8, 9, 99)] == [
        (None, 3), (100, 5), (100, 5), (200, 9), (200, 9), (None, ENDLESS), (None, ENDLESS),
    ]  # fmt: skip
    assert DecidedBefore().find(7) == (None, ENDLESS)


async def desk_after_a_restore(room: Room, before: DecidedBefore) -> Desk:
    store, log = MemoryStore(0, "anna", room.tables), MemoryLog({0: room.commands}, room.published)
    claimed = await claim(store, log, room.heard)
    assert claimed is not None
    cursor: Cursor = replace(claimed[0], decided_before=before)
    return Desk(
        cursor=cursor, state=claimed[1], store=store, log=log, clock=room.own, meter=room.meter,
        observer=room.heard, caution=room.caution,
    )  # fmt: skip


async def resold() -> Room:
    """Anna's hold ended and Ben bought her seat; an hour later all of it stands in the log, and is not decided."""
    room = Room()
    room.say(hold(1, 1))
    room.broker.advance(HOUR_MS)
    room.say(
        messages.ExpireHolds(
            show=SHOW, key=(3).to_bytes(16), sent_at_ms=T0 + HOUR_MS, account="worker", holds=(((1).to_bytes(16), 1),)
        ),
        messages.HoldSeats(
            show=SHOW, key=(2).to_bytes(16), fingerprint=b"f" * 8, sent_at_ms=T0 + HOUR_MS, account="ent_2", seats=(1,)
        ),
    )  # fmt: skip
    for clock in (room.own, room.database):
        clock.advance(2 * HOUR_MS)
    return room


def statuses(room: Room) -> list[str]:
    return [row["status"] for row in room.tables.reservation.values()]


async def test_a_hold_ends_again_where_it_ended() -> None:
    for before in (DecidedBefore([(0, T0), (2, T0 + HOUR_MS), (4, None)]), DecidedBefore([(0, BY_THE_LOG), (4, None)])):
        room = await resold()
        await settle(await desk_after_a_restore(room, before))
        assert statuses(room) == [ReservationStatus.EXPIRED, ReservationStatus.HELD]


async def test_by_its_own_clock_it_would_not() -> None:
    room = await resold()
    await settle(await desk_after_a_restore(room, DecidedBefore()))
    assert statuses(room) == [ReservationStatus.HELD]


async def test_a_batch_has_one_moment_and_the_last_one_is_our_own() -> None:
    room = Room()
    room.say(*(hold(n, n) for n in range(1, 5)))
    room.own.advance(HOUR_MS)
    room.database.advance(HOUR_MS)
    await settle(await desk_after_a_restore(room, DecidedBefore([(0, T0 + 7), (2, T0 + 9), (4, None)])))
    rows = [(row["first_offset"], row["decided_at_ms"]) for row in room.tables.outcome_log.values()]
    assert rows == [(0, T0 + 7), (2, T0 + 9), (4, T0 + HOUR_MS)]
