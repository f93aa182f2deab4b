"""What we answer to those who buy: a reservation, a booking, and why a place was not to be had. By label, with prices.

One body for every door, whenever it is asked for. Times are RFC 3339 in UTC, money is in minor units of `currency`.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ticketing.clock import rfc3339
from ticketing.labels import PlaceConflict, place_conflict
from ticketing.layout import Layout
from ticketing.messages import BookingChanged, Conflict, ManyHeld, Reservation, SeatsHeld, Why
from ticketing.vocabulary import ReservationStatus, booking_text, reservation_text, show_text


class Where(Struct, frozen=True):
    """What a show adds to its reservations when they are told."""

    show: int
    venue: str
    currency: str
    layout: Layout


class Answer(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What every success carries."""

    message: str
    created_at: str


class SeatPrice(Struct, kw_only=True, omit_defaults=True):
    seat: str
    category: str
    price: int


class AreaPrice(Struct, kw_only=True, omit_defaults=True):
    """`price` is that of one place."""

    area: str
    category: str
    quantity: int
    price: int


class WhyThese(Struct, kw_only=True):
    """Why these seats: the rule that found them, those tried before it, the single free seats they leave behind."""

    rule: str
    tried: tuple[str, ...]
    orphans_left: int


class ReservationAnswer(Answer, kw_only=True):
    """A reservation as it stands. `tables`: the whole ones among the seats; `reason` and `metadata` as they were sent
    with the hold, told when the reservation is read."""

    reservation: str
    show: str
    venue: str
    status: str
    seats: list[SeatPrice]
    areas: list[AreaPrice]
    total_amount: int
    currency: str
    expires_at: str
    tables: list[str] | None = None
    left_out: list[PlaceConflict] | None = None
    """In the first answer to a `partial` hold: up to 50 places that could not be had."""
    left_out_total: int | None = None
    request: str | None = None
    reservation_token: str | None = None
    booking: str | None = None
    external_id: str | None = None
    reason: str | None = None
    metadata: dict[str, Any] | None = None
    why: WhyThese | None = None
    """In the first answer to a hold of the best available, or where the show looks after single seats."""
    held_by: str | None = None
    """For admins only."""


class HeldTogetherAnswer(Answer, kw_only=True):
    """Several reservations by one request, in the order in which they were asked for."""

    show: str
    reservations: list[ReservationAnswer]
    total_amount: int
    currency: str
    request: str | None = None


class Contact(Struct, kw_only=True, omit_defaults=True):
    name: str
    email: str
    phone: str = ""
    language: str = ""


class NotedHold(Struct, kw_only=True, omit_defaults=True):
    """What was noted beside one of the holds of which a booking was made."""

    reservation: str
    reason: str | None = None
    metadata: dict[str, Any] | None = None


class BookingAnswer(Answer, kw_only=True):
    """A booking as it stands; `created_at` is when it was booked. When it is read: `reason` and `metadata` are those of
    the hold that it was; `holds` has those of each hold, where it was made of several or of seats by name."""

    booking: str
    reservation: str
    show: str
    venue: str
    status: str
    seats: list[SeatPrice]
    areas: list[AreaPrice]
    total_amount: int
    currency: str
    request: str | None = None
    contact: Contact | None = None
    notes: str | None = None
    special_requests: str | None = None
    external_id: str | None = None
    reason: str | None = None
    metadata: dict[str, Any] | None = None
    holds: list[NotedHold] | None = None
    booked_by: str | None = None
    """For admins only."""
    difference: int | None = None
    """In the answer to a change: what it costs more now, or less where it is negative."""


