"""The payments of one show: which booking each paid for, and how much of it is to go back.

A payment is known by its provider and the provider's reference for ever, so the same money counts once however often a
notice of it comes.
"""

import msgspec

from ticketing import messages

PaymentName = tuple[str, str]
"""`(provider, reference)`"""

RefundsBefore = dict[PaymentName, int | None]
"""Of each payment that a batch touches: how much of it was to go back before; None: it was not known."""


class Paid(msgspec.Struct, frozen=True, gc=False):
    """One payment. `accepted`: it paid for the booking; else it came in vain, and all of it goes back."""

    reservation: bytes
    amount: int
    accepted: bool
    refund_due: int = 0

    @property
    def left(self) -> int:
        """What is not to go back."""
        return self.amount - self.refund_due


class Payments:
    """By name, and of each booking the one that it was paid with."""

    __slots__ = ("_of_booking", "by_name")

    def __init__(self) -> None:
        self.by_name: dict[PaymentName, Paid] = {}
        self._of_booking: dict[bytes, PaymentName] = {}

    def put(self, name: PaymentName, paid: Paid) -> None:
        """Make `paid` the truth about a payment."""
        self.by_name[name] = paid
        if paid.accepted:
            self._of_booking[paid.reservation] = name

    def of(self, reservation: bytes) -> tuple[PaymentName, Paid] | None:
        """What a reservation was paid with, if it was."""
        name = self._of_booking.get(reservation)
        return None if name is None else (name, self.by_name[name])

    def paid(self, outcome: messages.BookingConfirmed, before: RefundsBefore) -> None:
        """A booking was made, perhaps with a payment."""
        payment = outcome.payment
        if payment is not None:
            name = payment.provider, payment.reference
            before[name] = None
            self.put(name, Paid(outcome.reservation.id, payment.amount, accepted=True))

    def due_back(self, outcome: messages.RefundDue, before: RefundsBefore) -> None:
        """So much more of a payment is to go back; one that was not known came in vain."""
        name = outcome.provider, outcome.reference
        known = self.by_name.get(name)
        before.setdefault(name, None if known is None else known.refund_due)
        if known is None:
            known = Paid(outcome.reservation_id, outcome.amount, accepted=False)
        self.put(name, msgspec.structs.replace(known, refund_due=known.refund_due + outcome.amount))
