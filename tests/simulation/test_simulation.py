"""Whole sales from seeds: nothing lost, nothing sold twice, whatever dies when; and the checker can tell."""

import ast
import inspect
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import allocator
from tests.simulation import campaign, coverage, memory_log, memory_store, world_ports
from tests.simulation.checker import check
from tests.simulation.crowd import SHOWS
from tests.simulation.memory_log import MemoryRecord
from tests.simulation.mutants import MUTANTS, caught
from tests.simulation.troubles import CRASH_POINTS
from tests.simulation.world import COMMANDS_MIN, FAULTS_MIN, World
from ticketing import having
from ticketing.problems import PROBLEMS
from ticketing.vocabulary import ReservationStatus

SEEDS = 250
PART = 0
PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"
SPOILT_SEED = 1
"""A sale over one partition."""


def test_sales_end_right_whatever_goes_wrong() -> None:
    report = campaign.run(range(SEEDS))
    assert report.seeds == SEEDS
    assert report.lines() == []
    assert (report.fewest_commands, report.fewest_faults) >= (COMMANDS_MIN, FAULTS_MIN)
    # Half of what `make sim` asks for: so few seeds may miss the rarest lines by chance.
    assert [name for name in coverage.required() if report.counts[name] < coverage.times_min(SEEDS) // 2] == []


def test_a_seed_is_the_same_sale_each_time() -> None:
    first, again = (campaign.play(77)[0] for _ in range(2))
    assert [it.batch.chain for it in first.committed] == [it.batch.chain for it in again.committed]
    assert first.counts == again.counts
    assert campaign.play(78)[0].counts != first.counts


def test_every_sale_is_long_and_has_its_troubles() -> None:
    for seed in range(20):
        world, _ = campaign.play(seed)
        assert world.crowd.asked >= COMMANDS_MIN
        assert sum(count for name, count in world.counts.items() if name.startswith("fault")) == world.faults
        assert world.faults >= FAULTS_MIN
        statuses = {row["status"] for row in world.tables.reservation.values()}
        assert statuses and ReservationStatus.HELD not in statuses


def test_a_sale_without_its_troubles_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "FAULTS_MIN", 1_000)
    assert "faults are too few" in campaign.play(1)[1][-1]


@pytest.mark.parametrize("rule", MUTANTS)
def test_a_missing_rule_is_noticed(rule: str) -> None:
    assert caught(rule) is not None


def test_the_page_names_every_missing_rule() -> None:
    rows = re.findall(r"^\| (with[^|]*) \| (\d+) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [(name, str(mutant.seeds)) for name, mutant in MUTANTS.items()]


# --- what a campaign must meet


def test_the_crash_points_are_all_that_a_desk_can_stand_at() -> None:
    points = set()
    for module in (memory_store, memory_log, world_ports):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value.endswith((".sent", ".done"))
            ):
                points.add(node.value)
    assert points == set(CRASH_POINTS)


def test_the_refusals_are_all_that_an_allocator_can_give() -> None:
    said = {
        node.value
        for package in (allocator, having)
        for path in Path(inspect.getfile(package)).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in PROBLEMS
    }
    assert said == {code for codes in coverage.REFUSALS.values() for code in codes} | set(coverage.NEVER)


def test_what_was_met_too_rarely_fails_a_campaign_and_so_does_what_cannot_be_met_and_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(coverage.NOT_YET, "RefundDue", "nobody would pay")
    met = Counter({name: coverage.TIMES_MIN for name in coverage.required()})
    assert coverage.missing(met, coverage.SEEDS) == []
    rare = met - Counter({"crash: apply.sent": 1})
    assert coverage.missing(rare, coverage.SEEDS) == ["crash: apply.sent: 99 times, 100 at least"]
    assert coverage.missing(rare, coverage.SEEDS // 2) == []
    unheard_of = met + Counter({"outcome: RefundDue": 1})
    assert coverage.missing(unheard_of, coverage.SEEDS) == ["outcome: RefundDue is given now: take it off the list"]


# --- the judges


SPOILT: dict[str, Callable[[World], None]] = {
    "seat_taken": lambda world: next(iter(world.tables.seat_taken.values())).update(reservation_id=b"x" * 16),
    "reservation": lambda world: next(iter(world.tables.reservation.values())).update(version=99),
    "show": lambda world: world.tables.show[PART, SHOWS[0]].update(seq=1),
    "area": lambda world: world.tables.area[PART, SHOWS[0], 0].update(taken=11),
    "chain": lambda world: world.tables.outcome_log[PART, 2].update(chain=bytes(32)),
    "begins at": lambda world: world.tables.outcome_log[PART, 2].update(first_offset=0),
    "is missing": lambda world: world.tables.outcome_log[PART, 2].update(batch_seq=99),
    "cursor": lambda world: world.tables.cursor[PART].update(batch_seq=1),
    "never decided": lambda world: world.logs[PART].records.append(MemoryRecord(world.logs[PART].end, 0, b"late")),
    "decided twice": lambda world: world.committed.append(world.committed[-1]),
    "was confirmed, and is lost": lambda world: _first_booking(world).update(status="released"),
    "saw": lambda world: world.reader.seen.append(world.reader.seen[-1]),
    "view": lambda world: world.reader.views[SHOWS[0]].seats.__setitem__(0, 3),
    "log's time": lambda world: world.tables.cursor[PART].update(last_now_ms=0),
}


def _first_booking(world: World) -> dict[str, object]:
    return next(row for row in world.tables.reservation.values() if row["status"] == ReservationStatus.BOOKED)


@pytest.mark.parametrize("what", SPOILT)
def test_each_check_can_fail(what: str) -> None:
    world, problems = campaign.play(SPOILT_SEED, lambda seed: World(seed, partitions=1))
    assert problems == []
    SPOILT[what](world)
    assert any(what in problem for problem in check(world))
