"""Writes the figures of the last run of each bench into docs/performance.md: `python -m bench.report`."""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measuring import RESULTS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- figures: python -m bench.report -->", "<!-- end of figures -->"

Line = dict[str, Any]


def last_runs(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """The lines of the newest run of each bench, by its name, in the order in which they were written."""
    runs: dict[str, list[Line]] = {}
    for line in lines:
        kept = runs.setdefault(line["bench"], [])
        if kept and kept[0]["at_ms"] != line["at_ms"]:
            kept.clear()
        kept.append(line)
    return runs


def was_quick(line: Line) -> bool:
    """Whether it is of a run that judges nothing. (Older lines say so by the broker they were measured on.)"""
    return bool(line.get("quick", line.get("jvm_warm_s") == 0))


def table(lines: list[Line]) -> str:
    """One run: its conditions in a sentence, then a row for each case."""
    first = lines[0]
    at = datetime.fromtimestamp(first["at_ms"] / 1000, UTC)
    rounds = len(first["rounds"])
    # Some questions need no servers.
    warm_s = first.get("jvm_warm_s")
    quick = " ARGS=--quick" if was_quick(first) else ""
    servers = (
        ""
        if warm_s is None
        else f", Postgres {first['postgres']}, Kafka {first['kafka']} (under load for {warm_s} s before)"
    )
    text = [
        f"`make bench BENCH={first['bench']}{quick}`, {at:%Y-%m-%d %H:%M} UTC: "
        f"{first['cores']} cores, Python {first['python']}{servers}, {rounds} round{'s' if rounds > 1 else ''}.",
        "",
        "| case | value | must | goal | | rounds | CPU us each | foreign load, cores |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for line in lines:
        cpu = ", ".join(f"{name.rpartition('.')[2]} {us:g}" for name, us in line.get("cpu_us", {}).items() if us >= 1)
        cells = (
            line["case"],
            f"**{_short(line['value'])}** {line['unit']}",
            _short(line["must"]),
            _short(line["goal"]),
            {True: "yes", False: "**no**", None: ""}[line["ok"]],
            ", ".join(_short(each) for each in line["rounds"]),
            cpu,
            _foreign(line.get("foreign_cores")),
        )
        text.append(f"| {' | '.join(cells)} |")
    return "\n".join(text)


def rewrite(page: Path, begin: str, end: str, text: str) -> None:
    """Put `text` between two marks of a page, in the place of what stood there."""
    before, _, rest = page.read_text().partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _foreign(cores: list[float] | None) -> str:
    return f"{min(cores):.1f}–{max(cores):.1f}" if cores else ""


def main() -> int:
    """The exit code."""
    lines = [json.loads(line) for line in RESULTS.read_text().splitlines()]
    # The comparison has a page and a form of its own (`bench.peers.report`).
    tables = [table(run) for name, run in last_runs(lines).items() if name != "peers"]
    rewrite(PAGE, BEGIN, END, "\n\n".join(tables))
    return 0


if __name__ == "__main__":
    sys.exit(main())
