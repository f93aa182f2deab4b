"""A sale decided by real desks is decided again: the same, outcome by outcome, and each difference is seen."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from allocator.answer import Moment
from allocator.seating import DECIDER_VERSION, decide
from allocator.stock import PartitionState
from onsale.verify.findings import Check
from tests.simulation import picture
from tests.simulation.crowd import SHOWS
from tests.simulation.memory_rows import Row
from tests.unit.allocator.desk_room import Room, hold, release, settle
from tests.unit.onsale.past_sale import PastSale, crowded_room, past_sale
from ticketing.messages import AnyCommand, AnyOutcome, CommandRejected, HoldExpired, HoldRefused, SeatsHeld

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", range(12))
async def test_a_log_decided_again_gives_the_same_outcomes_and_the_same_stock(seed: int) -> None:
    room = await crowded_room(seed)
    sale = past_sale(room)
    again = sale.replay()
    assert [found.what for check in Check for found in sale.findings.examples[check]] == []
    assert again.commands == len(sale.records) > 300
    assert picture.of_stock(again.state) == picture.of_tables(room.tables, 0)
    (covered,) = sale.replayed.ranges
    assert (covered.first_offset, covered.next_offset, covered.why_not) == (0, len(sale.records), "")


async def test_the_stories_of_the_test_hold_everything_that_matters() -> None:
    sale = past_sale(await crowded_room(1))
    assert {code for code, _ in sale.dead.values()} == {"malformed", "data_refused"}
    for kind in (SeatsHeld, HoldRefused, HoldExpired):
        assert sale.find(kind)


def another_expiry_is_recorded(sale: PastSale) -> int:
    number, at = sale.find(SeatsHeld)
    held = sale.outcomes(number)[at]
    assert isinstance(held, SeatsHeld)
    later = msgspec.structs.replace(held.reservation, expires_at_ms=held.reservation.expires_at_ms + 1)
    return sale.change(SeatsHeld, reservation=later)


def a_refusal_is_recorded_as_another(sale: PastSale) -> int:
    return sale.change(HoldRefused, code="sold_out_by_hand")


def a_verdict_is_recorded_that_was_never_given(sale: PastSale) -> int:
    number, at = sale.find(HoldRefused)
    outcomes = sale.outcomes(number)
    offset = outcomes[at].offset
    outcomes.insert(at, msgspec.structs.replace(outcomes[at], index=1))
    sale.record_otherwise(number, outcomes)
    return offset


def a_verdict_is_not_recorded(sale: PastSale) -> int:
    number, at = sale.find(HoldExpired)
    outcomes = sale.outcomes(number)
    offset = outcomes.pop(at).offset
    sale.record_otherwise(number, outcomes)
    return offset


def a_command_reads_otherwise(sale: PastSale) -> int:
    number, at = sale.find(SeatsHeld)
    offset = sale.outcomes(number)[at].offset
    sale.records[offset] = replace(sale.records[offset], value=sale.records[offset + 1].value)
    return offset


def a_batch_was_decided_at_another_time(sale: PastSale) -> int:
    number, at = sale.find(SeatsHeld)
    batch = sale.batches[number - 1]
    sale.batches[number - 1] = replace(batch, decided_at_ms=batch.decided_at_ms + 3_600_000)
    return sale.outcomes(number)[at].offset


@pytest.mark.parametrize(
    "breakage",
    [
        another_expiry_is_recorded,
        a_refusal_is_recorded_as_another,
        a_verdict_is_recorded_that_was_never_given,
        a_verdict_is_not_recorded,
        a_command_reads_otherwise,
        a_batch_was_decided_at_another_time,
    ],
)
async def test_a_difference_is_named_by_part_batch_and_offset(breakage: Callable[[PastSale], int]) -> None:
    sale = past_sale(await crowded_room(2))
    offset = breakage(sale)
    sale.replay()
    first = sale.findings.examples[Check.REPLAY][0]
    assert first.where.startswith("part 0 batch ")
    assert first.where.endswith(f" offset {offset}")
    assert first.what.startswith("recorded ")
    assert "; decided again " in first.what


async def test_both_outcomes_are_told_and_where_they_differ() -> None:
    sale = past_sale(await crowded_room(2))
    another_expiry_is_recorded(sale)
    sale.replay()
    told = sale.findings.examples[Check.REPLAY][0].what
    assert told.count("SeatsHeld rsv_") == 2
    assert "they differ in reservation.expires_at_ms" in told


async def test_what_another_decider_would_have_decided_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sale that was decided by rules which are not ours any more, under the same version number."""

    def generous(state: PartitionState, command: AnyCommand, moment: Moment) -> list[AnyOutcome]:
        return decide(state, command, msgspec.structs.replace(moment, decided_at_ms=moment.decided_at_ms + 60_000))

    with monkeypatch.context() as rules:
        rules.setattr("allocator.service.decide", generous)
        sale = past_sale(await crowded_room(6))
    sale.replay()
    holds = [found.what for found in sale.findings.examples[Check.REPLAY] if "SeatsHeld" in found.what]
    assert len(holds) > 1
    assert all("expires_at_ms" in what for what in holds)


