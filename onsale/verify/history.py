"""The log of one partition, read from its first batch on: each show, seat, area and reservation lives again.

Pure: batches in, violations out. What it keeps in memory grows with what is live and with the number of reservations
(a version and a digest each, once they have ended), never with the length of the log.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from onsale.verify.findings import Check, Findings
from onsale.verify.money import Money
from ticketing.messages import (
    AllocationReturned,
    AllocationSet,
    AnyOutcome,
    BookingCancelled,
    BookingConfirmed,
    ManyHeld,
    Policy,
    RefundDue,
    Reservation,
    ReservationOutcome,
    SeatsBlocked,
    SeatsUnblocked,
    ShowCancelled,
    ShowChanged,
    ShowClosed,
    ShowOpened,
    Undecodable,
    decode_outcomes,
    encode,
)
from ticketing.show_view import is_change
from ticketing.vocabulary import (
    BLOCKED_BY,
    LIVE_STATUSES,
    NEW,
    RESERVATION_EDGES,
    ShowStatus,
    reservation_text,
    show_text,
)

CHAIN_START = bytes(32)
DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class LoggedBatch:
    """One row of `outcome_log`."""

    part: int
    batch_seq: int
    log_gen: int
    first_offset: int
    next_offset: int
    chain: bytes
    payload: bytes
    decided_at_ms: int = 0
    decider_version: int = 0

    @property
    def name(self) -> str:
        """How reports call it."""
        return f"part {self.part} batch {self.batch_seq}"


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a partition's log stands after a batch; at first, before all of them."""

    batch_seq: int = 0
    log_gen: int = 0
    next_offset: int = 0
    chain: bytes = CHAIN_START
    last_now_ms: int = 0

    def after(self, batch: LoggedBatch, outcomes: Sequence[AnyOutcome]) -> "Stand":
        """Where it stands after the next one."""
        last_now_ms = max([self.last_now_ms, *(outcome.at_ms for outcome in outcomes)])
        return Stand(batch.batch_seq, batch.log_gen, batch.next_offset, batch.chain, last_now_ms)


@dataclass(slots=True)
class ShowLife:
    """A show as the log leaves it."""

    seq: int = 0
    status: str = ""
    layout: str = ""
    currency: str = ""
    policy: Policy = field(default_factory=Policy)
    prices: dict[str, int] = field(default_factory=dict)
    allocations: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """A reservation that owns nothing any more: enough to go on from, and to compare with its row."""

    status: str
    version: int
    digest: bytes


def digest(reservation: Reservation) -> bytes:
    """16 bytes that differ when any field does."""
    return hashlib.blake2b(encode(reservation), digest_size=DIGEST_BYTES).digest()


