"""What a demo says: live while it runs, and the report at its end."""

from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table

from onsale.crowd.director import LineWatch
from onsale.crowd.habits import Habit
from onsale.crowd.prober import Prober
from onsale.crowd.sale import Sale
from onsale.crowd.tally import percentile
from onsale.paying import Paid
from ticketing.money import money_text


@dataclass
class Outcome:
    """A sale while it goes on, and afterwards."""

    sale: Sale
    line: LineWatch
    prober: Prober
    rate_per_min: int
    fans: int
    elapsed_s: float = 0.0
    kills: int = 0
    restarts: dict[str, int] = field(default_factory=dict)
    paid: Paid | None = None
    verdict: dict[str, Any] = field(default_factory=dict)

    @property
    def show(self) -> str:
        return self.sale.show

    @property
    def missing_habits(self) -> list[Habit]:
        """Habits that nobody had."""
        return self.sale.tally.missing_habits()

    @property
    def longest_pause_s(self) -> float:
        """The longest time that any one command, a fan's or a probe, waited for its verdict."""
        return max(self.prober.longest_s, self.sale.tally.longest_s)

    @property
    def problems(self) -> list[str]:
        """What makes the exit code 1, in words."""
        tally, found = self.sale.tally, []
        if tally.sold + self.sale.by_hand != self.sale.places:
            found.append(f"{tally.sold + self.sale.by_hand} of {self.sale.places} places were sold")
        violations = self.verdict.get("violations", -1)
        if violations:
            failed = [name for name, check in self.verdict.get("checks", {}).items() if check["violations"]]
            found.append(f"verify: {violations} violations: {', '.join(failed)}" if failed else "verify could not run")
        if self.paid is None or not self.paid.booking:
            found.append("what was paid for became no booking")
        if tally.complaints_total:
            found.append(f"{tally.complaints_total} complaints of fans, among them: {tally.complaints[0]}")
        if self.missing_habits:
            habits = ", ".join(self.missing_habits)
            found.append(f"with {self.fans} fans nobody came to: {habits}; try more fans")
        return found

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """The report for programs. Times in seconds unless the name says `_ms`."""
        tally = self.sale.tally
        return {
            "seats": self.sale.places,
            "fans": self.fans,
            "seed": self.sale.seed,
            "by_hand": self.sale.by_hand,
            **tally.as_json(),
            "holds_per_s": round(tally.holds / self.elapsed_s, 1) if self.elapsed_s else 0.0,
            "admissions": {
                "joined": tally.joined,
                "admitted": tally.admitted,
                "ceiling_per_s": round(self.rate_per_min / 60, 1),
                **self.line.as_json(),
            },
            "longest_pause_s": round(self.longest_pause_s, 3),
            "longest_probe_s": round(self.prober.longest_s, 3),
            "longest_fan_wait_s": round(tally.longest_s, 3),
            "paid": 0 if self.paid is None or not self.paid.booking else self.paid.amount,
            "kills": self.kills,
            "restarts": self.restarts,
            "violations": self.verdict.get("violations", -1),
            "verify": self.verdict.get("read", {}),
            "elapsed_s": round(self.elapsed_s, 1),
            "problems": self.problems,
            "show": self.show,
        }


def progress(outcome: Outcome) -> RenderableType:
    """The sale at this moment."""
    tally, line = outcome.sale.tally, outcome.line
    table = Table(box=None, show_header=False, padding=(0, 3, 0, 0))
    for row in (
        ("waiting", line.waiting, "admitted", tally.admitted, "rate/s", f"{line.rate_target_per_min / 60:.0f}"),
        ("holds", tally.holds, "refused", sum(tally.refused.values()), "limited by", line.limited_by),
        ("expired", tally.expired, "given back", tally.released, "warned", tally.warnings),
        ("hold p50", f"{percentile(tally.hold_ms, 50):.0f} ms", "p99", f"{percentile(tally.hold_ms, 99):.0f} ms",
         "longest pause", f"{outcome.longest_pause_s:.1f} s"),
    ):  # fmt: skip
        table.add_row(*(f"[dim]{cell}[/dim]" if at % 2 == 0 else str(cell) for at, cell in enumerate(row)))
    bar = Table.grid(padding=(0, 2))
    bar.add_row(
        ProgressBar(total=outcome.sale.places, completed=tally.sold, width=50),
        f"{tally.sold} of {outcome.sale.places} sold",
    )
    return Group(bar, table)


def print_report(outcome: Outcome, console: Console) -> None:
    """The report at the end, for people."""
    tally, report = outcome.sale.tally, outcome.as_json()
    admissions = report["admissions"]
    table = Table(title=f"{outcome.fans} fans, {outcome.sale.places} places, seed {outcome.sale.seed}",
                  show_header=False, title_justify="left", min_width=60)  # fmt: skip
    refused = ", ".join(f"{code} {count}" for code, count in report["refused"].items()) or "nobody"
    restarts = ", ".join(f"{name} {count}" for name, count in outcome.restarts.items())
    for name, value in (
        ("sold", f"{tally.sold} of {outcome.sale.places} in {outcome.elapsed_s:.1f} s"),
        ("bought by hand", f"{outcome.sale.by_hand} places"),
        ("refused", refused),
        ("came back", f"{tally.expired} expired ({tally.warnings} warned before), {tally.released} given back"),
        ("resold", f"{tally.resold} seats"),
        ("holds", f"{report['holds_per_s']} per s"),
        ("hold latency", f"p50 {report['hold_latency_ms']['p50']} ms, p99 {report['hold_latency_ms']['p99']} ms"),
        ("admissions", f"{tally.admitted} of {tally.joined} who joined; while there was a line "
                       f"{admissions['called']} called, {admissions['expected']} by the rate"),
        ("habits", ", ".join(f"{habit.value} {tally.habits[habit]}" for habit in Habit)),
        ("restarts", f"{restarts} ({outcome.kills} killed by the demo)"),
        ("longest pause", f"{outcome.longest_pause_s:.2f} s (probe {outcome.prober.longest_s:.2f} s, "
                          f"fan {tally.longest_s:.2f} s)"),
        ("paid for", f"{money_text(report['paid'], 'EUR')} by a partner's program, beside the sale"),
        ("verify", f"{report['violations']} violations in {report['verify'].get('outcomes', 0)} outcomes"),
    ):  # fmt: skip
        table.add_row(f"[bold]{name}[/bold]", value)
    console.print(table)
    for complaint in tally.complaints:
        console.print(f"  complaint: {complaint}", style="yellow", soft_wrap=True)
    for problem in outcome.problems:
        console.print(f"[red]{problem}[/red]", soft_wrap=True)
    if outcome.good:
        console.print("[green]every place is sold, once; nothing is wrong[/green]")
