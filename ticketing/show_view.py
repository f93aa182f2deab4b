"""What people see of a show: a snapshot, moved on by outcomes. Never asked for a decision.

`apply` is idempotent and order-checked by the show's sequence number: what the snapshot already holds changes nothing,
and a missing number is an error, because a view that skipped one would be wrong for ever.
"""

from dataclasses import dataclass

from ticketing.layout import Layout
from ticketing.messages import (
    AnyOutcome,
    BookingChanged,
    HoldReleased,
    ManyHeld,
    Reservation,
    ReservationOutcome,
    SeatsBlocked,
    SeatsUnblocked,
    ShowCancelled,
    ShowClosed,
)
from ticketing.vocabulary import UNPAID_STATUSES, ReservationStatus, SeatStatus, ShowStatus

AVAILABLE, HELD, BOOKED, BLOCKED = range(4)
STATUS_NAMES = (SeatStatus.AVAILABLE, SeatStatus.HELD, SeatStatus.BOOKED, SeatStatus.BLOCKED)


class SequenceGap(Exception):
    """An outcome of the show is missing before this one: load a snapshot."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one outcome changed for everybody: `(seat, status)` and `(area, places left)`."""

    seq: int
    seats: tuple[tuple[int, int], ...]
    areas: tuple[tuple[int, int], ...]


def is_change(outcome: AnyOutcome) -> bool:
    """Whether the outcome changed its show, so that it has a sequence number of its own.

    Refusals and repeats carry the number that the show stood at.
    """
    return not outcome.repeat and not hasattr(outcome, "code")


class ShowView:
    """Seat statuses (one byte each, index = seat number) and counts of one show."""

    def __init__(self, layout: Layout, *, seq: int = 0, status: str = ShowStatus.OPEN) -> None:
        self.layout = layout
        self.seq = seq
        self.status = status
        self.seats = bytearray(len(layout.seats))
        self.areas_held = [0] * len(layout.areas)
        self.areas_booked = [0] * len(layout.areas)
        self._held: dict[bytes, bool] = {}

    def load(self, reservation: bytes, status: str, seats: tuple[int, ...], areas: tuple[tuple[int, int], ...]) -> None:
        """Take one live reservation of a snapshot into the view, or the seats that are `blocked`."""
        if status == SeatStatus.BLOCKED:
            for seat in seats:
                self.seats[seat] = BLOCKED
            return
        self._place(Reservation(id=reservation, status=status, version=0, account="", seats=seats, areas=areas))

    def area_left(self, area: int) -> int:
        """Places of an area that can still be had."""
        return self.layout.areas[area].capacity - self.areas_held[area] - self.areas_booked[area]

    def counts(self) -> dict[str, int]:
        """`{"total", "available", "held", "booked", "blocked"}` over seats and areas, in places."""
        held = self.seats.count(HELD) + sum(self.areas_held)
        booked = self.seats.count(BOOKED) + sum(self.areas_booked)
        blocked = self.seats.count(BLOCKED)
        total = self.layout.places
        return {
            "total": total,
            "available": total - held - booked - blocked,
            "held": held,
            "booked": booked,
            "blocked": blocked,
        }

    def apply(self, outcome: AnyOutcome) -> Change | None:
        """Move on by one outcome; None where it changes nothing that people see.

        Raises:
            SequenceGap: an earlier outcome of this show has not been seen.
        """
        if not is_change(outcome) or outcome.seq <= self.seq:
            return None
        if outcome.seq != self.seq + 1:
            raise SequenceGap(f"the view stands at {self.seq}, the outcome at {outcome.seq}")
        self.seq = outcome.seq
        if isinstance(outcome, ReservationOutcome):
            freed = outcome.freed if isinstance(outcome, HoldReleased | BookingChanged) else ()
            return self._place(outcome.reservation, freed)
        if isinstance(outcome, ShowClosed):
            self.status = ShowStatus.CLOSED
        elif isinstance(outcome, ShowCancelled):
            self.status = ShowStatus.CANCELLED
        elif isinstance(outcome, ManyHeld):
            changes = [self._place(reservation) for reservation in outcome.reservations]
            # An area of several holds is told as it stands after the last of them.
            areas = {area: left for change in changes for area, left in change.areas}
            return Change(self.seq, tuple(it for change in changes for it in change.seats), tuple(areas.items()))
        elif isinstance(outcome, SeatsBlocked | SeatsUnblocked):
            mark = BLOCKED if isinstance(outcome, SeatsBlocked) else AVAILABLE
            for seat in outcome.seats:
                self.seats[seat] = mark
            return Change(self.seq, tuple((seat, mark) for seat in outcome.seats), ())
        return Change(self.seq, (), ())

    def _place(self, reservation: Reservation, freed: tuple[int, ...] = ()) -> Change:
        was_held = self._held.pop(reservation.id, None)
        now_held = reservation.status in UNPAID_STATUSES
        now_booked = reservation.status == ReservationStatus.BOOKED
        mark = HELD if now_held else BOOKED if now_booked else AVAILABLE
        changed = [seat for seat in reservation.seats if self.seats[seat] != mark]
        for seat in changed:
            self.seats[seat] = mark
        for seat in freed:
            self.seats[seat] = AVAILABLE
        for area, quantity in reservation.areas:
            if was_held is not None:
                self._count(area, -quantity, held=was_held)
            if now_held or now_booked:
                self._count(area, quantity, held=now_held)
        if now_held or now_booked:
            # Booked ones stay known as well: a cancellation must know which count to lower.
            self._held[reservation.id] = now_held
        areas = tuple((area, self.area_left(area)) for area, _ in reservation.areas)
        seats = (*((seat, mark) for seat in changed), *((seat, AVAILABLE) for seat in freed))
        return Change(self.seq, seats, areas)

    def _count(self, area: int, by: int, *, held: bool) -> None:
        (self.areas_held if held else self.areas_booked)[area] += by
