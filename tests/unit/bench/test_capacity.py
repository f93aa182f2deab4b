"""What a sale needs follows from what one of each costs, and from nothing that was not measured."""

import json
from typing import Any

import pytest

from bench.capacity import RUSHES, UNITS, Figures, NoFigure, Rush, needs, page
from bench.measuring import RESULTS

MEASURED: dict[str, Any] = {"at_ms": 1, "jvm_warm_s": 60, "value": 100.0}
COSTS = {"waiting_room": 200.0, "ingress": 80.0, "allocator": 20.0, "notifier": 10.0, "postgres": 15.0, "kafka": 5.0}


def lines(**changed: Any) -> list[dict[str, Any]]:
    cases = {(bench, case) for bench, case, _ in UNITS.values()}
    cases |= {("sockets", "each of 10000 idle sockets"), ("room", "1000000 people in line, Redis")}
    cases |= {("big", "most memory of an allocator")}
    cases |= {("stages", f"{name}: CPU for each request at 2 workers against 1") for name in ("ingress", "allocator")}
    return [
        MEASURED | {"bench": bench, "case": case, "cpu_us": COSTS | {"redis": 10.0}} | changed for bench, case in cases
    ]


def figures(**changed: Any) -> Figures:
    return Figures(lines(**changed))


def test_cores_are_what_a_second_brings_times_what_one_costs_and_processes_have_a_spare() -> None:
    found = needs(Rush("many", "", {"holds": 10_000, "joins": 1_000}, people=2_000_000), figures())
    assert found.cores["ingress"] == pytest.approx(0.8)
    assert found.cores["waiting_room"] == pytest.approx(0.2)
    assert found.cores["postgres"] == pytest.approx(10_000 * 15e-6 + 1_000 * 15e-6)
    assert found.processes == {"ingress": 3, "waiting_room": 2, "allocator": 2}
    assert found.memory_mb["redis"] == pytest.approx(200)


def test_sockets_need_processes_however_little_is_said_to_them() -> None:
    found = needs(Rush("quiet", "", {"frames": 1}, sockets=95_000), figures())
    assert found.processes["notifier"] == 11
    assert found.cores_kept < 10  # they share cores
    assert found.memory_mb["notifier"] == pytest.approx(11 * 120 + 95_000 * 100 / 1_000)


def test_a_hold_that_is_lost_costs_ingress_what_a_granted_one_costs() -> None:
    found = needs(Rush("vain", "", {"losses": 10_000}), figures())
    assert found.cores["ingress"] == pytest.approx(0.8)


def test_a_bench_that_was_only_run_quickly_gives_no_figure() -> None:
    with pytest.raises(NoFigure, match="no whole run of bench room"):
        needs(RUSHES[0], figures(quick=True))


def test_a_quick_run_does_not_hide_the_whole_one_before_it() -> None:
    both = Figures([*lines(), *lines(quick=True, at_ms=2, cpu_us={}, value=1e9)])
    assert needs(RUSHES[1], both) == needs(RUSHES[1], figures())


def test_the_page_names_each_rush_and_each_cost() -> None:
    text = page(figures())
    assert all(f"## {rush.name}" in text and rush.why in text for rush in RUSHES)
    assert all(f"| {kind} |" in text for kind in UNITS)


def test_the_figures_that_are_kept_are_enough() -> None:
    """A bench whose cases have new names is found here, and not when somebody wants the page."""
    assert "## A million sockets" in page(Figures(json.loads(line) for line in RESULTS.read_text().splitlines()))
