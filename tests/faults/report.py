"""What one scenario has to say: one JSON line."""

import math
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec.structs import replace

from tests.faults.crowd import Load
from tests.faults.judge import EXAMPLES_MAX, judge
from tests.faults.stage import Stage

SHARE_LEAST = 0.25
EXAMPLE_CHARS_MAX = 600


class Report(msgspec.Struct, kw_only=True):
    """One line. `docs/reliability.md` says how to read it."""

    fault: str
    done: str
    scenario: str = ""
    """The word that plays it alone: `make faults ARGS=word`."""
    peak_per_s: float = 0.0
    """Purchases per second that the crowd got done when it tried as many as go, before the fault."""
    load_per_s: float = 0.0
    """Purchases begun per second, from then until the end, whatever became of them."""
    resumed_s: float | None = None
    """Until every show had decided a request made after the fault, or what `limit_s` is about where the scenario says
    so; the longest of all the times that it was done. None: never."""
    limit_s: float | None = None
    """The most that the design allows `resumed_s`; None where it names no number: then it must only come to pass."""
    acknowledged: int = 0
    """Confirmed purchases: 201 on a confirm."""
    lost: int = 0
    doubled: int = 0
    ok: bool = False
    details: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    """What must not be, with examples; empty where `ok`."""
    took_s: float = 0.0
    at_ms: int = 0
    conditions: dict[str, Any] = {}
    """The machine and its software."""

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
    limit_s: float | None = None,
    tail_lost: bool = False,
    also_granted: Iterable[str] = (),
    details: dict[str, Any] | None = None,
    wrong: dict[str, Any] | None = None,
) -> Report:
    """Let the crowd finish, judge what it was told, verify the tables and decide the log once more.

    `wrong`: what the scenario itself found; `also_granted`: reservations of others than the crowd; `tail_lost`: the log
    no longer has all that it acknowledged. Then it cannot be decided once more, and a request may be gone with it, if
    the same key got its verdict at another place.
    """
    await load.finish()
    lines = load.history.lines
    verdict = judge(lines, await stage.tables(), also_granted)
    found: dict[str, Any] = dict(wrong or {}) | dict(verdict.wrong)
    told = lines
    if tail_lost:
        found.pop("no outcome", None)
        told = [replace(line, request="") if line.request in verdict.gone else line for line in lines]
    code, said = await stage.verify(told, replay=not tail_lost)
    if code != 0:
        found["onsale verify"] = said[-EXAMPLE_CHARS_MAX:]
    if verdict.undecided:
        found["undecided"] = verdict.undecided[:EXAMPLES_MAX]
    if not math.isfinite(resumed_s):
        found["never decided again"] = True
    elif limit_s is not None and resumed_s > limit_s:
        found["too late"] = f"{resumed_s:.2f} s, at most {limit_s} s"
    if load.load_per_s < SHARE_LEAST * load.peak_per_s:
        found["too little load"] = load.load_per_s
    if verdict.acknowledged == 0:
        found["nothing was acknowledged"] = True
    unasked = [line for line in lines if line.status == HTTPStatus.SERVICE_UNAVAILABLE and not line.retry_after]
    if unasked:
        found["503 without Retry-After"] = str(unasked[0])
    told_apart = {"unanswered_retried": len(verdict.gone)} if tail_lost else {}
    return Report(
        fault=fault,
        done=done,
        peak_per_s=round(load.peak_per_s, 1),
        load_per_s=round(load.load_per_s, 1),
        resumed_s=round(resumed_s, 2) if math.isfinite(resumed_s) else None,
        limit_s=limit_s,
        acknowledged=verdict.acknowledged,
        lost=verdict.lost,
        doubled=verdict.doubled,
        ok=not found,
        details={**told_apart, **(details or {})},
        wrong=found,
    )
