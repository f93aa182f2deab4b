"""What the allocator counts. No label grows with users, seats or shows."""

import structlog
from prometheus_client import Counter, Gauge, Histogram

from allocator.errors import DataRefused, LogUnreadable, Replaced, ResultUnknown, WritesRefused
from allocator.netting import Batch
from runtime.tracing import Tracer

log = structlog.get_logger(__name__)

BATCH_SECONDS = Histogram(
    "allocator_batch_seconds",
    "From sending a batch to the database to its commit",
    buckets=(0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.015, 0.02, 0.05, 0.1, 0.25, 1, 5),
)
RECORDS = Counter("allocator_records_total", "Commands decided and committed")
LOST_IN_A_ROW = Counter("allocator_lost_in_a_row_total", "Commands refused at once, for what others had just lost")
PAYLOAD_BYTES = Counter("allocator_outcome_bytes_total", "Bytes of outcomes committed")
DEAD_LETTERS = Counter("allocator_dead_letters_total", "Records that could not be decided")
BUGS = Counter("allocator_internal_errors_total", "Decisions that raised: each is a bug")
LOG_LOST = Counter("allocator_log_lost_total", "Times that the log did not fit the cursor")
CLAIMS = Counter("allocator_claims_total", "Partitions claimed")
LOSSES = Counter("allocator_losses_total", "Desks dropped", ["reason"])
for _reason in (Replaced, ResultUnknown, WritesRefused, LogUnreadable, DataRefused):
    LOSSES.labels(_reason.__name__)  # there from the start, as an alert looks for their rise
PARTITIONS = Gauge("allocator_partitions", "Partitions that there are, whoever decides over them")
OWNED = Gauge("allocator_partitions_owned", "Partitions that this process decides over")
REFUSED = Gauge("allocator_partitions_refused", "Partitions on which the database takes no writes")
POSTGRES_UP = Gauge("allocator_postgres_up", "1 while the database answers, else 0")
LOG_UP = Gauge("allocator_log_up", "1 while the log of commands answers, else 0")
LAG_RECORDS = Gauge("allocator_lag_records", "Undecided commands on the partitions owned")
LAG_SECONDS = Gauge("allocator_lag_seconds", "How long the oldest undecided command on the partitions owned has waited")


def set_lag(records: int, ms: int) -> None:
    """How far the partitions owned are behind."""
    LAG_RECORDS.set(records)
    LAG_SECONDS.set(ms / 1000)


class MeteredObserver:
    """See `ports.Observer`. With `tracer` each traced command has a span for the batch in which it was decided."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def bug(self, part: int, offset: int, error: Exception) -> None:
        """A decision raised."""
        BUGS.inc()
        log.error("decision.raised", part=part, offset=offset, exc_info=error)

    def unreadable(self, part: int, offset: int) -> None:
        """A record went to the dead letters."""
        DEAD_LETTERS.inc()
        log.warning("record.dead_letter", part=part, offset=offset)

    def log_lost(self, part: int, expected: int, continued_at: int) -> None:
        """The log does not hold what the cursor says was decided."""
        LOG_LOST.inc()
        log.error("log.lost", part=part, expected=expected, continued_at=continued_at)

    def settled(self, part: int, batch: Batch, seconds: float) -> None:
        """A batch is committed."""
        BATCH_SECONDS.observe(seconds)
        RECORDS.inc(batch.next_offset - batch.at.next_offset)
        LOST_IN_A_ROW.inc(batch.lost_in_a_row)
        PAYLOAD_BYTES.inc(len(batch.payload))
        for trace in batch.traces:
            span = self._tracer.below(trace, "consumer", before_s=seconds)
            records = batch.next_offset - batch.at.next_offset
            span.end("apply_batch", part=part, batch_seq=batch.at.batch_seq + 1, records=records)
