"""Following a numbered stream that is published on a topic and kept in a table.

The topic delivers each batch at least once and may lose some to a late reader; the table has all of them but must not
be read past what is published. Put together the reader sees 1, 2, 3 … exactly once, in order, without gaps.
`Follower.step` awaits only the ports it was given and takes the time as an argument, so a simulation can drive it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

CHECK_EVERY_MS = 1_000
"""How often the table is asked for a missing last batch."""
GAP_RETRY_MS = 100
"""How often the table is asked while a gap is known."""
AHEAD_BATCHES_MAX = 64
"""Batches of one partition kept while those before them are missing; more are read from the table later."""
READ_BATCHES_MAX = 64
"""Batches of one partition read from the table at a time."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One committed batch of a partition. `decided_at_ms` is epoch milliseconds; `payload` is not looked into here."""

    part: int
    log_gen: int
    batch_seq: int
    history_id: str
    payload: bytes
    decided_at_ms: int


class Published(NamedTuple):
    """How far a partition is published: every batch up to `batch_seq` is on the topic, or was."""

    batch_seq: int
    log_gen: int
    history_id: str


class Stream(Protocol):
    """The topic: at least once, in order mostly."""

    async def poll(self, timeout_s: float) -> list[Batch]: ...


class Table(Protocol):
    """The table: everything, to be read up to what is published."""

    async def published(self) -> dict[int, Published]: ...

    async def read(self, part: int, after_seq: int, up_to_seq: int, limit: int) -> list[Batch]:
        """Batches `after_seq` < batch_seq <= `up_to_seq`, ascending, at most `limit`."""
        ...


class HistoryChanged(Exception):
    """The database was restored from a backup: numbers start a new history, and the reader must load its snapshot."""

    def __init__(self, known: str, now: str) -> None:
        super().__init__(f"history {known} was replaced by {now}")
        self.known = known
        self.now = now


class Follower:
    """What a reader has seen of each partition, and what it is to see next.

    `start`: the last batch_seq already seen (through a snapshot) of each partition to follow; others are ignored.
    `history_id`: the snapshot's; None adopts the first one seen.
    """

    def __init__(
        self, stream: Stream, table: Table, start: Mapping[int, int], *, history_id: str | None = None
    ) -> None:
        raise NotImplementedError

    @property
    def seen(self) -> dict[int, int]:
        """Last batch_seq handed out, of each partition."""
        raise NotImplementedError

    async def step(self, now_ms: int, timeout_s: float = 0.5) -> list[Batch]:
        """The next batches, each exactly once, ascending by batch_seq within its partition.

        `now_ms` is any monotonic or wall clock in milliseconds. Waits at most `timeout_s` for the topic, plus the
        table. Raises `HistoryChanged`, after which this follower is done, and whatever the ports raise, after which
        `step` may be called again.
        """
        raise NotImplementedError
