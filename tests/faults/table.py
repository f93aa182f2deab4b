"""Keeps the lines of `make faults`; `python -m tests.faults.table` writes the newest into docs/reliability.md."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench.report import rewrite
from tests.faults.report import Report
from tests.faults.rooms import ROOT

RESULTS = Path(__file__).with_name("results.jsonl")
BEGIN, END = "<!-- what was seen: python -m tests.faults.table -->", "<!-- end of what was seen -->"


def keep(report: Report, results: Path = RESULTS) -> str:
    """Append the line to the results, and return it."""
    line = report.line()
    with results.open("a") as kept:
        kept.write(line + "\n")
    return line


def newest(reports: Iterable[Report]) -> list[Report]:
    """Of each scenario the lines of its newest run, in the order in which the scenarios were first played."""
    runs: dict[str, list[Report]] = {}
    for report in reports:
        kept = runs.setdefault(report.scenario, [])
        if kept and kept[0].at_ms != report.at_ms:
            kept.clear()
        kept.append(report)
    return [report for run in runs.values() for report in run]


def table(reports: Iterable[Report]) -> str:
    """A row for each line."""
    text = [
        "| word | what was done | peak, load | s | at most | acknowledged | lost | doubled | also seen | ok | UTC |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for report in reports:
        at = datetime.fromtimestamp(report.at_ms / 1000, UTC)
        cells = (
            f"`{report.scenario}`",
            f"{report.fault}: {report.done}",
            f"{report.peak_per_s:.0f}, {report.load_per_s:.0f}",
            "never" if report.resumed_s is None else f"**{report.resumed_s:.2f}**",
            "" if report.limit_s is None else f"{report.limit_s:g}",
            f"{report.acknowledged:,}",
            str(report.lost),
            str(report.doubled),
            "; ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in report.details.items()),
            "yes" if report.ok else f"**no**: {', '.join(report.wrong)}",
            f"{at:%Y-%m-%d %H:%M}",
        )
        text.append(f"| {' | '.join(cells)} |")
    return "\n".join(text)


def machines(reports: Iterable[Report]) -> str:
    """What they ran on, in a sentence for each machine."""
    said = {
        f"{on['cores']} cores, Python {on['python']}, kernel {on['kernel']}, seed {on['seed']}": None
        for on in (report.conditions for report in reports)
    }
    return "\n".join(f"On {each}." for each in said)


def _short(value: Any) -> str:
    match value:
        case dict():
            return ", ".join(f"{name} {_short(each)}" for name, each in value.items())
        case list():
            return ", ".join(_short(each) for each in value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def write(results: Path, page: Path, begin: str) -> None:
    """What was seen last, into a page, between `begin` and `END`."""
    reports = newest(msgspec.json.decode(line, type=Report) for line in results.read_bytes().splitlines())
    rewrite(page, begin, END, f"{machines(reports)}\n\n{table(reports)}")


if __name__ == "__main__":
    write(RESULTS, ROOT / "docs" / "reliability.md", BEGIN)