def reservation_answer(
    reservation: Reservation,
    where: Where,
    *,
    request: str | None = None,
    token: str | None = None,
    why: Why | None = None,
    left_out: tuple[Conflict, ...] = (),
    left_out_total: int = 0,
    admin: bool = False,
) -> ReservationAnswer:
    """A reservation as its owner sees it; admins also see who holds it."""
    seats, areas = _priced(reservation, where)
    booked = reservation.status in (ReservationStatus.BOOKED, ReservationStatus.CANCELLED)
    return ReservationAnswer(
        message=_reservation_message(reservation, len(seats) + sum(area.quantity for area in areas)),
        created_at=rfc3339(reservation.held_at_ms),
        reservation=reservation_text(where.show, reservation.id),
        show=show_text(where.show),
        venue=where.venue,
        status=reservation.status,
        seats=seats,
        areas=areas,
        total_amount=reservation.amount,
        currency=where.currency,
        expires_at=rfc3339(reservation.expires_at_ms),
        tables=[table.label for table in where.layout.whole_tables(reservation.seats)] or None,
        left_out=[place_conflict(it, where.show, where.layout) for it in left_out] or None,
        left_out_total=left_out_total or None,
        request=request,
        reservation_token=token,
        booking=booking_text(where.show, reservation.id) if booked else None,
        external_id=reservation.external_id or None,
        why=None if why is None else WhyThese(rule=why.rule, tried=why.tried, orphans_left=why.orphans_left),
        held_by=reservation.account if admin else None,
    )


def held_answer(
    outcome: SeatsHeld, where: Where, *, request: str | None = None, token: str | None = None
) -> ReservationAnswer:
    """The first answer to a hold: also why these places, and which could not be had."""
    return reservation_answer(
        outcome.reservation,
        where,
        request=request,
        token=token,
        why=outcome.why,
        left_out=outcome.left_out,
        left_out_total=outcome.left_out_total,
    )


def held_together_answer(
    outcome: ManyHeld, where: Where, *, request: str | None = None, tokens: Sequence[str | None] = ()
) -> HeldTogetherAnswer:
    """The answer to several holds as one; `tokens`: one for each, if they are told."""
    each = zip(outcome.reservations, tokens or [None] * len(outcome.reservations), strict=True)
    return HeldTogetherAnswer(
        message=f"{len(outcome.reservations)} reservations are held",
        created_at=rfc3339(outcome.at_ms),
        show=show_text(where.show),
        reservations=[reservation_answer(it, where, request=request, token=token) for it, token in each],
        total_amount=sum(it.amount for it in outcome.reservations),
        currency=where.currency,
        request=request,
    )


def changed_answer(outcome: BookingChanged, where: Where, *, request: str | None = None) -> BookingAnswer:
    """The first answer to a change: also the difference in price. A repeat tells the booking as it is."""
    answer = booking_answer(outcome.reservation, where, request=request)
    more = answer.total_amount - outcome.amount_before
    return answer if outcome.repeat else replace(answer, message="Booking changed", difference=more)


def booking_answer(
    reservation: Reservation,
    where: Where,
    *,
    request: str | None = None,
    contact: Contact | None = None,
    notes: str | None = None,
    special_requests: str | None = None,
    admin: bool = False,
) -> BookingAnswer:
    """A booking as its owner sees it; admins also see who booked it."""
    seats, areas = _priced(reservation, where)
    cancelled = reservation.status == ReservationStatus.CANCELLED
    return BookingAnswer(
        message="Booking cancelled" if cancelled else "Booking confirmed",
        created_at=rfc3339(reservation.booked_at_ms),
        booking=booking_text(where.show, reservation.id),
        reservation=reservation_text(where.show, reservation.id),
        show=show_text(where.show),
        venue=where.venue,
        status=reservation.status,
        seats=seats,
        areas=areas,
        total_amount=reservation.amount,
        currency=where.currency,
        request=request,
        contact=contact,
        notes=notes,
        special_requests=special_requests,
        external_id=reservation.external_id or None,
        booked_by=reservation.account if admin else None,
    )


def _priced(reservation: Reservation, where: Where) -> tuple[list[SeatPrice], list[AreaPrice]]:
    """What the reservation has, by label, with the prices fixed at the hold."""
    layout = where.layout
    seats = [
        SeatPrice(
            seat=layout.seats[seat].label, category=layout.categories[layout.seats[seat].category].name, price=price
        )
        for seat, price in zip(reservation.seats, reservation.prices, strict=False)
    ]
    areas = [
        AreaPrice(
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
