"""What `onsale verify` says, for people and for machines."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from onsale.verify.findings import MEANING
from onsale.verify.log_range import Replayed
from onsale.verify.reading import Reading


def as_json(reading: Reading, took_s: float) -> dict[str, Any]:
    """`{violations, checks: {name: {meaning, violations, examples}}, read: {…}, replayed: {…}, took_s}`."""
    findings = reading.findings
    return {
        "violations": findings.total,
        "checks": {
            check.value: {
                "meaning": MEANING[check],
                "violations": findings.counts[check],
                "examples": [{"where": found.where, "what": found.what} for found in findings.examples[check]],
            }
            for check in findings.checks
        },
        "read": {
            "parts": reading.parts,
            "batches": reading.batches,
            "outcomes": reading.outcomes,
            "reservations": reading.reservations,
            "shows_pruned": reading.shows_pruned,
            **({} if reading.operations is None else {"operations": reading.operations}),
        },
        **({} if reading.replayed is None else {"replayed": asdict(reading.replayed)}),
        "took_s": round(took_s, 3),
    }


def as_lines(reading: Reading, took_s: float) -> Iterator[str]:
    """The report for a terminal."""
    findings = reading.findings
    for check in findings.checks:
        count = findings.counts[check]
        yield f"{'FAIL' if count else 'ok':4}  {check.value:18}  {MEANING[check]}"
        for found in findings.examples[check]:
            yield f"        {found.where}: {found.what}"
        if count > len(findings.examples[check]):
            yield f"        … and {count - len(findings.examples[check])} more"
    yield (
        f"{reading.parts} partitions, {reading.batches} batches, {reading.outcomes} outcomes, "
        f"{reading.reservations} reservations read in {took_s:.1f} s"
    )
    if reading.shows_pruned:
        yield f"{reading.shows_pruned} shows not judged: their log was pruned, onsale verify --archive judges each"
    if reading.operations is not None:
        yield f"{reading.operations} operations of clients read"
    if reading.replayed is not None:
        yield from _range(reading.replayed)
    if findings.total:
        yield f"{findings.total} violations: {', '.join(findings.failed)}"
    else:
        yield "no violation"


def _range(replayed: Replayed) -> Iterator[str]:
    """Which offsets were decided again, which not and why."""
    yield f"{replayed.commands} commands decided again, {replayed.undecided} not decided yet"
    for part in replayed.ranges:
        where = f"part {part.part} offsets {part.first_offset} to {part.next_offset - 1}"
        where += f" (log_gen {part.log_gen})" if part.log_gen else ""
        yield f"        {where}: {f'NOT decided again: {part.why_not}' if part.why_not else 'decided again'}"
