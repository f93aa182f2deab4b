"""What a desk needs of the world: its tables, its log, somebody to tell. Edges and fakes fulfil the same promises."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from allocator.decided_before import DecidedBefore
from allocator.draft import Record
from allocator.netting import Batch, Position
from allocator.stock import PartitionState
from ticketing.layout import Layout


class LogRecord(Protocol):
    """One record of topic `commands`, stamped by the broker (`timestamp_ms`)."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp_ms(self) -> int: ...
    @property
    def value(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Cursor:
    """A claimed row of `allocator_cursor`, and the history that its outcomes belong to."""

    at: Position
    tail_hash: bytes | None
    log_gen: int
    last_now_ms: int
    published_seq: int
    chain: bytes
    history_id: str
    database_ms: int
    """The database's time at the claim."""
    decided_before: DecidedBefore = field(default_factory=DecidedBefore)


@dataclass(frozen=True, slots=True)
class Publication:
    """One committed batch as its readers get it."""

    part: int
    log_gen: int
    batch_seq: int
    history_id: str
    decided_at_ms: int
    payload: bytes


class Store(Protocol):
    """One partition's tables, over one connection of its own. Errors are those of `allocator/errors.py`."""

    async def claim(self) -> Cursor | None:
        """Own the partition under a new epoch; None where somebody else lives on it."""
        ...

    async def restart_log(self, at: Position, next_offset: int) -> Cursor:
        """Go on at `next_offset` under the next `log_gen`, because the log has lost what stood before it."""
        ...

    async def load(self, cursor: Cursor) -> PartitionState:
        """Everything that is decided from, as the cursor's batch left it. Raises `Replaced`, as a claim may take longer
        than its lease."""
        ...

    async def load_show(self, at: Position, state: PartitionState, show: int) -> None:
        """Take one show with all its stock into `state`, as the last batch left it. Raises `Replaced`."""
        ...

    async def unpublished(self, cursor: Cursor) -> list[Publication]:
        """The committed batches that are not known to be published, oldest first."""
        ...

    async def layout(self, layout_id: str, sha256: bytes) -> Layout | None:
        """The layout of that id, if it has that digest."""
        ...

    async def records(self, wanted: Sequence[tuple[int, bytes]]) -> list[tuple[int, Record]]:
        """The rows of ended reservations, `(show, reservation)` each."""
        ...

    async def apply(self, batch: Batch) -> int | None:
        """`apply_batch()`: the database's time in ms, or None for a caller that has been replaced."""
        ...

    async def release(self, at: Position, published_seq: int) -> None:
        """Give the partition back, so that the next owner need not wait for the lease to end."""
        ...


class CommandLog(Protocol):
    """Topic `commands`, read by offset, and topic `outcomes`, written in order."""

    async def fetch(self, part: int, offset: int, records_max: int, timeout_s: float) -> Sequence[LogRecord]:
        """Records from `offset` on; empty when none came within `timeout_s`. Raises `LogUnreadable`."""
        ...

    def interruptions(self, part: int) -> int:
        """Another number whenever what is fetched next need not continue what was fetched before: compare."""
        ...

    async def bounds(self, part: int) -> tuple[int, int]:
        """`(first offset, next offset)` of what the log holds."""
        ...

    async def read_one(self, part: int, offset: int) -> LogRecord | None:
        """The record at `offset`, if the log has it."""
        ...

    async def publish(self, publication: Publication) -> None:
        """Returns when the brokers have it; tries until they do."""
        ...


class Observer(Protocol):
    """Told what happened at a desk, for metrics and logs."""

    def bug(self, part: int, offset: int, error: Exception) -> None: ...
    def unreadable(self, part: int, offset: int) -> None: ...
    def log_lost(self, part: int, expected: int, continued_at: int) -> None: ...
    def settled(self, part: int, batch: Batch, seconds: float) -> None: ...
