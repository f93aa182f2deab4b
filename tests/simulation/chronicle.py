"""What happened in a sale, as its parts tell it: kept for the judges, told for the trace."""

from collections import Counter
from collections.abc import Callable

from allocator.netting import Batch
from allocator.ports import Publication
from tests.simulation.committed import Committed, committed
from tests.simulation.memory_tables import Step, Tables
from tests.simulation.places import Place, Sent
from tests.simulation.telling import batch_lines
from ticketing.clock import ManualClock

Trace = Callable[[str], None]


class Chronicle:
    """Around one database. `true` is the time that no clock of the sale may know."""

    def __init__(self, tables: Tables, true: ManualClock, trace: Trace | None) -> None:
        self.tables = tables
        self.true = true
        self._t0_ms = true.now_ms()
        self._trace = trace
        self.published: list[Publication] = []
        self.committed: list[Committed] = []
        """What the tables hold now; what a restored backup did not have is in `histories` only."""
        self.histories: dict[str, dict[tuple[int, int], bytes]] = {tables.history_id: {}}
        """Of each history every `(partition, batch)` with its payload."""
        self.restarts: dict[int, list[tuple[int, int]]] = {part: [] for part in tables.cursor}
        """`(log_gen, offset)` from which each generation of a partition's log goes on."""
        self.problems: list[str] = []
        self.counts: Counter[str] = Counter()
        self.faults = 0
        """Those that came to something."""

    def note(self, who: str, what: str) -> None:
        if self._trace is not None:
            self._trace(f"{self.true.now_ms() - self._t0_ms:8} ms  {who:9} {what}")

    def commit(self, sent: Sent) -> int | None:
        """The batch reaches the database."""
        database_ms = self.tables.apply(sent.batch)
        at = sent.batch.at
        if database_ms is None:
            self.note("database", f"refuses batch {at.batch_seq + 1} of partition {at.part} under epoch {at.epoch}")
            return None
        self.committed.append(committed(sent, self.true.now_ms()))
        self.histories[self.tables.history_id][at.part, at.batch_seq + 1] = sent.batch.payload
        self.counts.update(self.committed[-1].names())
        if self._trace is not None:
            for line in batch_lines(self.committed[-1]):
                self.note("database", line)
        return database_ms

    def publish(self, place: Place, publication: Publication) -> None:
        self.published.append(publication)
        self.note(place.owner, f"publishes batch {publication.batch_seq} of partition {publication.part}")

    def restarted(self, part: int, log_gen: int, offset: int) -> None:
        """The log goes on at `offset`, having lost something."""
        self.restarts[part].append((log_gen, offset))
        self.note("database", f"partition {part} goes on at offset {offset}, log generation {log_gen}")

    def restore(self, backup: Tables, decided_before: list[Step]) -> None:
        """The database is what it was at a backup, under another history; readers find out."""
        history_id = f"history {len(self.histories)}"
        self.tables.restore(backup, history_id, decided_before)
        kept = {(row["part"], row["batch_seq"]): row["payload"] for row in self.tables.outcome_log.values()}
        self.histories[history_id] = kept
        self.committed = [it for it in self.committed if (it.batch.at.part, it.batch.at.batch_seq + 1) in kept]

    def recalled(self, count: int) -> None:
        self.counts["records recalled"] += count

    def bug(self, part: int, offset: int, error: Exception) -> None:
        self.problems.append(f"decide raised at {offset} of partition {part}: {error!r}")

    def unreadable(self, part: int, offset: int) -> None:
        self.counts["dead letter"] += 1

    def log_lost(self, part: int, expected: int, continued_at: int) -> None:
        self.counts["log lost"] += 1

    def settled(self, part: int, batch: Batch, seconds: float) -> None:
        self.counts["settled"] += 1
        self.counts["lost in a row"] += batch.lost_in_a_row