def a_dead_letter_is_gone(sale: PastSale) -> None:
    del sale.dead[next(iter(sale.dead))]


def a_dead_letter_holds_another_record(sale: PastSale) -> None:
    here = next(iter(sale.dead))
    sale.dead[here] = sale.dead[here][0], bytes(32)


def a_dead_letter_has_another_code(sale: PastSale) -> None:
    here = next(iter(sale.dead))
    sale.dead[here] = "internal_error", sale.dead[here][1]


def a_granted_hold_is_a_dead_letter_too(sale: PastSale) -> None:
    number, at = sale.find(SeatsHeld)
    sale.dead[0, sale.outcomes(number)[at].offset] = "malformed", bytes(32)


def a_hold_is_rejected_by_hand(sale: PastSale) -> None:
    """By force, as the store's refusals are: an input of the replay, so only the dead letter can give it away."""
    number, at = sale.find(HoldRefused)
    outcomes = sale.outcomes(number)
    old = outcomes[at]
    outcomes[at] = CommandRejected(
        show=old.show, seq=old.seq, at_ms=old.at_ms, offset=old.offset, key=old.key, account=old.account,
        code="data_refused",
    )  # fmt: skip
    sale.record_otherwise(number, outcomes)


@pytest.mark.parametrize(
    "breakage",
    [
        a_dead_letter_is_gone,
        a_dead_letter_holds_another_record,
        a_dead_letter_has_another_code,
        a_granted_hold_is_a_dead_letter_too,
        a_hold_is_rejected_by_hand,
    ],
)
async def test_a_dead_letter_that_does_not_fit_is_seen(breakage: Callable[[PastSale], None]) -> None:
    sale = past_sale(await crowded_room(3))
    breakage(sale)
    sale.replay()
    assert Check.DEAD_LETTER in sale.findings.failed


async def test_what_can_never_have_happened_ends_the_replay_and_is_told() -> None:
    sale = past_sale(await crowded_room(2))
    number, _ = sale.find(SeatsHeld)
    strange = [msgspec.structs.replace(one, show=4711) for one in sale.outcomes(number) if isinstance(one, SeatsHeld)]
    sale.record_otherwise(number, list(strange))
    sale.replay()
    assert "cannot have happened" in sale.findings.examples[Check.REPLAY][-1].what
    assert sale.replayed.ranges[-1].why_not.startswith("what was recorded cannot have happened")


@pytest.mark.parametrize("seed", range(8))
async def test_a_log_that_kept_only_its_end_is_decided_again_from_there(seed: int) -> None:
    room = await crowded_room(seed)
    cut = next(row for row in room.tables.outcome_log.values() if row["batch_seq"] >= 30 and _records(row) > 1)
    room.commands.lose_head(cut["first_offset"] + 1)
    sale = past_sale(room)
    again = sale.replay()
    assert [found.what for found in sale.findings.examples[Check.REPLAY]] == []
    gone, covered = sale.replayed.ranges
    assert (gone.first_offset, gone.why_not) == (0, "the log no longer has them")
    assert (covered.first_offset, covered.next_offset) == (cut["next_offset"], room.commands.end)
    assert 0 < again.commands == covered.next_offset - covered.first_offset
    assert picture.of_stock(again.state) == picture.of_tables(room.tables, 0)


async def test_batches_of_another_decider_are_taken_as_they_are() -> None:
    sale = past_sale(await crowded_room(4))
    sale.batches[:30] = [replace(batch, decider_version=0) for batch in sale.batches[:30]]
    sale.change(HoldRefused, code="decided_otherwise_then")
    sale.replay()
    assert sale.findings.total == 0
    why_not = f"decided by version 0, this is version {DECIDER_VERSION}"
    assert [covered.why_not for covered in sale.replayed.ranges] == [why_not, ""]


async def test_a_lost_tail_is_told_and_what_came_after_it_is_compared() -> None:
    room = Room()
    room.say(hold(1, 1), hold(2, 2), hold(3, 3))
    await settle(await room.desk())
    room.commands.lose_tail(2)
    room.say(release(1), hold(4, 1))
    room.commands.lose_tail(1)
    desk = await room.successor()
    room.say(hold(5, 5), hold(2, 2), hold(6, 1))
    await settle(desk)
    sale = past_sale(room)
    again = sale.replay()
    assert sale.findings.total == 0, sale.findings.examples[Check.REPLAY]
    assert [(covered.log_gen, covered.first_offset, covered.why_not) for covered in sale.replayed.ranges] == [
        (0, 0, "lost with the log of an earlier generation"),
        (1, 3, ""),
    ]
    assert again.commands == 3
    assert picture.of_stock(again.state) == picture.of_tables(room.tables, 0)


async def test_one_show_is_decided_again_without_the_others() -> None:
    sale = past_sale(await crowded_room(5))
    again = sale.replay(only_show=SHOWS[1])
    assert sale.findings.total == 0
    assert set(again.state.shows) == {SHOWS[1]}
    assert 0 < again.commands < len(sale.records)
    assert again.state.last_now_ms == sale.replay().state.last_now_ms


def _records(row: Row) -> int:
    return int(row["next_offset"] - row["first_offset"])
