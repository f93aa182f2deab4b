"""Which offsets of `commands` can be decided again, and which were: the range that a replay states. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from allocator.seating import DECIDER_VERSION
from onsale.verify.history import LoggedBatch


@dataclass(frozen=True, slots=True)
class Generation:
    """The offsets that were decided under one `log_gen`: from the first to before `next_offset`."""

    first_offset: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class LogRange:
    """What the log of one partition still holds: offsets `begin` to `end` - 1."""

    begin: int
    end: int
    generations: Mapping[int, Generation]
    undecided: int = 0
    """How many records stand behind the cursor."""

    def why_not(self, batch: LoggedBatch) -> str:
        """Why a batch's commands cannot be decided again; empty if they can."""
        return other_decider(batch) or self.why_lost(batch)

    def why_lost(self, batch: LoggedBatch) -> str:
        """Why a batch's commands are not in the log any more; empty if they are."""
        if batch.first_offset < self.begin:
            return "the log no longer has them"
        if batch.next_offset > self.end:
            return "the log ends before them"
        # Where a later generation begins, the log had lost its tail: what stands there now is not what was decided.
        # If it begins beyond all of this one, the log was another one, and nothing in it can be relied on.
        cut = min(
            (later.first_offset for number, later in self.generations.items() if number > batch.log_gen), default=None
        )
        if cut is not None and (batch.next_offset > cut or cut >= self.generations[batch.log_gen].next_offset):
            return "lost with the log of an earlier generation"
        return ""


def other_decider(batch: LoggedBatch) -> str:
    """Why this decider cannot decide a batch again; empty if it can."""
    if batch.decider_version == DECIDER_VERSION:
        return ""
    return f"decided by version {batch.decider_version}, this is version {DECIDER_VERSION}"


@dataclass(slots=True)
class Range:
    """Offsets of one partition that were all decided again, or all not, and then why."""

    part: int
    log_gen: int
    first_offset: int
    next_offset: int
    why_not: str


@dataclass
class Replayed:
    """What a replay has covered, partition by partition."""

    ranges: list[Range] = field(default_factory=list)
    commands: int = 0
    undecided: int = 0
    """Commands that stand in the log and had not been decided when the tables were read."""

    def note(self, batch: LoggedBatch, why_not: str) -> None:
        """One more batch; batches of a partition come in order."""
        last = self.ranges[-1] if self.ranges else None
        here = (batch.part, batch.log_gen, batch.first_offset, why_not)
        if last is not None and (last.part, last.log_gen, last.next_offset, last.why_not) == here:
            last.next_offset = batch.next_offset
        else:
            self.ranges.append(Range(batch.part, batch.log_gen, batch.first_offset, batch.next_offset, why_not))
