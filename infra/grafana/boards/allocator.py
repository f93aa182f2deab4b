"""The deciders: what is theirs, how fast they are, how far behind, and what must never happen."""

from infra.grafana.asking import each, per_second, rise, times
from infra.grafana.panels import Board, Line, Panel, Row

SPEED = Row(
    "Deciding",
    (
        Panel(
            "Commands decided per second",
            "Decided and committed, by each allocator.",
            each(per_second("allocator_records_total", by="instance"), "instance"),
            stacked=True,
        ),
        Panel(
            "The oldest undecided command has waited",
            "The room calls fewer people as this rises, and ingress refuses holds of a show that is too far behind.",
            each("max by (instance) (allocator_lag_seconds)", "instance"),
            unit="s",
            alerts=("AllocatorLags",),
            limit=2,
        ),
        Panel(
            "Undecided commands",
            "On the partitions owned.",
            each("sum by (instance) (allocator_lag_records)", "instance"),
        ),
        Panel(
            "From a batch's sending to its commit",
            "What Postgres takes: its write-ahead log, and the synchronous standby.",
            times("allocator_batch_seconds"),
            unit="s",
            alerts=("CommitsSlow",),
            limit=0.5,
        ),
        Panel(
            "Commands in a batch",
            "Large batches carry a crowd cheaply; batches of one mean that there is little to do.",
            each(
                f"{per_second('allocator_records_total', by='instance')}"
                f" / {per_second('allocator_batch_seconds_count', by='instance')}",
                "instance",
            ),
        ),
        Panel(
            "Share of the time spent on commits",
            "Near 1 for each partition that is busy: Postgres is what limits.",
            each(per_second("allocator_batch_seconds_sum", by="instance"), "instance"),
            unit="percentunit",
        ),
        Panel(
            "Refused at once",
            "Share of commands that wanted what others had just lost: a crowd at the last places.",
            (
                Line(
                    f"{per_second('allocator_lost_in_a_row_total')} / {per_second('allocator_records_total')}",
                    "of all commands",
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            "Outcomes written",
            "Bytes per second into Postgres and onto the log.",
            each(per_second("allocator_outcome_bytes_total", by="instance"), "instance"),
            unit="Bps",
            stacked=True,
        ),
    ),
)

OWNING = Row(
    "Who decides",
    (
        Panel(
            "Partitions",
            "Owned by each, on top of each other: together they reach those that there are.",
            (
                Line("sum by (instance) (allocator_partitions_owned)", "{{instance}} owns"),
                Line("max(allocator_partitions) - sum(allocator_partitions_owned)", "nobody's"),
            ),
            stacked=True,
            alerts=("PartitionsWithoutOwner", "NoAllocator"),
        ),
        Panel(
            "Claimed and dropped",
            "A partition that goes from one to another again and again is decided by nobody for seconds each time.",
            (
                Line(rise("allocator_claims_total"), "claimed"),
                Line(rise("allocator_losses_total", by="reason"), "dropped: {{reason}}"),
            ),
            alerts=("DesksFlap",),
        ),
        Panel(
            "Partitions that Postgres refuses",
            "A full disk, or a standby.",
            each("max by (instance) (allocator_partitions_refused)", "instance"),
            alerts=("PartitionRefused",),
            limit=0,
        ),
        Panel(
            "Servers, as each allocator sees them",
            "0: it does not answer.",
            (
                Line("min by (instance) (allocator_postgres_up)", "{{instance}} Postgres"),
                Line("min by (instance) (allocator_log_up)", "{{instance}} Kafka"),
            ),
            alerts=("PostgresAway", "LogAway"),
        ),
        Panel(
            "What must not be",
            "Each of these stays at zero. Whatever rises has its page among the alerts.",
            (
                Line(rise("allocator_internal_errors_total"), "decisions that raised"),
                Line(rise("allocator_dead_letters_total"), "records that could not be read"),
                Line(rise("allocator_log_lost_total"), "losses of the log"),
            ),
            alerts=("DecisionBug", "DeadLetters", "LogLost"),
            limit=0,
        ),
    ),
)

ALLOCATOR = Board("allocator", "Allocators", (SPEED, OWNING))
