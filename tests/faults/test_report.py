"""A line is not ok for each reason that there is, and the table holds the newest lines."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.faults.history import Line
from tests.faults.report import Report, conclude
from tests.faults.table import newest, table
from tests.faults.test_judge import HISTORY, TABLES, line
from ticketing.vocabulary import request_text

pytestmark = pytest.mark.anyio


@dataclass
class Told:
    """A scenario that went well, but for what a test changes."""

    lines: list[Line] = field(default_factory=lambda: list(HISTORY))
    tables: Any = TABLES
    verified: tuple[int, str] = (0, "all is well")
    load_per_s: float = 25.0
    verify_args: dict[str, Any] = field(default_factory=dict)

    async def report(self, resumed_s: float = 1.0, **more: Any) -> Report:
        async def tables() -> Any:
            return self.tables

        async def verify(lines: list[Line], *, replay: bool) -> tuple[int, str]:
            self.verify_args = {"lines": lines, "replay": replay}
            return self.verified

        async def finish() -> None: ...

        stage = SimpleNamespace(tables=tables, verify=verify)
        history = SimpleNamespace(lines=self.lines)
        load = SimpleNamespace(finish=finish, history=history, peak_per_s=100.0, load_per_s=self.load_per_s)
        return await conclude(
            cast(Any, stage), cast(Any, load), fault="a fault", done="once", resumed_s=resumed_s, **more
        )


async def test_what_went_well_is_ok() -> None:
    told = Told()
    report = await told.report(limit_s=1.0)
    assert (report.ok, report.wrong, report.acknowledged, report.lost, report.doubled) == (True, {}, 1, 0, 0)
    assert told.verify_args["replay"] is True


@pytest.mark.parametrize(
    ("told", "more", "reason"),
    [
        (Told(load_per_s=24.9), {}, "too little load"),
        (Told(), {"resumed_s": 5.1, "limit_s": 5.0}, "too late"),
        (Told(), {"resumed_s": float("inf")}, "never decided again"),
        (Told(verified=(1, "a seat has two owners")), {}, "onsale verify"),
        (Told(lines=HISTORY[:4]), {}, "nothing was acknowledged"),
        (Told(lines=[*HISTORY, line(3, 1, "hold", "unknown", status=503, code="busy")]), {}, "503 without Retry-After"),
        (Told(lines=[*HISTORY, line(3, 1, "hold", "unknown", code="unreachable")]), {}, "undecided"),
        (Told(), {"wrong": {"it rained": True}}, "it rained"),
    ],
)
async def test_a_line_says_why_it_is_not_ok(told: Told, more: dict[str, Any], reason: str) -> None:
    report = await told.report(**more)
    assert not report.ok
    assert reason in report.wrong


async def test_what_went_with_a_lost_tail_is_good_where_the_same_key_was_answered_elsewhere() -> None:
    outcomes = {place: told for place, told in TABLES.outcomes.items() if place != (3, 0, 9)}
    told = Told(tables=type(TABLES)(TABLES.reservations, outcomes))
    assert "no outcome" in (await told.report()).wrong
    report = await told.report(tail_lost=True)
    assert (report.ok, report.details["unanswered_retried"]) == (True, 1)
    assert told.verify_args["replay"] is False
    assert request_text(3, 0, 9) not in {each.request for each in told.verify_args["lines"]}


def test_the_table_has_the_newest_run_of_each_scenario() -> None:
    def report(scenario: str, fault: str, at_ms: int, **more: Any) -> Report:
        return Report(scenario=scenario, fault=fault, done="once", at_ms=at_ms, **more)

    old = [report("network", "road one", 1), report("network", "road two", 1), report("kills", "kill", 1)]
    new = [report("network", "road one", 2, resumed_s=1.5, ok=True), report("network", "road two", 2)]
    assert [(each.fault, each.at_ms) for each in newest([*old, *new])] == [
        ("road one", 2),
        ("road two", 2),
        ("kill", 1),
    ]
    rows = table(newest([*old, *new])).splitlines()[2:]
    assert "**1.50**" in rows[0]
    assert "never" in rows[1]
    assert "**no**" in rows[1]
