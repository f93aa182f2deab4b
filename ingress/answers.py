"""From an outcome to what its sender is told: one body, however it is asked for. Pure."""

from msgspec import Struct

from ingress import bodies
from ingress.events import event_answer
from ingress.orders import order_answer
from ingress.refusals import Refused, from_refusal
from ingress.shows import Show
from ticketing import messages
from ticketing.clock import rfc3339
from ticketing.finishing import finishing_token
from ticketing.messages import AnyOutcome, Refusal, ReservationOutcome
from ticketing.telling import (
    Answer,
    booking_answer,
    changed_answer,
    held_answer,
    held_together_answer,
    reservation_answer,
)
from ticketing.tokens import TokenKeys
from ticketing.vocabulary import request_text

CREATED = 201
OK = 200


class Told(Struct, frozen=True):
    """A granted request: HTTP status, body, and the path of what it made."""

    status: int
    body: Answer
    location: str | None = None


def request_of(outcome: AnyOutcome, part: int, log_gen: int) -> str:
    """The id of the request that the outcome answers."""
    return request_text(part, log_gen, outcome.offset)


def tell(outcome: AnyOutcome, show: Show, request: str, tokens: TokenKeys) -> Told:
    """What the sender of the command is told. Raises `Refused` for a "no"."""
    if isinstance(outcome, Refusal):
        raise from_refusal(outcome, show.layout, request)
    match outcome:
        case messages.SeatsHeld():
            token = finishing_token(show.row.show, outcome.reservation, tokens)
            body = held_answer(outcome, show.where, request=request, token=token)
            return Told(CREATED, body, f"/api/reservations/{body.reservation}")
        case messages.ManyHeld():
            tokens_of = [finishing_token(show.row.show, it, tokens) for it in outcome.reservations]
            return Told(CREATED, held_together_answer(outcome, show.where, request=request, tokens=tokens_of))
        case messages.BookingConfirmed():
            booking = booking_answer(outcome.reservation, show.where, request=request)
            return Told(CREATED, booking, f"/api/bookings/{booking.booking}")
        case messages.BookingChanged():
            return Told(OK, changed_answer(outcome, show.where, request=request))
        case messages.BookingCancelled():
            return Told(OK, booking_answer(outcome.reservation, show.where, request=request))
        case ReservationOutcome():
            return Told(OK, reservation_answer(outcome.reservation, show.where, request=request))
        case messages.ShowCancelled():
            cancelled = bodies.ShowChangedAnswer(
                message="The show is cancelled; its bookings end now, and what was paid for them goes back",
                created_at=rfc3339(outcome.at_ms),
                show=show.text,
                status="cancelled",
                request=request,
            )
            return Told(OK, cancelled)
        case messages.ShowClosed():
            closed = bodies.ShowChangedAnswer(
                message="The sale is closed; what is booked stays booked",
                created_at=rfc3339(outcome.at_ms),
                show=show.text,
                status="closed",
                request=request,
            )
            return Told(OK, closed)
        case (
            messages.ShowChanged() | messages.SeatsBlocked() | messages.SeatsUnblocked() | messages.AllocationSet()
            | messages.AllocationReturned()
        ):  # fmt: skip
            return Told(OK, order_answer(outcome, show, request))
        case messages.ShowOpened():
            opened = event_answer(
                show,
                status="open",
                counts={"total": show.row.places, "available": show.row.places, "held": 0, "booked": 0},
                now_ms=outcome.at_ms,
                message="The show is open",
                request=request,
            )
            return Told(CREATED, opened, f"/api/events/{show.text}")
        case _:
            raise Refused("internal_error", f"nothing is known to say of {type(outcome).__name__}", request=request)
