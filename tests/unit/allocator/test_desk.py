"""The desk of one partition: what it settles, in which batches, at what time."""

import msgspec
import pytest

from allocator import stock
from allocator.caution import RECORDS_MAX
from allocator.netting import next_chain, tail_hash
from allocator.ports import Publication
from allocator.service import DECIDING_S_MAX
from tests.simulation.crowd import opening
from tests.unit.allocator.desk_room import SHOW, T0, Room, hold, release, settle
from ticketing import messages
from ticketing.messages import decode_outcomes


async def test_what_is_queued_is_one_batch_published_after_its_commit() -> None:
    room = Room()
    room.say(hold(1, 1), hold(2, 1), b"garbage")
    desk = await room.desk()
    await settle(desk)
    (row,) = room.tables.outcome_log.values()
    (publication,) = room.published
    assert publication == Publication(0, 0, 1, "history", T0, row["payload"])
    assert [type(outcome).__name__ for outcome in decode_outcomes(row["payload"])] == [
        "ShowOpened",
        "SeatsHeld",
        "HoldRefused",
        "CommandRejected",
    ]
    assert [outcome.offset for outcome in room.outcomes()] == [0, 1, 2, 3]
    assert row["chain"] == next_chain(bytes(32), row["payload"])
    last = room.commands.records[-1]
    cursor = room.tables.cursor[0]
    assert (cursor["next_offset"], cursor["tail_hash"]) == (4, tail_hash(last.timestamp_ms, last.value))
    assert (desk.published_seq, cursor["published_seq"]) == (1, 0)


async def test_a_malformed_record_is_a_dead_letter_with_an_outcome_and_the_rest_goes_on() -> None:
    room = Room()
    room.say(b"\x00garbage", hold(1, 1))
    await settle(await room.desk())
    assert list(room.tables.dead_letter.values()) == [
        {"part": 0, "log_gen": 0, "log_offset": 1, "code": "malformed", "raw": b"\x00garbage"}
    ]
    malformed = room.outcomes()[1]
    assert isinstance(malformed, messages.CommandRejected)
    assert (malformed.code, malformed.offset, malformed.key) == ("malformed", 1, b"")
    assert (room.heard.dead, len(room.tables.seat_taken)) == ([1], 1)


async def test_a_show_whose_layout_is_nowhere_is_refused_and_the_rest_goes_on() -> None:
    room = Room()
    room.say(msgspec.structs.replace(opening(SHOW + 1, T0), key=b"k" * 16, layout_sha256=bytes(32)), hold(1, 1))
    await settle(await room.desk())
    refused, held = room.outcomes()[-2:]
    assert isinstance(refused, messages.CommandRejected) and refused.code == "layout_mismatch"
    assert isinstance(held, messages.SeatsHeld)


async def test_a_batch_is_cut_at_two_thousand_records() -> None:
    room = Room()
    room.say(*[b"?"] * (RECORDS_MAX + 10))
    await settle(await room.desk())
    assert [row["next_offset"] for row in room.tables.outcome_log.values()] == [RECORDS_MAX, RECORDS_MAX + 11]


async def test_a_batch_is_cut_after_fifty_milliseconds_of_deciding() -> None:
    room = Room()
    room.say(*(hold(n, n) for n in range(1, 10)))

    def slow() -> float:
        room.elapsed_s += DECIDING_S_MAX / 4
        return room.elapsed_s

    room.meter = slow
    await settle(await room.desk())
    assert len(room.tables.outcome_log) > 1
    assert len(room.outcomes()) == 10


async def test_a_batch_whose_time_is_over_but_for_a_rounding_error_is_full() -> None:
    began_s, nearly_s = 2.0**30, 209_715 * 2.0**-22
    assert nearly_s < DECIDING_S_MAX and began_s + DECIDING_S_MAX == began_s + nearly_s
    room = Room()
    times = iter([began_s])
    room.meter = lambda: next(times, began_s + nearly_s)
    desk = await room.desk()
    await settle(desk)
    room.say(hold(1, 1), hold(2, 2))
    times = iter([began_s])
    assert not await desk.gather(0)
    assert desk.is_full and not desk.is_empty


async def test_a_batch_is_cut_by_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allocator.netting.PACKED_BYTES_MAX", 300)
    monkeypatch.setattr("allocator.service.PACKED_AT_ONCE", 1)
    room = Room()
    room.say(*(hold(n, n) for n in range(1, 10)))
    await settle(await room.desk())
    assert len(room.tables.outcome_log) > 2
    assert all(len(row["payload"]) < 600 for row in room.tables.outcome_log.values())


async def test_while_one_batch_is_being_settled_the_next_is_decided_over_it() -> None:
    room = Room()
    room.say(hold(1, 1))
    desk = await room.desk()
    await desk.gather(0)
    first = desk.seal()
    room.say(hold(2, 1), release(1))
    await desk.gather(0)
    assert not desk.is_empty
    await desk.settle(first)
    await desk.settle(desk.seal())
    assert [type(outcome).__name__ for outcome in room.outcomes()][1:] == ["SeatsHeld", "HoldRefused", "HoldReleased"]
    assert room.tables.cursor[0]["published_seq"] == 1
    assert desk.published_seq == 2


async def test_a_batch_is_cut_before_a_question_about_a_forgotten_reservation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "RECALLED_MAX", 2)
    room = Room()
    room.say(*(command for n in range(1, 6) for command in (hold(n, n), release(n))))
    room.say(hold(9, 9), hold(1, 1), release(2))
    desk = await room.desk()
    await settle(desk)
    rows = list(room.tables.outcome_log.values())
    assert [row["next_offset"] for row in rows] == [12, 14]
    held, released = room.outcomes()[-2:]
    assert isinstance(held, messages.SeatsHeld) and isinstance(released, messages.HoldReleased)
    assert held.repeat and released.repeat
    assert (held.reservation.status, released.reservation.status) == ("released", "released")
    assert len(desk.state.shows[SHOW].recalled) <= 2


async def test_a_forgotten_reservation_is_not_read_while_its_batch_may_still_be_on_the_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stock, "RECALLED_MAX", 1)
    room = Room()
    room.say(hold(1, 1), release(1), hold(2, 2), release(2))
    desk = await room.desk()
    await desk.gather(0)
    batch = desk.seal()
    room.say(hold(1, 1))
    await desk.gather(0)
    assert desk.is_empty
    await desk.settle(batch)
    await settle(desk)
    assert room.outcomes()[-1].repeat


@pytest.mark.parametrize("ahead_ms", [-3_600_000, 0, 3_600_000])
async def test_its_own_time_is_never_ahead_of_the_databases(ahead_ms: int) -> None:
    room = Room()
    room.own.advance(ahead_ms)
    desk = await room.desk()
    for n in range(1, 4):
        room.say(hold(n, n))
        await settle(desk)
        for clock in (room.database, room.broker, room.own):
            clock.advance(2_000)
        room.elapsed_s += 2.0
    rows = list(room.tables.outcome_log.values())
    assert [row["decided_at_ms"] for row in rows] == [T0 + n * 2_000 + min(0, ahead_ms) for n in range(3)]
    expires = [row["expires_at_ms"] for row in room.tables.reservation.values()]
    assert max(expires) <= T0 + 4_000 + 30_000
