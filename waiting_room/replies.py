"""What fans are told, as values: a place, a turn, or why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from waiting_room import metrics


@dataclass(frozen=True, slots=True)
class Refusal:
    """A code of `ticketing.problems`, and what else the problem says."""

    code: str
    detail: str
    retry_after_s: int | None = None
    more: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """A ticket, as its holder sees it; `place` None: it will be drawn."""

    entry: str
    line: str
    n: int
    place: int | None
    ticket: str
    joined_at_ms: int
    repeat: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """A pass, as its holder sees it."""

    entry: str
    token: str
    expires_at_ms: int
    waited_ms: int | None = None
    """From when they could have been called at the soonest; None: they had claimed before."""


def refuse(
    code: str, detail: str, *, retry_after_s: int | None = None, more: Mapping[str, object] | None = None
) -> Refusal:
    """A refusal, counted."""
    metrics.REFUSED.labels(code).inc()
    return Refusal(code, detail, retry_after_s, more or {})


def cleared(by: str) -> None:
    """Somebody who would have been slowed has cleared it, by `work` or a `check`."""
    metrics.CLEARED.labels(by).inc()


def unavailable(detail: str) -> Refusal:
    """Something that the answer rests on is away."""
    return refuse("room_unavailable", detail, retry_after_s=1)