class PartHistory:
    """What has happened in one partition, up to the last batch that was read.

    `capacities`: `(show, area_no)` -> places. `only_show`: judge the outcomes of this show alone (batches are judged
    whole all the same).
    """

    def __init__(
        self, part: int, findings: Findings, capacities: dict[tuple[int, int], int], only_show: int | None = None
    ) -> None:
        self.part = part
        self.findings = findings
        self.only_show = only_show
        self.capacities = capacities
        self.batch_seq = 0
        self.log_gen = 0
        self.next_offset = 0
        self.chain = CHAIN_START
        self.outcomes = 0
        self.shows: dict[int, ShowLife] = {}
        self.live: dict[tuple[int, bytes], Reservation] = {}
        self.ended: dict[tuple[int, bytes], Ended] = {}
        self.seat_owner: dict[tuple[int, int], bytes] = {}
        self.area_taken: dict[tuple[int, int], int] = {}
        self.money = Money(findings)
        self._cancelled: dict[tuple[int, bytes], Reservation] = {}
        """Bookings that the batch has cancelled: their refunds may stand behind them."""

    def begin_after(self, stand: Stand) -> None:
        """The batches up to there were removed: begin behind them."""
        self.batch_seq, self.log_gen, self.next_offset = stand.batch_seq, stand.log_gen, stand.next_offset
        self.chain = stand.chain

    def read(self, batch: LoggedBatch) -> None:
        """Take the next batch; they come in ascending order of batch_seq."""
        self._judge_frame(batch)
        try:
            outcomes = decode_outcomes(batch.payload)
        except Undecodable as error:
            self.findings.add(Check.PAYLOAD, batch.name, f"cannot be read: {error}")
            return
        for outcome in outcomes:
            self.outcomes += 1
            if not batch.first_offset <= outcome.offset < batch.next_offset:
                span = f"{batch.first_offset} to {batch.next_offset - 1}"
                self.findings.add(Check.OFFSETS, batch.name, f"answers offset {outcome.offset}, but decided {span}")
            if self.only_show is None or outcome.show == self.only_show:
                self._follow(batch.name, outcome)
        for (show, _), reservation in self._cancelled.items():
            self.money.finish(show, reservation)
        self._cancelled.clear()

    def _judge_frame(self, batch: LoggedBatch) -> None:
        if batch.batch_seq != self.batch_seq + 1:
            self.findings.add(Check.BATCH_SEQ, batch.name, f"follows batch {self.batch_seq}")
        if batch.log_gen < self.log_gen:
            self.findings.add(Check.OFFSETS, batch.name, f"log_gen goes back from {self.log_gen} to {batch.log_gen}")
        # A new log_gen means that the log lost an end: where it goes on is then no longer bound to the past.
        if batch.log_gen == self.log_gen and batch.first_offset != self.next_offset:
            began = f"begins at {batch.first_offset}, the one before ended at {self.next_offset}"
            self.findings.add(Check.OFFSETS, batch.name, began)
        if batch.next_offset < batch.first_offset:
            self.findings.add(Check.OFFSETS, batch.name, f"ends at {batch.next_offset}, before it begins")
        expected = hashlib.sha256(self.chain + batch.payload).digest()
        if batch.chain != expected:
            self.findings.add(Check.CHAIN, batch.name, f"is {batch.chain.hex()[:16]}…, not {expected.hex()[:16]}…")
        self.batch_seq = batch.batch_seq
        self.log_gen = batch.log_gen
        self.next_offset = batch.next_offset
        self.chain = batch.chain

    def _follow(self, where: str, outcome: AnyOutcome) -> None:
        show = self.shows.get(outcome.show)
        if not is_change(outcome):
            if show is not None and outcome.seq > show.seq:
                said = f"{type(outcome).__name__} speaks of seq {outcome.seq}, the show stands at {show.seq}"
                self.findings.add(Check.SHOW_SEQ, f"{where} {show_text(outcome.show)}", said)
            return
        if show is None:
            show = self.shows[outcome.show] = ShowLife()
            if not isinstance(outcome, ShowOpened):
                said = f"begins with {type(outcome).__name__}"
                self.findings.add(Check.SHOW_SEQ, f"{where} {show_text(outcome.show)}", said)
        if outcome.seq != show.seq + 1:
            said = f"{type(outcome).__name__} has seq {outcome.seq}, after {show.seq}"
            self.findings.add(Check.SHOW_SEQ, f"{where} {show_text(outcome.show)}", said)
        show.seq = outcome.seq
        if isinstance(outcome, ReservationOutcome):
            self._step(where, outcome.show, outcome.reservation)
            if isinstance(outcome, BookingConfirmed):
                self.money.confirmed(where, outcome, show.policy)
            elif isinstance(outcome, BookingCancelled):
                self._cancelled[outcome.show, outcome.reservation.id] = outcome.reservation
        elif isinstance(outcome, ManyHeld):
            for reservation in outcome.reservations:
                self._step(where, outcome.show, reservation)
        elif isinstance(outcome, SeatsBlocked | SeatsUnblocked):
            self._block(where, outcome)
        elif isinstance(outcome, RefundDue):
            self.money.due_back(where, outcome)
        else:
            _change_show(show, outcome)

    def _step(self, where: str, show: int, after: Reservation) -> None:
        key = (show, after.id)
        before = self.live.pop(key, None)
        past = before or self.ended.pop(key, None)
        status, version = (past.status, past.version) if past else (NEW, 0)
        name = f"{where} {reservation_text(show, after.id)}"
        if after.status not in RESERVATION_EDGES[status]:
            self.findings.add(Check.RESERVATION_PATH, name, f"goes from {status} to {after.status}")
        if after.version != version + 1:
            self.findings.add(Check.RESERVATION_PATH, name, f"goes from version {version} to {after.version}")
        if before is not None:
            self._free(show, before)
        if after.status in LIVE_STATUSES:
            self._take(name, show, after)
            self.live[key] = after
        else:
            self.ended[key] = Ended(after.status, after.version, digest(after))

    def _free(self, show: int, reservation: Reservation) -> None:
        for seat in reservation.seats:
            if self.seat_owner.get((show, seat)) == reservation.id:
                del self.seat_owner[show, seat]
        for area, quantity in reservation.areas:
            self.area_taken[show, area] = self.area_taken.get((show, area), 0) - quantity

    def _take(self, name: str, show: int, reservation: Reservation) -> None:
        for seat in reservation.seats:
            owner = self.seat_owner.setdefault((show, seat), reservation.id)
            if owner != reservation.id:
                self.findings.add(Check.SEAT_OWNER, name, f"seat {seat} belongs to {reservation_text(show, owner)}")
        for area, quantity in reservation.areas:
            taken = self.area_taken[show, area] = self.area_taken.get((show, area), 0) + quantity
            capacity = self.capacities.get((show, area), 0)
            if taken > capacity:
                self.findings.add(Check.AREA_CAPACITY, name, f"area {area}: {taken} taken of {capacity}")

    def _block(self, where: str, outcome: SeatsBlocked | SeatsUnblocked) -> None:
        """Blocked seats are nobody's, and were nobody's before."""
        before, after = (None, BLOCKED_BY) if isinstance(outcome, SeatsBlocked) else (BLOCKED_BY, None)
        for seat in outcome.seats:
            if self.seat_owner.pop((outcome.show, seat), None) != before:
                said = f"{type(outcome).__name__} of seat {seat}, which is {'taken' if after else 'not blocked'}"
                self.findings.add(Check.SEAT_OWNER, f"{where} {show_text(outcome.show)}", said)
            if after is not None:
                self.seat_owner[outcome.show, seat] = after


