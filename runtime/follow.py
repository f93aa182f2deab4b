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
    """What the reader knows is not continued by what is there now: it must load its snapshot again.

    So it is after the database was restored from a backup.
    """


class BatchesGone(HistoryChanged):
    """The next batch is published, but the table no longer has it: the reader was away for too long."""


def is_published(published: Mapping[int, Published], batch_seqs: Mapping[int, int], history_id: str) -> bool:
    """Whether a snapshot of that history may be used: all that it holds, `batch_seqs` of each partition, is published.

    Raises `HistoryChanged` where it never will be: waiting on would be for numbers that mean something else now.
    """
    for part, seq in batch_seqs.items():
        if published[part].history_id != history_id:
            raise HistoryChanged(f"history {history_id} was replaced by {published[part].history_id}")
        if published[part].batch_seq < seq:
            return False
    return True


class Follower:
    """What a reader has seen of each partition, and what it is to see next.

    `start`: the last batch_seq already seen (through a snapshot) of each partition to follow; others are ignored.
    `history_id`: the snapshot's; None adopts the first one seen.
    """

    def __init__(
        self, stream: Stream, table: Table, start: Mapping[int, int], *, history_id: str | None = None
    ) -> None:
        self._stream = stream
        self._table = table
        self._tracks = {part: _Track(seq) for part, seq in start.items()}
        self._history_id = history_id
        self._checked_ms: int | None = None
        self._is_behind = False

    @property
    def seen(self) -> dict[int, int]:
        """Last batch_seq handed out, of each partition."""
        return {part: track.last_seq for part, track in self._tracks.items()}

    @property
    def history_id(self) -> str | None:
        """The history that is being followed; None while nothing of it was seen."""
        return self._history_id

    async def step(self, now_ms: int, timeout_s: float = 0.5) -> list[Batch]:
        """The next batches, each exactly once, ascending by batch_seq within its partition.

        `now_ms` is any clock in milliseconds that does not go back. Waits at most `timeout_s` for the topic, plus the
        table. Raises `HistoryChanged`, after which this follower is done, and whatever the ports raise, after which
        `step` may be called again: nothing that was read is lost.
        """
        for batch in await self._stream.poll(0.0 if self._is_behind else timeout_s):
            track = self._tracks.get(batch.part)
            if track is not None:
                self._judge_history(batch.history_id)
                track.keep(batch)
        if self._must_check(now_ms):
            self._checked_ms = now_ms
            await self._fill_from_table()
        return [batch for track in self._tracks.values() for batch in track.take()]

    def _must_check(self, now_ms: int) -> bool:
        if self._checked_ms is None or self._is_behind:
            return True
        since_ms = now_ms - self._checked_ms
        has_gap = any(track.has_gap() for track in self._tracks.values())
        # Less than nothing: the clock was set back, and would otherwise keep the table waiting until it is there again.
        return not 0 <= since_ms < (GAP_RETRY_MS if has_gap else CHECK_EVERY_MS)

    async def _fill_from_table(self) -> None:
        published = await self._table.published()
        self._is_behind = False
        for part, track in self._tracks.items():
            if part not in published:
                continue
            self._judge_history(published[part].history_id)
            after_seq, up_to_seq = track.missing(published[part].batch_seq)
            if up_to_seq <= after_seq:
                continue
            found = await self._table.read(part, after_seq, up_to_seq, READ_BATCHES_MAX)
            if not found or found[0].batch_seq != after_seq + 1:
                raise BatchesGone(f"partition {part} has no batch {after_seq + 1}, {up_to_seq} is published")
            for batch in found:
                self._judge_history(batch.history_id)
                track.keep(batch)
            # What was left out for its number, or for the reader's memory, is read at the next step, not in a second.
            self._is_behind |= found[-1].batch_seq < published[part].batch_seq

    def _judge_history(self, history_id: str) -> None:
        if self._history_id is None:
            self._history_id = history_id
        elif history_id != self._history_id:
            raise HistoryChanged(f"history {self._history_id} was replaced by {history_id}")


class _Track:
    """One partition: handed out up to `last_seq`, and what is at hand of the batches after it."""

    def __init__(self, last_seq: int) -> None:
        self.last_seq = last_seq
        self._ahead: dict[int, Batch] = {}

    def keep(self, batch: Batch) -> None:
        """Remember a batch that is still to be handed out; the furthest ahead make room for nearer ones."""
        if batch.batch_seq <= self.last_seq:
            return
        self._ahead[batch.batch_seq] = batch
        while len(self._ahead) > AHEAD_BATCHES_MAX and not self._reaches(max(self._ahead)):
            del self._ahead[max(self._ahead)]

    def has_gap(self) -> bool:
        """Whether something is at hand that cannot be handed out yet."""
        return bool(self._ahead) and not self._reaches(max(self._ahead))

    def missing(self, published_seq: int) -> tuple[int, int]:
        """The first range (after, up to) that is published and not at hand; empty if both are the same."""
        after_seq = self.last_seq
        while after_seq + 1 in self._ahead:
            after_seq += 1
        beyond = [seq for seq in self._ahead if seq > after_seq]
        return after_seq, max(after_seq, min([published_seq, *(seq - 1 for seq in beyond)]))

    def take(self) -> list[Batch]:
        """What follows without a gap."""
        taken = []
        while (batch := self._ahead.pop(self.last_seq + 1, None)) is not None:
            taken.append(batch)
            self.last_seq += 1
        return taken

    def _reaches(self, seq: int) -> bool:
        """Whether everything from the last one handed out up to `seq` is at hand: nothing but that run."""
        return seq - self.last_seq == len(self._ahead)
