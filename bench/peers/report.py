"""Writes the figures of the last run into docs/comparison.md: `python -m bench.peers.report`."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measuring import RESULTS
from bench.report import END, Line, last_runs, rewrite

PAGE = Path(__file__).resolve().parents[2] / "docs" / "comparison.md"
BEGIN = "<!-- figures: python -m bench.peers.report -->"
BENCH = "peers"
SERVERS = {"onsale": ("postgres", "redis", "kafka"), "pretix": ("postgres", "redis")}
"""Kafka is nothing of pretix'."""


def page_text(lines: Sequence[Line]) -> str:
    """A run: its conditions in a sentence, a row for each case and shop, and what the tables said."""
    first = lines[0]
    at = datetime.fromtimestamp(first["at_ms"] / 1000, UTC)
    rounds = len(first["rounds"])
    quick = first["jvm_warm_s"] == 0
    options = " ARGS=--quick" if quick else f' ARGS="--rounds {rounds}"'
    text = [
        f"`make peers{options}`, {at:%Y-%m-%d %H:%M} UTC: {first['cores']} cores, Python {first['python']}, pretix "
        f"{first['pretix']} with {first['pretix_web_workers']} web workers, Postgres {first['postgres']}, Kafka "
        f"{first['kafka']}, {rounds} alternating round{'s' if rounds > 1 else ''}.",
        *(["", "A quick run: it shows that both run and are counted, and judges nothing."] if quick else []),
        "",
        "| case | shop | sold/s | p50 / p99, ms | refused/s | p50 / p99, ms | times | CPU us a buyer, servers' "
        "| foreign load, cores |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    by_case = {(line["stock"], line["clients"], line["shop"], line["what"]): line for line in lines if "stock" in line}
    for stock, clients, shop in dict.fromkeys(key[:3] for key in by_case):
        sold, refused = (by_case[stock, clients, shop, what] for what in ("sold", "refused"))
        times = by_case.get((stock, clients, shop, "times"))
        cells = (
            f"last {stock:,}, {clients} clients",
            shop,
            f"**{_short(sold['value'])}** ({_range(sold['rounds'])})",
            f"{_short(sold['p50_ms'])} / {_short(sold['p99_ms'])}",
            f"{_short(refused['value'])} ({_range(refused['rounds'])})",
            f"{_short(refused['p50_ms'])} / {_short(refused['p99_ms'])}",
            _short(times["value"]) if times else "",
            f"{_cpu_us(sold, sold['processes'])}, {_cpu_us(sold, SERVERS[shop])}",
            _range(sold["foreign_cores"]),
        )
        text.append(f"| {' | '.join(cells)} |")
    text.append("")
    text += [
        f"{line['shop']}: {line['trials']} trials, {line['sold_beyond_stock']} places sold beyond the stock, "
        f"{line['value']:.0f} contradictions between the tables and what buyers were told, {line['unsettled']} buyers "
        "without a clear answer."
        for line in lines
        if line["what"] == "contradictions"
    ]
    return "\n".join(text)


def _cpu_us(line: Line, names: Iterable[str]) -> str:
    return _short(sum(line["cpu_us"].get(name, 0.0) for name in names))


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _range(values: Sequence[float]) -> str:
    return f"{_short(min(values))}–{_short(max(values))}"


def last_run(path: Path) -> list[Line]:
    """The lines of the newest run. Raises KeyError where there is none."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().splitlines()]
    return last_runs(lines)[BENCH]


def main() -> int:
    """The exit code."""
    rewrite(PAGE, BEGIN, END, page_text(last_run(RESULTS)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
