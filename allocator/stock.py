"""What the allocator knows of a partition: every open show with its free places, owners and live reservations.

`PartitionState` moves only by `evolve`, from outcomes: what is decided is one thing, what it does to the stock another.
"""

from collections import OrderedDict
from collections.abc import MutableMapping

from allocator.allocations import count_free, count_taken, shares_by_category
from allocator.draft import Draft, Record, ShowDraft, Verdict
from allocator.errors import MemoryDiffers
from allocator.losses import Loss, Wish
from allocator.orders import CarriedOut, carry_out
from allocator.patience import UnpaidHolds
from allocator.payments import Payments
from allocator.put_away import PutAway
from allocator.remembering import RememberedRefusals, is_remembered
from allocator.terms import ShowTerms, terms_of
from ticketing import messages
from ticketing.having.allocation import Allocations
from ticketing.having.shares import free_seats_by_category
from ticketing.layout import Layout
from ticketing.seating_plan import plan_of
from ticketing.vocabulary import (
    BLOCKED_BY,
    LIVE_STATUSES,
    RECENT_KEYS_MAX,
    ReservationStatus,
    ShowStatus,
)

RECALLED_MAX = 10_000
"""Ended reservations kept in memory for late questions; older ones are read from their rows."""

BOOKED = ReservationStatus.BOOKED  # looked up once: see holding.py


