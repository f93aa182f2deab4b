"""What one scenario has to say: one JSON line."""

from collections.abc import Iterable
from typing import Any

import msgspec

from tests.faults.crowd import Load
from tests.faults.judge import judge
from tests.faults.stage import Stage

SHARE_LEAST = 0.25
EXAMPLE_CHARS_MAX = 600


class Report(msgspec.Struct, kw_only=True):
    """`resumed_s`: until every show was decided again, the longest of all times that the fault was done. `wrong`: what
    must not be, with examples; empty where `ok`."""

    fault: str
    done: str
    peak_per_s: float = 0.0
    load_per_s: float = 0.0
    resumed_s: float = 0.0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    ok: bool = False
    details: dict[str, Any] = {}
    wrong: dict[str, Any] = {}

    def line(self) -> str:
        """As it is printed."""
        return msgspec.json.encode(self).decode()


async def conclude(
    stage: Stage,
    load: Load,
    *,
    fault: str,
    done: str,
    resumed_s: float,
    resumed_s_max: float,
    unanswered_max: int = 0,
    replay: bool = True,
    also_granted: Iterable[str] = (),
    details: dict[str, Any] | None = None,
    wrong: dict[str, Any] | None = None,
) -> Report:
    """Let the crowd finish, judge what it was told, verify the tables; print the line.

    `wrong`: what the scenario itself found; `unanswered_max`: how many requests on the log may have no outcome;
    `replay`: decide the log once more as well, which takes a log that is whole;
    `also_granted`: reservations of others than the crowd.
    """
    await load.finish()
    verdict = judge(load.history.lines, await stage.tables(), also_granted)
    found: dict[str, Any] = dict(wrong or {}) | dict(verdict.wrong)
    if verdict.unanswered <= unanswered_max:
        found.pop("no outcome", None)
    told = [] if unanswered_max else load.history.lines
    code, said = await stage.verify(told, replay=replay)
    if code != 0:
        found["onsale verify"] = said[-EXAMPLE_CHARS_MAX:]
    if verdict.undecided:
        found["undecided"] = verdict.undecided
    if not resumed_s <= resumed_s_max:
        found["resumed too late"] = f"more than {resumed_s_max} s"
    if load.load_per_s < SHARE_LEAST * load.peak_per_s:
        found["too little load"] = load.load_per_s
    if verdict.acknowledged == 0:
        found["nothing was acknowledged"] = True
    report = Report(
        fault=fault,
        done=done,
        peak_per_s=round(load.peak_per_s, 1),
        load_per_s=round(load.load_per_s, 1),
        resumed_s=round(resumed_s, 2),
        acknowledged=verdict.acknowledged,
        lost=verdict.lost,
        doubled=verdict.doubled,
        ok=not found,
        details={"unanswered": verdict.unanswered, "undecided": verdict.undecided, **(details or {})},
        wrong=found,
    )
    print(report.line(), flush=True)
    return report
