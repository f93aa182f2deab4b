"""The money of one partition as the log tells it: each payment, what it paid for, and how much of it is due back.

Pure. A payment either paid for one booking, or came in vain and goes back whole; never more goes back than came.
"""

from dataclasses import dataclass

from onsale.verify.findings import Check, Findings
from ticketing.messages import BookingConfirmed, Policy, RefundDue, Reservation
from ticketing.vocabulary import ReservationStatus, reservation_text

PaymentKey = tuple[int, str, str]
"""`(show, provider, reference)`"""


@dataclass(frozen=True, slots=True)
class PaymentLife:
    """A payment as the log leaves it."""

    reservation: bytes
    amount: int
    accepted: bool
    refund_due: int


class Money:
    """Judges outcomes that speak of money, in their order."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.payments: dict[PaymentKey, PaymentLife] = {}
        self._paid_with: dict[tuple[int, bytes], PaymentKey] = {}

    def confirmed(self, where: str, outcome: BookingConfirmed, policy: Policy) -> None:
        """A booking was made, with a payment or without one."""
        reservation, payment = outcome.reservation, outcome.payment
        booking = outcome.show, reservation.id
        name = f"{where} {reservation_text(*booking)}"
        if payment is None:
            is_missing = policy.payment_required and reservation.amount > 0
            if is_missing and reservation.status == ReservationStatus.BOOKED and booking not in self._paid_with:
                self._findings.add(Check.PAYMENT, name, "is booked without the payment that its show requires")
            return
        if booking in self._paid_with:
            self._findings.add(Check.PAYMENT, name, "is paid twice")
        key = outcome.show, payment.provider, payment.reference
        known = self.payments.get(key)
        if known is not None and known.reservation != reservation.id:
            other = reservation_text(outcome.show, known.reservation)
            self._findings.add(Check.PAYMENT, name, f"payment {payment.provider} {payment.reference} paid for {other}")
        elif known is not None:
            said = f"payment {payment.provider} {payment.reference} was known before"
            self._findings.add(Check.PAYMENT, name, said)
        if known is None:
            self.payments[key] = PaymentLife(reservation.id, payment.amount, True, 0)
        if payment.amount != reservation.amount:
            self._findings.add(Check.PAYMENT, name, f"costs {reservation.amount}, and {payment.amount} was paid")
        self._paid_with[booking] = key

    def due_back(self, where: str, outcome: RefundDue) -> None:
        """Money is to go back."""
        key = outcome.show, outcome.provider, outcome.reference
        name = f"{where} payment {outcome.provider} {outcome.reference}"
        known = self.payments.get(key)
        if known is None:
            self.payments[key] = PaymentLife(outcome.reservation_id, outcome.amount, False, outcome.amount)
            return
        if known.reservation != outcome.reservation_id:
            other = reservation_text(outcome.show, known.reservation)
            self._findings.add(Check.REFUND, name, f"goes back for another reservation than {other}, which it paid for")
        due = known.refund_due + outcome.amount
        if due > known.amount:
            self._findings.add(Check.REFUND, name, f"{due} is due back of {known.amount}")
        self.payments[key] = PaymentLife(known.reservation, known.amount, known.accepted, due)

    def finish(self, show: int, reservation: Reservation) -> None:
        """A booking's life is over: nothing of what was paid for it may be left."""
        key = self._paid_with.get((show, reservation.id))
        if reservation.status != ReservationStatus.CANCELLED or key is None:
            return
        paid = self.payments[key]
        if paid.refund_due != paid.amount:
            said = f"is cancelled, and of the {paid.amount} paid for it {paid.refund_due} is due back"
            self._findings.add(Check.REFUND, reservation_text(show, reservation.id), said)
