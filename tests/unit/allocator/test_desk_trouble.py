"""The desk of one partition in trouble: replaced, crashed, a log that lost something, records that cannot be kept."""

import msgspec
import pytest

from allocator import stock
from allocator.answer import Moment
from allocator.errors import DataRefused, LogUnreadable, MemoryDiffers, Replaced
from tests.simulation.crowd import COSTLY_SHOW, opening
from tests.unit.allocator.desk_room import T0, Room, hold, release, settle
from ticketing import messages
from ticketing.messages import AnyOutcome
from ticketing.vocabulary import REFUSALS_REMEMBERED_MS


async def test_one_that_was_replaced_leaves_and_its_successor_goes_on_where_it_stood() -> None:
    room = Room()
    desk = await room.desk()
    await settle(desk)
    room.say(hold(1, 1))
    await desk.gather(0)
    late = desk.seal()
    other = await room.successor()
    await settle(other)
    with pytest.raises(Replaced):
        await desk.settle(late)
    assert len(room.tables.outcome_log) == 2
    # The first again, since nobody had told the table that it was published.
    assert [publication.batch_seq for publication in room.published] == [1, 1, 2]


async def test_what_was_committed_but_not_published_is_published_by_the_successor() -> None:
    room = Room()
    desk = await room.desk()
    await desk.gather(0)
    batch = desk.seal()
    assert room.tables.apply(batch) is not None  # committed, and then the process was gone
    successor = await room.successor()
    assert [publication.batch_seq for publication in room.published] == [1]
    # Told with its next renewal, also if nothing is asked for the rest of the day.
    assert successor.published_seq == 1


async def test_a_repeat_after_a_crash_gets_the_answer_that_was_refused_before() -> None:
    room = Room()
    room.say(hold(1, 1), hold(2, 1))
    await settle(await room.desk())
    room.say(release(1), hold(2, 1))
    await settle(await room.successor())
    first, again = room.outcomes()[2], room.outcomes()[4]
    assert isinstance(again, messages.HoldRefused) and isinstance(first, messages.HoldRefused)
    assert (again.repeat, again.code, again.conflicts) == (True, first.code, first.conflicts)


@pytest.mark.parametrize("behind_ms", [3_600_000, 0, -3_600_000])
async def test_the_window_of_refusals_is_read_by_the_logs_time_whatever_a_nodes_clock_says(behind_ms: int) -> None:
    room = Room()
    room.own.advance(-behind_ms)
    room.say(hold(1, 1))
    desk = await room.desk()
    await settle(desk)
    early = hold(2, 1)
    room.say(early)
    await settle(desk)
    room.broker.advance(REFUSALS_REMEMBERED_MS)
    late = [hold(n, 1) for n in range(3, 60)]
    for command in late:
        room.say(msgspec.structs.replace(command, sent_at_ms=room.broker.now_ms()))
        await settle(desk)
    successor = await room.successor()
    assert len(successor.state.refusals) == len(late)
    assert successor.state.refusals.find(early.key, room.broker.now_ms()) is None
    assert successor.state.refusals.find(late[0].key, room.broker.now_ms()) is not None


@pytest.mark.parametrize("wrong", ["own +", "own -", "broker +", "broker -", "sender +", "sender -"])
async def test_one_wrong_clock_is_not_taken_for_a_long_wait(wrong: str) -> None:
    room = Room()
    desk = await room.desk()
    await settle(desk)
    whose, sign = wrong.split()
    by_ms = 3_600_000 if sign == "+" else -3_600_000
    if whose == "own":
        room.own.advance(by_ms)
    if whose == "broker":
        room.broker.advance(by_ms)
    room.say(msgspec.structs.replace(hold(1, 1), sent_at_ms=T0 + by_ms * (whose == "sender")))
    await desk.gather(0)
    room.elapsed_s = 2.0
    room.own.advance(2_000)
    assert desk.lag_ms == (0 if wrong in {"own -", "broker +", "sender +"} else 2_000)
    batch = desk.seal()
    assert desk.lag_ms in {0, 2_000}
    await desk.settle(batch)
    assert desk.lag_ms == 0


async def test_leftover_records_of_a_full_batch_are_not_fetched_again() -> None:
    room = Room()
    room.say(*(hold(n, n) for n in range(1, 6)))
    desk = await room.desk()
    room.caution.refused(0, 4)  # batches of two until offset 4
    await desk.gather(0)
    assert desk.is_full
    room.elapsed_s = 3.0
    room.own.advance(3_000)
    assert desk.lag_ms == 3_000
    room.commands.lose_tail(6)  # what is left over was read already
    await desk.settle(desk.seal())
    await desk.gather(0)
    assert not desk.is_empty
    await desk.settle(desk.seal())
    assert room.tables.cursor[0]["next_offset"] == 4


async def test_a_gap_in_the_log_is_fatal() -> None:
    room = Room()
    room.say(hold(1, 1), hold(2, 2))
    del room.commands.records[1]
    with pytest.raises(MemoryDiffers, match="offset 1 is missing"):
        await (await room.desk()).gather(0)


