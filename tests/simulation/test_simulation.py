"""Whole sales from seeds: nothing lost, nothing sold twice, whatever dies when; and the checker can tell."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.simulation import campaign
from tests.simulation.checker import check, lives
from tests.simulation.crowd import SHOWS
from tests.simulation.memory_log import MemoryRecord
from tests.simulation.mutants import MUTANTS, UncheckedTables, a_blind_spot
from tests.simulation.world import COMMANDS_MIN, FAULTS_MIN, PART, World
from ticketing.vocabulary import ReservationStatus

SEEDS = 500
MUTANT_SEEDS = 25
MUST_BE_MET = (
    "command: HoldSeats",
    "command: ExtendHold",
    "command: ReleaseHold",
    "command: ConfirmBooking",
    "command: CancelBooking",
    "command: ExpireHolds",
    "command: OpenShow",
    "command: CloseShow",
    "command: unreadable",
    "outcome: SeatsHeld",
    "outcome: SeatsHeld, repeated",
    "outcome: HoldRefused seats_unavailable",
    "outcome: HoldRefused seats_unavailable, repeated",
    "outcome: HoldRefused sold_out",
    "outcome: HoldRefused already_yours",
    "outcome: HoldExpired",
    "outcome: BookingConfirmed",
    "outcome: BookingConfirmed, repeated",
    "outcome: BookingCancelled",
    "outcome: CommandRejected idempotency_key_reused",
    "outcome: CommandRejected data_refused",
    "crash: apply.sent",
    "crash: apply.done",
    "crash: publish.sent",
    "crash: publish.done",
    "crash: claim.done",
    "crash: load.sent",
    "broken: apply.sent",
    "broken: apply.done",
    "late batch: refused",
    "late batch: taken",
    "records recalled",
    "fault: log lost its tail",
    "fault: log lost its head",
    "fault: clock of broker",
    "log lost",
)


def test_sales_end_right_whatever_goes_wrong() -> None:
    report = campaign.run(range(SEEDS))
    assert report.seeds == SEEDS
    assert report.lines() == []
    met = {name: report.counts[name] for name in MUST_BE_MET}
    assert {name: count for name, count in met.items() if count < 10} == {}


def test_a_seed_is_the_same_sale_each_time() -> None:
    first, again = (campaign.play(77)[0] for _ in range(2))
    assert [it.batch.chain for it in first.committed] == [it.batch.chain for it in again.committed]
    assert first.counts == again.counts
    assert campaign.play(78)[0].counts != first.counts


def test_every_sale_is_long_and_has_its_troubles() -> None:
    for seed in range(20):
        world, _ = campaign.play(seed)
        assert len(world.crowd.sent) + world.log.end >= COMMANDS_MIN
        assert sum(count for name, count in world.counts.items() if name.startswith("fault")) >= FAULTS_MIN
        statuses = {row["status"] for row in world.tables.reservation.values()}
        assert statuses and ReservationStatus.HELD not in statuses


@pytest.mark.parametrize("rule", MUTANTS)
def test_a_missing_rule_is_caught(rule: str) -> None:
    caught = 0
    for seed in range(MUTANT_SEEDS):
        world = MUTANTS[rule](seed)
        try:
            caught += bool(check(world.run()))
        except (AssertionError, KeyError):
            caught += 1  # so wrong that the sale cannot even be told to its end
    assert caught >= MUTANT_SEEDS // 3


def test_a_wrong_decision_is_stopped_and_seen_where_it_is_not() -> None:
    with a_blind_spot(nobody_looks_again=False):
        assert any("was decided about" in problem for seed in range(8) for problem in World(seed).run().problems)
    with a_blind_spot(nobody_looks_again=True):
        # The oracle has the same bug, and the tables look at nothing: only the lives of the seats tell.
        assert any(_sold_twice(World(seed, make_tables=UncheckedTables)) for seed in range(12))


def _sold_twice(world: World) -> bool:
    with suppress(KeyError):
        world.run()
    return any(problem.startswith(("seat 0 of", "seat 1 of", "seat 2 of")) for problem in lives(world))


SPOILT: dict[str, Callable[[World], None]] = {
    "seat_taken": lambda world: next(iter(world.tables.seat_taken.values())).update(reservation_id=b"x" * 16),
    "reservation": lambda world: next(iter(world.tables.reservation.values())).update(version=99),
    "show": lambda world: world.tables.show[PART, SHOWS[0]].update(seq=1),
    "area": lambda world: world.tables.area[PART, SHOWS[0], 0].update(taken=11),
    "chain": lambda world: world.tables.outcome_log[PART, 2].update(chain=bytes(32)),
    "begins at": lambda world: world.tables.outcome_log[PART, 2].update(first_offset=0),
    "is missing": lambda world: world.tables.outcome_log[PART, 2].update(batch_seq=99),
    "cursor": lambda world: world.tables.cursor[PART].update(batch_seq=1),
    "never decided": lambda world: world.log.records.append(MemoryRecord(world.log.end, 0, b"late")),
    "decided twice": lambda world: world.committed.append(world.committed[-1]),
    "saw": lambda world: world.reader.seen.append(world.reader.seen[-1]),
    "view": lambda world: world.reader.views[SHOWS[0]].seats.__setitem__(0, 3),
    "log's time": lambda world: world.tables.cursor[PART].update(last_now_ms=0),
}


@pytest.mark.parametrize("what", SPOILT)
def test_each_check_can_fail(what: str) -> None:
    world, problems = campaign.play(1)
    assert problems == []
    SPOILT[what](world)
    assert any(what in problem for problem in check(world))
