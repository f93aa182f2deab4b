"""What came of the commands: the outcomes, in the past tense. One packed list of them answers each batch."""

from msgspec import Struct

from ticketing.messages.commands import Payment, Policy


class Reservation(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A reservation as it stands after an outcome."""

    id: bytes
    status: str
    version: int
    account: str
    person: str = ""
    seats: tuple[int, ...] = ()
    areas: tuple[tuple[int, int], ...] = ()
    prices: tuple[int, ...] = ()
    """One for each of `seats`, then one for each of `areas` (for one place in it); fixed at the hold."""
    amount: int = 0
    held_at_ms: int = 0
    expires_at_ms: int = 0
    hold_s: int = 0
    booked_at_ms: int = 0
    external_id: str = ""
    payment_until_ms: int = 0
    """How long the first payment stopped expiry, which happens once; 0: none was begun."""
    noted: bool = False
    """Whether something was noted beside the hold that is not on the log."""
    bound: tuple[str, ...] = ()
    """As in the commands that said it: whom the limits of one person bind beside `person`."""


class Why(Struct, frozen=True, omit_defaults=True, gc=False):
    """Why these seats: the rule that found them (`ticketing/best_seats.py`), those that were tried before it, and how
    many single free seats the hold leaves behind."""

    rule: str
    tried: tuple[str, ...] = ()
    orphans_left: int = 0


class Conflict(Struct, frozen=True, omit_defaults=True, gc=False):
    """Why one place could not be had: `held booked blocked allocated unknown already_yours`."""

    reason: str
    seat: int = -1
    area: int = -1
    reservation: bytes = b""
    """With `already_yours`: which of yours it is."""


class Outcome(Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True, gc=False):
    """What every outcome carries: which command it answers, and where in the show's life it stands."""

    show: int
    seq: int
    """The show's sequence number: raised by one by each outcome that changes the show, else the one it stood at."""
    at_ms: int
    offset: int
    index: int = 0
    key: bytes = b""
    account: str = ""
    repeat: bool = False
    """The answer to a command that had been answered before: tells its sender, changes nothing."""
    trace: bytes = b""
    """As in the command that it answers."""


class ShowOpened(Outcome, frozen=True, kw_only=True):
    layout: str
    currency: str
    policy: Policy
    prices: dict[str, int] = {}
    """Category name -> price, where it differs from the layout's."""


class ShowChanged(Outcome, frozen=True, kw_only=True):
    policy: Policy | None = None
    prices: dict[str, int] = {}
    """All prices that differ from the layout's, as they are now; what is held keeps its own."""


class ShowClosed(Outcome, frozen=True, kw_only=True):
    reason: str = ""


class ShowCancelled(Outcome, frozen=True, kw_only=True):
    reason: str = ""


class ReservationOutcome(Outcome, frozen=True, kw_only=True):
    """An outcome of one reservation, which stands in it as it is now."""

    reservation: Reservation


class SeatsHeld(ReservationOutcome, frozen=True, kw_only=True):
    why: Why | None = None
    """For the best available, and for seats picked by hand where the show looks after single seats."""
    left_out: tuple[Conflict, ...] = ()
    """What could not be had of a wish of which a part would do."""
    left_out_total: int = 0


class HoldExtended(ReservationOutcome, frozen=True, kw_only=True):
    pass


class HoldReleased(ReservationOutcome, frozen=True, kw_only=True):
    """Of all of it, or of some seats: then the reservation is held on without them."""

    freed: tuple[int, ...] = ()
    """The seats, where they are not all that it had."""


class HoldExpired(ReservationOutcome, frozen=True, kw_only=True):
    pass


class PaymentBegun(ReservationOutcome, frozen=True, kw_only=True):
    provider: str = ""


class PaymentFailed(ReservationOutcome, frozen=True, kw_only=True):
    reason: str = ""


class BookingConfirmed(ReservationOutcome, frozen=True, kw_only=True):
    payment: Payment | None = None


class BookingChanged(ReservationOutcome, frozen=True, kw_only=True):
    freed: tuple[int, ...] = ()
    amount_before: int = 0


class BookingCancelled(ReservationOutcome, frozen=True, kw_only=True):
    reason: str = ""


class Refusal(Outcome, frozen=True, kw_only=True):
    """A "no", with the reason in `code` (`ticketing/problems.py` tells its meaning and HTTP status)."""

    code: str
    detail: str = ""
    conflicts: tuple[Conflict, ...] = ()
    conflicts_total: int = 0
    alternatives: tuple[tuple[int, ...], ...] = ()
    fingerprint: bytes = b""
    until_ms: int = 0
    """From when on the same may be asked anew, where it is a matter of waiting; 0: nobody knows."""

    @property
    def wait_s(self) -> int | None:
        """How long that is from this answer on, in whole seconds."""
        return -(-(self.until_ms - self.at_ms) // 1000) if self.until_ms > self.at_ms else None


class HoldRefused(Refusal, frozen=True, kw_only=True):
    pass


class BookingRefused(Refusal, frozen=True, kw_only=True):
    pass


class ChangeRefused(Refusal, frozen=True, kw_only=True):
    pass


class CommandRejected(Refusal, frozen=True, kw_only=True):
    pass


class ManyHeld(Outcome, frozen=True, kw_only=True):
    reservations: tuple[Reservation, ...] = ()


class AllocationSet(Outcome, frozen=True, kw_only=True):
    allocation: str = ""
    share: int = 0
    borrow: int = 0
    give_back_at_ms: int = 0
    category: str = ""


class AllocationReturned(Outcome, frozen=True, kw_only=True):
    allocation: str = ""
    category: str = ""
    places: int = 0
    """How many were still kept: anybody's from now on."""
    give_back_at_ms: int = 0
    """The time that had been set and has come; 0: an operator takes it back."""


class SeatsBlocked(Outcome, frozen=True, kw_only=True):
    seats: tuple[int, ...] = ()
    reason: str = ""


class SeatsUnblocked(Outcome, frozen=True, kw_only=True):
    seats: tuple[int, ...] = ()


class RefundDue(Outcome, frozen=True, kw_only=True):
    """Money is to go back: all of a payment that booked nothing, or what a booking no longer costs."""

    reservation_id: bytes = b""
    provider: str = ""
    reference: str = ""
    amount: int = 0
    reason: str = ""
    """Why, in the words of `ticketing/problems.py` where the payment came in vain."""
    owner: str = ""
    """Whose reservation it is; empty where there is no such reservation."""


AnyOutcome = (
    ShowOpened | ShowChanged | ShowClosed | ShowCancelled | SeatsHeld | HoldRefused | ManyHeld | HoldExtended
    | HoldReleased | PaymentBegun | PaymentFailed | BookingConfirmed | BookingRefused | BookingChanged | ChangeRefused
    | BookingCancelled | HoldExpired | AllocationSet | AllocationReturned | SeatsBlocked | SeatsUnblocked | RefundDue
    | CommandRejected
)  # fmt: skip
