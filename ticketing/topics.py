"""Topics as data: who writes and reads each, how it is keyed, cut and kept. Provisioning creates what stands here."""

from dataclasses import dataclass, field

PARTITIONS_DEFAULT = 12
KEPT_FOR_EVER_MS = -1
OUTCOME_RECORD_BYTES_MAX = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the log. `partitions` None means: as many as `commands` has."""

    name: str
    purpose: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    partitions: int | None
    config: dict[str, str] = field(default_factory=dict)

    def full_name(self, prefix: str) -> str:
        """The name on the broker: `prefix` separates installations (and tests) that share one."""
        return prefix + self.name


COMMANDS = Topic(
    name="commands",
    purpose="every wish to change stock, in the order in which it will be decided; the partition is the show's own",
    writers=("ingress", "notifier", "expiry_worker"),
    readers=("allocator",),
    partitions=None,
    config={
        # The broker stamps each record, so that the order of the log and the order of time agree.
        "message.timestamp.type": "LogAppendTime",
        # Kept until `onsale prune` finds that archives have it: replay and repair need the whole log.
        "retention.ms": str(KEPT_FOR_EVER_MS),
    },
)
OUTCOMES = Topic(
    name="outcomes",
    purpose="one packed record per committed batch; partition i answers partition i of commands",
    writers=("allocator",),
    readers=("ingress", "notifier", "expiry_worker"),
    partitions=None,
    config={"max.message.bytes": str(OUTCOME_RECORD_BYTES_MAX), "retention.ms": str(24 * 3600 * 1000)},
)
SHOW_STATUS = Topic(
    name="show_status",
    purpose="each show once a second: free, held, booked, lag and latency",
    writers=("allocator",),
    readers=("waiting_room", "ingress"),
    partitions=1,
    config={"retention.ms": str(3600 * 1000)},
)
ROOM_STATUS = Topic(
    name="room_status",
    purpose="phases, waves and places of the waiting rooms",
    writers=("waiting_room",),
    readers=("ingress", "notifier"),
    partitions=1,
    config={"retention.ms": str(3600 * 1000)},
)
WARNINGS = Topic(
    name="warnings",
    purpose="holds that are about to end",
    writers=("expiry_worker",),
    readers=("notifier",),
    partitions=None,
    config={"retention.ms": str(3600 * 1000)},
)

ALL = (COMMANDS, OUTCOMES, SHOW_STATUS, ROOM_STATUS, WARNINGS)

HEADER_LOG_GEN = "log_gen"
HEADER_BATCH_SEQ = "batch_seq"
HEADER_HISTORY_ID = "history_id"
HEADER_DECIDED_AT_MS = "decided_at_ms"
