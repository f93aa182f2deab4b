"""From an outcome to what its sender is told: one body, however it is asked for. Pure."""

from dataclasses import dataclass

from ingress import bodies
from ingress.events import event_answer
from ingress.refusals import Refused, from_refusal
from ingress.shows import Show
from ticketing import messages
from ticketing.clock import rfc3339
from ticketing.messages import AnyOutcome, Refusal, Reservation, ReservationOutcome
from ticketing.tokens import ReservationToken, TokenKeys
from ticketing.vocabulary import (
    ReservationStatus,
    booking_text,
    request_text,
    reservation_text,
)

RESERVATION_TOKEN_LIFE_MS = 24 * 3600 * 1000
"""From the hold on: long enough to finish whatever the show's rules allow, and to look at the booking afterwards."""
CREATED = 201
OK = 200


@dataclass(frozen=True, slots=True)
class Told:
    """A granted request: HTTP status, body, and the path of what it made."""

    status: int
    body: bodies.Answer
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
            body = reservation_answer(outcome.reservation, show, request=request, token=_token(outcome, show, tokens))
            return Told(CREATED, body, f"/api/reservations/{body.reservation}")
        case messages.BookingConfirmed():
            booking = booking_answer(outcome.reservation, show, request=request)
            return Told(CREATED, booking, f"/api/bookings/{booking.booking}")
        case messages.BookingCancelled() | messages.BookingChanged():
            return Told(OK, booking_answer(outcome.reservation, show, request=request))
        case ReservationOutcome():
            return Told(OK, reservation_answer(outcome.reservation, show, request=request))
        case messages.ShowClosed():
            closed = bodies.ShowChangedAnswer(
                message="The sale is closed; what is booked stays booked",
                created_at=rfc3339(outcome.at_ms),
                show=show.text,
                status="closed",
                request=request,
            )
            return Told(OK, closed)
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


def reservation_answer(
    reservation: Reservation, show: Show, *, request: str | None = None, token: str | None = None, admin: bool = False
) -> bodies.ReservationAnswer:
    """A reservation as its owner sees it; admins also see who holds it."""
    seats, areas = priced_places(reservation, show)
    booked = reservation.status in (ReservationStatus.BOOKED, ReservationStatus.CANCELLED)
    return bodies.ReservationAnswer(
        message=_reservation_message(reservation, len(seats) + sum(area.quantity for area in areas)),
        created_at=rfc3339(reservation.held_at_ms),
        reservation=reservation_text(show.row.show, reservation.id),
        show=show.text,
        venue=show.row.venue,
        status=reservation.status,
        seats=seats,
        areas=areas,
        total_amount=reservation.amount,
        currency=show.row.currency,
        expires_at=rfc3339(reservation.expires_at_ms),
        request=request,
        reservation_token=token,
        booking=booking_text(show.row.show, reservation.id) if booked else None,
        external_id=reservation.external_id or None,
        held_by=reservation.account if admin else None,
    )


def booking_answer(
    reservation: Reservation,
    show: Show,
    *,
    request: str | None = None,
    contact: bodies.Contact | None = None,
    notes: str | None = None,
    special_requests: str | None = None,
    admin: bool = False,
) -> bodies.BookingAnswer:
    """A booking as its owner sees it; admins also see who booked it."""
    seats, areas = priced_places(reservation, show)
    cancelled = reservation.status == ReservationStatus.CANCELLED
    return bodies.BookingAnswer(
        message="Booking cancelled" if cancelled else "Booking confirmed",
        created_at=rfc3339(reservation.booked_at_ms),
        booking=booking_text(show.row.show, reservation.id),
        reservation=reservation_text(show.row.show, reservation.id),
        show=show.text,
        venue=show.row.venue,
        status=reservation.status,
        seats=seats,
        areas=areas,
        total_amount=reservation.amount,
        currency=show.row.currency,
        request=request,
        contact=contact,
        notes=notes,
        special_requests=special_requests,
        external_id=reservation.external_id or None,
        booked_by=reservation.account if admin else None,
    )


def priced_places(reservation: Reservation, show: Show) -> tuple[list[bodies.SeatPrice], list[bodies.AreaPrice]]:
    """What the reservation has, by label, with the prices fixed at the hold."""
    layout = show.layout
    seats = [
        bodies.SeatPrice(
            seat=layout.seats[seat].label, category=layout.categories[layout.seats[seat].category].name, price=price
        )
        for seat, price in zip(reservation.seats, reservation.prices, strict=False)
    ]
    areas = [
        bodies.AreaPrice(
            area=layout.areas[area].label,
            category=layout.categories[layout.areas[area].category].name,
            quantity=quantity,
            price=price,
        )
        for (area, quantity), price in zip(
            reservation.areas, reservation.prices[len(reservation.seats) :], strict=False
        )
    ]
    return seats, areas


def _token(outcome: messages.SeatsHeld, show: Show, tokens: TokenKeys) -> str:
    # From the hold's own time, so that a repeat is given the same token.
    reservation = outcome.reservation
    return tokens.sign_reservation(
        ReservationToken(
            show=show.row.show,
            reservation=reservation_text(show.row.show, reservation.id),
            account=reservation.account,
            expires_at_ms=reservation.held_at_ms + RESERVATION_TOKEN_LIFE_MS,
        )
    )


def _reservation_message(reservation: Reservation, places: int) -> str:
    what = "1 place" if places == 1 else f"{places} places"
    match reservation.status:
        case ReservationStatus.HELD:
            return f"{what} held until {rfc3339(reservation.expires_at_ms)}"
        case ReservationStatus.PAYING:
            return f"{what} held while the payment is on its way"
        case ReservationStatus.BOOKED:
            return f"{what} booked"
        case ReservationStatus.RELEASED:
            return f"{what} given back"
        case ReservationStatus.EXPIRED:
            return "The hold has expired"
        case _:
            return f"The reservation is {reservation.status}"