class ShowStock:
    """The stock of one show. `free[seat]` is 1 for each seat that can be had; `owners` names who has the others."""

    def __init__(self, terms: ShowTerms, layout: Layout, *, status: str = ShowStatus.OPEN, seq: int = 0) -> None:
        self.terms = terms
        self.layout = layout
        self.status = status
        self.seq = seq
        self.plan = plan_of(layout)
        self.category_names = tuple(category.name for category in layout.categories)
        self.category_prices = layout.category_prices(terms.prices)
        self.free = bytearray(b"\x01") * len(layout.seats)
        self.owners: MutableMapping[int, bytes] = {}
        self.area_taken = [0] * len(layout.areas)
        self.area_booked = [0] * len(layout.areas)
        self.seats_booked = 0
        self.seats_blocked = 0
        self.live: MutableMapping[bytes, Record] = {}
        self.ended: set[bytes] = set()
        self.orders: tuple[Verdict, ...] = ()
        """The last ones of its operators, by command key."""
        self.recalled: OrderedDict[bytes, Record] = OrderedDict()
        self.held_by_person: dict[str, int] = {}
        """Places, without those at whole tables, which have a count of their own."""
        self.tables_by_person: dict[str, int] = {}
        self.holds_by_person: dict[str, int] = {}
        self.booked_by_person: dict[str, int] = {}
        self.taken_by_bound: dict[str, int] = {}
        """As `held_by_person` and `booked_by_person` together, of e-mail addresses and what was paid with."""
        self.unpaid = UnpaidHolds()
        self.taken_by_partner = dict.fromkeys(terms.allocations, 0)
        """Places held and booked, of those partners for whom some are kept, by the allocation's name."""
        self.shares_by_category = shares_by_category(terms.allocations, self.plan.categories)
        self.free_in = free_seats_by_category(self) if self.shares_by_category else []
        """Seats that can be had, by category; counted only while shares of categories are kept."""
        self.payments = Payments()
        self.offers: dict[tuple[str, int], tuple[tuple[int, ...], ...]] = {}
        """Alternatives for those who lost, by category and quantity, as long as nothing changes (`seq`)."""
        self.losses: dict[Wish, Loss] = {}
        """What was said of the same wish, as long as nothing changes; at most `LOSSES_KEPT_MAX`."""

    @property
    def policy(self) -> messages.Policy:
        """Its rules as they are now."""
        return self.terms.policy

    @property
    def allocations(self) -> Allocations:
        """What of it is kept for partners."""
        return self.terms.allocations

    def find(self, reservation: bytes) -> Record | None:
        """The reservation, live or ended, as far as memory holds it; see `is_forgotten`."""
        return self.live.get(reservation) or self.recalled.get(reservation)

    def is_forgotten(self, reservation: bytes | None) -> bool:
        """Whether it ended so long ago that its row must be read (`recall`) before anything is decided over it."""
        return reservation in self.ended and reservation not in self.recalled

    def recall(self, record: Record) -> None:
        """Keep an ended reservation at hand; the least recently ended is forgotten when there are too many."""
        self.recalled[record.reservation.id] = record
        if len(self.recalled) > RECALLED_MAX:
            self.recalled.popitem(last=False)

    def load(self, record: Record) -> None:
        """Take one live reservation from its row, at a claim. Seats are loaded from their own rows."""
        reservation = record.reservation
        self.live[reservation.id] = record
        self._count(reservation, +1)

    def load_seat(self, seat: int, reservation: bytes) -> None:
        """Take one taken seat from its row, at a claim."""
        self.free[seat] = 0
        if self.free_in:
            count_free(self, (seat,), -1)
        self.owners[seat] = reservation
        self.seats_blocked += reservation == BLOCKED_BY

    def place(self, record: Record, draft: ShowDraft) -> None:
        """Make `record` the truth about its reservation: seats, areas, counts and all."""
        new = record.reservation
        old = self.live.get(new.id)
        noted = draft.reservations.get(new.id)
        draft.reservations[new.id] = (new.version - 1 or None) if noted is None else noted[0], record
        for area, _ in new.areas:
            if area not in draft.areas:
                draft.areas[area] = self.area_taken[area]
        owns = new.status in LIVE_STATUSES
        if old is not None and old.reservation.seats != new.seats:
            self._reshape(old.reservation, new, draft, owns=owns)
        elif new.seats and owns == (old is None):
            self.move_seats(new.id, new.seats, draft, owns=owns)
        if old is not None:
            self._count(old.reservation, -1)
        if owns:
            self.live[new.id] = record
            self._count(new, +1)
            if old is None and new.version > 1:  # an expired one that came back
                self.ended.discard(new.id)
                self.recalled.pop(new.id, None)
                self.unpaid.forgive(new.person or new.account, new.held_at_ms)
        else:
            self.live.pop(new.id, None)
            self.ended.add(new.id)
            self.recall(record)
            if not new.booked_at_ms:
                self.unpaid.note(new.person or new.account, new.held_at_ms)

    def _reshape(self, old: messages.Reservation, new: messages.Reservation, draft: ShowDraft, *, owns: bool) -> None:
        """Other seats than before: what it has no more is free, what is new to it is its own."""
        draft.reshaped.append(new.id)
        kept = set(new.seats) if owns else set()
        self.move_seats(new.id, tuple(seat for seat in old.seats if seat not in kept), draft, owns=False)
        kept.difference_update(old.seats)
        self.move_seats(new.id, tuple(seat for seat in new.seats if seat in kept), draft, owns=True)

    def move_seats(self, id: bytes, seats: tuple[int, ...], draft: ShowDraft, *, owns: bool) -> None:
        """The seats are `id`'s from now on, or nobody's where they were `id`'s."""
        if self.free_in:
            count_free(self, seats, -1 if owns else 1)
        for seat in seats:
            self.expect_owner(seat, None if owns else id)
            draft.seats.setdefault(seat, self.owners.get(seat))
            if owns:
                self.owners[seat] = id
            else:
                del self.owners[seat]
            self.free[seat] = not owns

    def expect_owner(self, seat: int, owner: bytes | None) -> None:
        """Refuse a decision that sells a seat twice: netted, it would reach the tables as a lawful move.

        Raises:
            MemoryDiffers: somebody else has the seat.
        """
        if self.owners.get(seat) != owner:
            raise MemoryDiffers(f"seat {seat} of show {self.terms.show} was decided about as if it were {owner!r}'s")

    def _count(self, reservation: messages.Reservation, sign: int) -> None:
        """Add (+1) or take away (-1) one live reservation from the counts."""
        booked = reservation.status == BOOKED
        places = len(reservation.seats)
        for area, quantity in reservation.areas:
            places += quantity
            self.area_taken[area] += sign * quantity
            if booked:
                self.area_booked[area] += sign * quantity
        if self.taken_by_partner:
            count_taken(self, reservation, sign)
        person = reservation.person
        if person and self.layout.tables and (whole := self.layout.whole_tables(reservation.seats)):
            places -= sum(table.count for table in whole)
            if not booked:
                _add(self.tables_by_person, person, sign * len(whole))
        if booked:
            self.seats_booked += sign * len(reservation.seats)
            if person:
                _add(self.booked_by_person, person, sign * places)
        elif person:  # as `_add` does, spelled out for the sake of each hold
            held = self.held_by_person.pop(person, 0) + sign * places
            if held:
                self.held_by_person[person] = held
            holds = self.holds_by_person.pop(person, 0) + sign
            if holds:
                self.holds_by_person[person] = holds
        for name in reservation.bound:
            _add(self.taken_by_bound, name, sign * places)


