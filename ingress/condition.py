"""How things stand beyond this process: what new commands are refused for, and what operators are told."""

from dataclasses import dataclass, field

from ticketing.vocabulary import show_text

NAMED_MAX = 5
"""Shows or partitions that are named where something is wrong with many."""


@dataclass(slots=True)
class Condition:
    """As last heard; written by those who hear, read at each request."""

    postgres_away: bool = False
    log_away: bool = False
    parts_away: frozenset[int] = frozenset()
    """Partitions in other clusters of Postgres than the first that are away. `postgres_away`: the first is, which all
    need."""
    parts_refused: frozenset[int] = frozenset()
    """Partitions whose allocator says that it cannot write: Postgres is there, and its disk is full."""
    log_gens: dict[int, int] = field(default_factory=dict)
    lag_ms: dict[int, int] = field(default_factory=dict)
    """Show -> how long its oldest undecided command has waited, by its allocator's own word."""
    unanswered_since_ms: dict[int, int] = field(default_factory=dict)
    """Partition -> when we put the first command on the log since its allocator was last heard of. By a clock that is
    never set, as all of `now_ms` here."""

    def appended(self, part: int, now_ms: int) -> None:
        """A command of ours is on the log."""
        self.unanswered_since_ms.setdefault(part, now_ms)

    def heard(self, part: int) -> None:
        """The allocator of the partition lives: from here on its own word is believed."""
        self.unanswered_since_ms.pop(part, None)

    def log_is(self, *, away: bool) -> None:
        """Whether the log answers. While it does not, nobody is heard: that is not held against the allocators."""
        self.log_away = away
        if away:
            self.unanswered_since_ms.clear()

    def cluster_is(self, parts: frozenset[int] | None, *, away: bool) -> None:
        """Whether a cluster of Postgres takes writes: the first (None), or the one where these partitions are."""
        if parts is None:
            self.postgres_away = away
        else:
            self.parts_away = self.parts_away | parts if away else self.parts_away - parts

    def is_paused(self, part: int) -> bool:
        """Whether nothing can be written to a partition although the first cluster is there."""
        return part in self.parts_refused or part in self.parts_away

    def lag_of(self, show: int, part: int, now_ms: int) -> int:
        """How long commands for the show wait at least, in milliseconds.

        An allocator that is stopped does not say that it lags: then it is the time for which nothing was heard of it
        although something is to be decided.
        """
        since_ms = self.unanswered_since_ms.get(part)
        told_ms = self.lag_ms.get(show, 0)
        return told_ms if since_ms is None else max(told_ms, now_ms - since_ms)

    def lagging(self, lag_max_ms: int) -> list[int]:
        """Shows whose allocators say that they lag by more."""
        return sorted(show for show, lag_ms in self.lag_ms.items() if lag_ms > lag_max_ms)

    def silent(self, now_ms: int, lag_max_ms: int) -> list[int]:
        """Partitions whose allocators have owed us an answer for longer, and say nothing."""
        waiting = self.unanswered_since_ms.items()
        return sorted(part for part, since_ms in waiting if now_ms - since_ms > lag_max_ms)

    def degraded(self, now_ms: int, lag_max_ms: int) -> list[str]:
        """What callers are told to come back for; nothing where all is well."""
        said = []
        if self.postgres_away:
            said.append("sales are paused: Postgres takes no writes")
        if self.log_away:
            said.append("the log cannot be reached: writes are refused, or not known to be taken")
        if self.parts_refused:
            parts = _named([str(part) for part in sorted(self.parts_refused)])
            said.append(f"sales are paused on partitions {parts}: their allocators cannot write")
        if self.parts_away:
            parts = _named([str(part) for part in sorted(self.parts_away)])
            said.append(f"sales are paused on partitions {parts}: their cluster of Postgres takes no writes")
        if lagging := self.lagging(lag_max_ms):
            shows = _named([show_text(show) for show in lagging])
            said.append(f"no new holds are taken for {shows}: their allocators lag")
        if silent := self.silent(now_ms, lag_max_ms):
            parts = _named([str(part) for part in silent])
            said.append(f"no new holds are taken on partitions {parts}: nothing is heard of their allocators")
        return said


def _named(names: list[str]) -> str:
    more = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