async def test_a_log_that_ends_before_the_cursor_is_claimed_again_and_goes_on_at_its_end() -> None:
    room = Room()
    room.say(hold(1, 1), hold(2, 2))
    desk = await room.desk()
    await settle(desk)
    room.commands.lose_tail(2)
    with pytest.raises(LogUnreadable):
        await desk.gather(0)
    room.say(hold(3, 3))
    successor = await room.successor()
    await settle(successor)
    assert room.heard.lost == [(3, 2)]
    room.say(hold(2, 2), hold(4, 4))
    await settle(successor)
    assert {row["log_gen"] for row in room.tables.outcome_log.values()} == {0, 1}
    assert room.outcomes()[-2].repeat  # it had been decided before it was lost
    assert sorted(row["seat_no"] for row in room.tables.seat_taken.values()) == [1, 2, 4]


async def test_a_log_with_another_record_at_the_tail_is_noticed_by_its_hash() -> None:
    room = Room()
    room.say(hold(1, 1))
    await settle(await room.desk())
    room.commands.lose_tail(1)
    room.say(hold(5, 5), hold(6, 6))
    await settle(await room.successor())
    assert room.heard.lost == [(2, 3)]
    assert room.tables.cursor[0]["log_gen"] == 1


async def test_a_tail_that_is_lost_and_grown_again_before_anybody_looks_is_noticed() -> None:
    room = Room()
    room.say(hold(1, 1), hold(2, 2))
    desk = await room.desk()
    await settle(desk)
    room.commands.lose_tail(1)
    room.say(hold(3, 3), hold(4, 4))
    with pytest.raises(LogUnreadable):
        await desk.gather(0)
    assert room.heard.lost == []  # the desk leaves; who claims next says so
    successor = await room.successor()
    assert room.heard.lost == [(3, 4)]
    room.say(hold(3, 3))
    await settle(successor)
    last = room.outcomes()[-1]
    assert isinstance(last, messages.SeatsHeld) and last.reservation.seats == (3,)
    assert [row["log_gen"] for row in room.tables.outcome_log.values()] == [0, 1]


async def test_an_interruption_that_lost_nothing_stops_nothing() -> None:
    room = Room()
    desk = await room.desk()
    room.commands.lose_tail(0)  # nothing decided yet, and then something
    await settle(desk)
    room.say(hold(1, 1))
    room.commands.lose_tail(0)
    await settle(desk)
    room.commands.lose_head(room.commands.end)  # retention may take what was decided, to the last record
    room.commands.lose_tail(0)
    room.say(hold(2, 2))
    await settle(desk)
    assert [seq for _, seq in room.tables.outcome_log] == [1, 2, 3]
    assert room.heard.lost == []


async def test_of_a_batch_decided_from_what_was_lost_nothing_is_written_twice() -> None:
    room = Room()
    desk = await room.desk()
    await settle(desk)
    room.say(hold(1, 1))
    await desk.gather(0)
    batch = desk.seal()
    room.commands.lose_tail(1)
    room.say(hold(2, 1), hold(3, 1))
    with pytest.raises(LogUnreadable):
        await desk.gather(0)
    await desk.settle(batch)  # it was on its way, and counts
    await settle(await room.successor())
    assert room.heard.lost == [(2, 3)]
    assert len(room.tables.seat_taken) == 1


async def test_a_log_that_lost_its_head_goes_on_at_its_start() -> None:
    room = Room()
    room.say(hold(1, 1), hold(2, 2), hold(3, 3))
    room.commands.lose_head(2)
    await settle(await room.desk())
    assert room.heard.lost == [(0, 2)]
    assert {outcome.offset for outcome in room.outcomes()} == {2, 3}


async def test_retention_up_to_the_cursor_is_no_loss() -> None:
    room = Room()
    room.say(hold(1, 1), hold(2, 2))
    await settle(await room.desk())
    room.commands.lose_head(3)
    await settle(await room.successor())
    assert room.heard.lost == []


async def test_a_record_that_cannot_be_kept_is_found_and_rejected_alone() -> None:
    room = Room()
    room.say(opening(COSTLY_SHOW, T0), *(hold(n, n) for n in range(1, 6)))
    room.say(hold(77, 0, 1, show=COSTLY_SHOW), *(hold(n, n) for n in range(6, 12)))
    desk, refused = await room.desk(), 0
    while True:
        try:
            await settle(desk)
            break
        except DataRefused:
            refused += 1
            assert refused < 10
            desk = await room.successor()
    assert [row["code"] for row in room.tables.dead_letter.values()] == ["data_refused"]
    rejected = next(outcome for outcome in room.outcomes() if outcome.offset == 7)
    assert isinstance(rejected, messages.CommandRejected) and rejected.code == "data_refused"
    assert len(room.tables.seat_taken) == 11


async def test_a_decision_that_raises_rejects_that_one_command_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def decide(state: stock.PartitionState, command: messages.AnyCommand, moment: Moment) -> list[AnyOutcome]:
        if isinstance(command, messages.HoldSeats) and command.seats == (2,):
            raise ZeroDivisionError
        return real(state, command, moment)

    from allocator.seating import decide as real  # noqa: PLC0415 -- the one that is replaced

    monkeypatch.setattr("allocator.service.decide", decide)
    room = Room()
    room.say(hold(1, 1), hold(2, 2), hold(3, 3))
    await settle(await room.desk())
    assert room.heard.bugs == [2]
    assert [row["code"] for row in room.tables.dead_letter.values()] == ["internal_error"]
    assert [getattr(outcome, "code", "") for outcome in room.outcomes()] == ["", "", "internal_error", ""]