def _change_show(show: ShowLife, outcome: AnyOutcome) -> None:
    if isinstance(outcome, ShowOpened):
        show.status = ShowStatus.OPEN
        show.layout = outcome.layout
        show.currency = outcome.currency
        show.policy = outcome.policy
        show.prices = outcome.prices
    elif isinstance(outcome, ShowClosed):
        show.status = ShowStatus.CLOSED
    elif isinstance(outcome, ShowCancelled):
        show.status = ShowStatus.CANCELLED
    elif isinstance(outcome, AllocationSet):
        kept = {name: getattr(outcome, name) for name in ("share", "borrow", "give_back_at_ms")}
        show.allocations[_share_of(outcome)] = {name: value for name, value in kept.items() if value}
    elif isinstance(outcome, AllocationReturned) and outcome.give_back_at_ms:
        show.allocations.get(_share_of(outcome), {})["said_back_at_ms"] = outcome.at_ms
    elif isinstance(outcome, AllocationReturned):
        show.allocations.pop(_share_of(outcome), None)
    elif isinstance(outcome, ShowChanged):
        show.policy = outcome.policy or show.policy
        show.prices = outcome.prices


def _share_of(outcome: AllocationSet | AllocationReturned) -> str:
    """The name under which the table keeps a share."""
    return f"{outcome.allocation} {outcome.category}".rstrip()
