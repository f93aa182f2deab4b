"""Judges a sale by what its waiting room has kept. Pure.

An inversion is a claim that was granted although the line, when it was next looked at, had still not come to that
place: such a claim was surely early. What lies between two looks, five seconds, this cannot see; `bench/room_sale.py`
and the tests of the stores can.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from waiting_room.records import WAITS_S, Moment


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody who was let in: `place` is the one that counted, after a draw and after letting others go first."""

    line: str
    place: int
    joined_ms: int
    claimed_ms: int


@dataclass(frozen=True, slots=True)
class Act:
    """What an operator did; `open_until_ms`: until when everybody was let through by it, else 0."""

    at_ms: int
    act: str
    reason: str
    open_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Sale:
    """All that is known. `joined`: numbers given away by line; `given_up`: places; `tallies`: kind -> name -> count."""

    name: str
    opens_at_ms: int
    joined: Mapping[str, int]
    given_up: int
    claims: Sequence[Claim]
    track: Sequence[Moment]
    tallies: Mapping[str, Mapping[str, int]]
    acts: Sequence[Act]


def report(sale: Sale) -> dict[str, object]:
    """The report as JSON: parts from 0 to 1, seconds; null where nothing can be said."""
    early, unjudged = inversions(sale)
    return {
        "name": sale.name,
        "joined": dict(sale.joined),
        "let_in": len(sale.claims),
        "given_up": sale.given_up,
        "inversions": early,
        "not_judged": unjudged,
        "rank_correlation": {line: _rounded(rank_correlation(claims)) for line, claims in _by_line(sale).items()},
        "waits": {line: _waits(claims, sale.opens_at_ms) for line, claims in _by_line(sale).items()},
        "waits_by_device": {
            kind.removeprefix("waited_"): _steps(counts)
            for kind, counts in sorted(sale.tallies.items())
            if kind.startswith("waited_")
        },
        "joined_by_device": dict(sale.tallies.get("joined", {})),
        "refused": dict(sale.tallies.get("refused", {})),
        "cleared": dict(sale.tallies.get("cleared", {})),
        "networks": _networks(sale.tallies.get("network", {})),
        "eta_hit_rate": _rounded(_part(sale.tallies.get("eta", {}), "hit")),
        "acts": [{"at_ms": act.at_ms, "act": act.act, "reason": act.reason} for act in sale.acts],
    }


def inversions(sale: Sale) -> tuple[int, int]:
    """`(claims that were surely early, claims that nothing was kept of afterwards or that operators let through)`."""
    times = [moment.at_ms for moment in sale.track]
    open_ = [(act.at_ms, act.open_until_ms) for act in sale.acts if act.open_until_ms > act.at_ms]
    early = unjudged = 0
    for claim in sale.claims:
        index = bisect_left(times, claim.claimed_ms)
        if index == len(times) or any(since <= claim.claimed_ms <= until for since, until in open_):
            unjudged += 1
            continue
        _, serving = sale.track[index].lines.get(claim.line, (0, 0))
        early += claim.place > serving
    return early, unjudged


def rank_correlation(claims: Sequence[Claim]) -> float | None:
    """Spearman's, of place and moment of being let in; 1: exactly in order. None for fewer than two, or all at once."""
    by_place = _ranks([claim.place for claim in claims])
    by_time = _ranks([claim.claimed_ms for claim in claims])
    if len(claims) < 2:
        return None
    mean = (len(claims) + 1) / 2
    both = sum((a - mean) * (b - mean) for a, b in zip(by_place, by_time, strict=True))
    spread = sum((a - mean) ** 2 for a in by_place) * sum((b - mean) ** 2 for b in by_time)
    return float(both / spread**0.5) if spread > 0 else None


def _ranks(values: Sequence[int]) -> list[float]:
    """From 1; equal ones share the mean of theirs."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    ranks = [0.0] * len(values)
    starts = [0, *(at for at, (a, b) in enumerate(pairwise(order), 1) if values[a] != values[b]), len(order)]
    for start, end in pairwise(starts):
        for index in order[start:end]:
            ranks[index] = (start + 1 + end) / 2
    return ranks


def _by_line(sale: Sale) -> dict[str, list[Claim]]:
    found: dict[str, list[Claim]] = {line: [] for line in sorted(sale.joined)}
    for claim in sale.claims:
        found.setdefault(claim.line, []).append(claim)
    return found


def _waits(claims: Sequence[Claim], opens_at_ms: int) -> dict[str, float | None]:
    """From when somebody could have been called at the soonest to their claim."""
    waits = sorted(max(0, claim.claimed_ms - max(claim.joined_ms, opens_at_ms)) / 1000 for claim in claims)
    if not waits:
        return {"p50_s": None, "p90_s": None, "longest_s": None}
    return {"p50_s": waits[len(waits) // 2], "p90_s": waits[len(waits) * 9 // 10], "longest_s": waits[-1]}


def _steps(counts: Mapping[str, int]) -> dict[str, object]:
    """Waits that were counted in steps: the step (up to so many seconds) in which a part of them is reached."""
    total = sum(counts.values())

    def within(part: float) -> int | None:
        seen = 0
        for step in WAITS_S:
            seen += counts.get(str(step), 0)
            if seen >= part * total:
                return step
        return None

    return {"let_in": total, "p50_within_s": within(0.5), "p90_within_s": within(0.9)}


def _networks(counts: Mapping[str, int]) -> dict[str, float | int | None]:
    """How much of all joins came from one network, and from ten."""
    total = sum(counts.values())
    largest = sorted((n for name, n in counts.items() if name != "others"), reverse=True)
    if not largest:
        return {"known": 0, "largest_part": None, "ten_largest_part": None}
    known = len(largest)
    return {
        "known": known,
        "largest_part": _rounded(largest[0] / total),
        "ten_largest_part": _rounded(sum(largest[:10]) / total),
    }


def _part(counts: Mapping[str, int], name: str) -> float | None:
    total = sum(counts.values())
    return counts.get(name, 0) / total if total else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
