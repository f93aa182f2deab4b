"""What the checks found: a count for each check, and the first few violations in words."""

from dataclasses import dataclass, field
from enum import StrEnum

EXAMPLES_MAX = 20
"""Violations of one check that are kept in words; the others are only counted."""


class Check(StrEnum):
    """The name of each check, as reports and tests say it."""

    BATCH_SEQ = "batch_seq"
    OFFSETS = "offsets"
    CHAIN = "chain"
    PAYLOAD = "payload"
    SHOW_SEQ = "show_seq"
    RESERVATION_PATH = "reservation_path"
    SEAT_OWNER = "seat_owner"
    AREA_CAPACITY = "area_capacity"
    PAYMENT = "payment"
    REFUND = "refund"
    ONE_CLUSTER = "one_cluster"
    CURSOR_TABLE = "cursor_table"
    SHOW_TABLE = "show_table"
    RESERVATION_TABLE = "reservation_table"
    SEAT_TABLE = "seat_table"
    AREA_TABLE = "area_table"
    PAYMENT_TABLE = "payment_table"
    LAYOUT = "layout"
    REPLAY = "replay"
    DEAD_LETTER = "dead_letter"
    HISTORY_FORM = "history_form"
    ACKNOWLEDGED = "acknowledged"
    REQUEST_OUTCOME = "request_outcome"
    SAME_KEY = "same_key"
    READS_FORWARD = "reads_forward"
    ARCHIVE_FORM = "archive_form"


REPLAYED = (Check.REPLAY, Check.DEAD_LETTER)
"""Those that need topic `commands`."""
TOLD = (Check.HISTORY_FORM, Check.ACKNOWLEDGED, Check.REQUEST_OUTCOME, Check.SAME_KEY, Check.READS_FORWARD)
"""Those that need what clients wrote down."""
STORED = tuple(check for check in Check if check not in {*REPLAYED, *TOLD, Check.ARCHIVE_FORM})
"""Those that need Postgres alone."""
_OF_CLUSTERS = {Check.ONE_CLUSTER, Check.CURSOR_TABLE}
ARCHIVED = (Check.ARCHIVE_FORM, *(check for check in STORED if check not in _OF_CLUSTERS), *REPLAYED)
"""Those that an archive of one show is put to."""


MEANING: dict[Check, str] = {
    Check.BATCH_SEQ: "batches of a partition are numbered 1, 2, 3 … without a gap",
    Check.OFFSETS: "each batch begins at the offset where the one before it ended, and answers only its own commands",
    Check.CHAIN: "each batch's chain is sha256(chain of the one before, payload), from 32 zero bytes",
    Check.PAYLOAD: "every payload can be read",
    Check.SHOW_SEQ: "a show's changes are numbered 1, 2, 3 … without a gap, beginning with its opening",
    Check.RESERVATION_PATH: "each reservation's life is a legal path, its versions going up by one",
    Check.SEAT_OWNER: "at no moment does a seat have two owners",
    Check.AREA_CAPACITY: "at no moment is more taken of an area than it holds",
    Check.PAYMENT: "one payment for each booking where the show requires it, at most one elsewhere, none used twice",
    Check.REFUND: "never more goes back than was paid, and all of it where the booking is cancelled",
    Check.ONE_CLUSTER: "whatever belongs to a partition is in its own cluster of Postgres, and in no other",
    Check.CURSOR_TABLE: "the allocator's cursor stands where the log ends",
    Check.SHOW_TABLE: "the shows are as the log leaves them",
    Check.RESERVATION_TABLE: "the reservations are as the log leaves them",
    Check.SEAT_TABLE: "the seats taken are those of the live reservations",
    Check.AREA_TABLE: "what is taken of an area is the sum over its live reservations",
    Check.PAYMENT_TABLE: "the payments are those of the log",
    Check.LAYOUT: "seats and areas are those of the layout that the show names",
    Check.REPLAY: "deciding the recorded commands once more gives the recorded outcomes, one by one",
    Check.DEAD_LETTER: "what could not be decided is kept as a dead letter, byte for byte as it stands in the log",
    Check.HISTORY_FORM: "each line of the client history can be read",
    Check.ACKNOWLEDGED: "what clients were told is done is there: each confirmed booking, each hold, each release",
    Check.REQUEST_OUTCOME: "each request that a client has an id of has one outcome, the one that the client was told",
    Check.SAME_KEY: "a repeat with the same key got the same reservation",
    Check.READS_FORWARD: "what one client reads of a show never goes back",
    Check.ARCHIVE_FORM: "the archive is whole: as many lines as it says, with the digest it says",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not be: `where` names batch, show, seat or reservation."""

    check: Check
    where: str
    what: str


@dataclass
class Findings:
    """Collects violations; bounded however many there are. `checks`: those that are made at all."""

    checks: tuple[Check, ...] = STORED
    counts: dict[Check, int] = field(default_factory=lambda: dict.fromkeys(Check, 0))
    examples: dict[Check, list[Violation]] = field(default_factory=lambda: {check: [] for check in Check})

    def add(self, check: Check, where: str, what: str) -> None:
        """Note one violation."""
        self.counts[check] += 1
        if len(self.examples[check]) < EXAMPLES_MAX:
            self.examples[check].append(Violation(check, where, what))

    @property
    def total(self) -> int:
        """How many violations there are, of all checks together."""
        return sum(self.counts.values())

    @property
    def failed(self) -> list[Check]:
        """The checks that found something, in the order of `Check`."""
        return [check for check in Check if self.counts[check]]