def _add(counts: dict[str, int], person: str, by: int) -> None:
    """Count for a person; whose count is nothing is not in the table."""
    count = counts.pop(person, 0) + by
    if count:
        counts[person] = count


class PartitionState:
    """All that one partition's decider knows. `last_now_ms` is the log's time, which never goes back."""

    def __init__(self, part: int, last_now_ms: int = 0) -> None:
        self.part = part
        self.last_now_ms = last_now_ms
        self.shows: dict[int, ShowStock] = {}
        self.layouts: dict[tuple[str, bytes], Layout] = {}
        """By id and sha256; the service reads those that an `OpenShow` names before it is decided."""
        self.refusals = RememberedRefusals()
        self.put_away = PutAway()

    def evolve(self, command: messages.Command | None, outcome: messages.AnyOutcome, draft: Draft) -> None:
        """Let one outcome of `command` happen. Refusals and repeats change nothing of the stock."""
        draft.outcomes.append(outcome)
        # Nearly all are of that kind, and told by it sooner than by what it has grown from.
        if type(outcome) is messages.HoldRefused or isinstance(outcome, messages.Refusal):
            if is_remembered(outcome):
                self.refusals.remember(outcome)
            return
        if outcome.repeat or command is None:
            return
        if isinstance(outcome, messages.ShowOpened):
            assert isinstance(command, messages.OpenShow)
            self._open(command, outcome, draft)
            return
        show = self.shows[outcome.show]
        touched = draft.shows.get(outcome.show)
        if touched is None:
            touched = draft.shows[outcome.show] = ShowDraft(show.seq)
        show.seq = outcome.seq
        show.offers.clear()
        show.losses.clear()
        if show.unpaid:
            show.unpaid.forget(outcome.at_ms)
        if isinstance(outcome, messages.ReservationOutcome):
            show.place(_record(show, command, outcome), touched)
            if isinstance(outcome, messages.BookingConfirmed):
                show.payments.paid(outcome, touched.payments)
        elif isinstance(outcome, messages.ManyHeld):
            for reservation in outcome.reservations:
                show.place(Record(reservation, command.fingerprint), touched)
        elif isinstance(outcome, messages.RefundDue):
            show.payments.due_back(outcome, touched.payments)
        elif isinstance(outcome, CarriedOut):
            carry_out(show, command, outcome, touched)

    def _open(self, command: messages.OpenShow, outcome: messages.ShowOpened, draft: Draft) -> None:
        terms = terms_of(command, outcome.at_ms)
        self.shows[command.show] = ShowStock(
            terms, self.layouts[command.layout, command.layout_sha256], seq=outcome.seq
        )
        draft.shows[command.show] = ShowDraft(None)


def _record(show: ShowStock, command: messages.Command, outcome: messages.ReservationOutcome) -> Record:
    old = show.find(outcome.reservation.id) if outcome.reservation.version > 1 else None
    if old is None:
        return Record(outcome.reservation, command.fingerprint)
    recent = old.recent
    if command.keyed:
        verdict = (command.key, command.fingerprint, type(outcome).__name__)
        recent = (*recent, verdict)[-RECENT_KEYS_MAX:]
    return Record(outcome.reservation, old.fingerprint, recent)
