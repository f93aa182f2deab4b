"""An outcome as its owner reads it: the body that waiting for it over HTTP would have got, in the same words."""

from typing import Any

from ticketing.clock import rfc3339
from ticketing.layout import Layout
from ticketing.messages import (
    AnyOutcome,
    Conflict,
    HoldExpiring,
    ManyHeld,
    Refusal,
    Reservation,
    ReservationOutcome,
)
from ticketing.problems import PROBLEMS
from ticketing.vocabulary import (
    SYSTEM_ACCOUNT,
    RequestStatus,
    ReservationStatus,
    booking_text,
    request_text,
    reservation_text,
    show_text,
)


def decided(
    outcome: AnyOutcome, *, part: int, log_gen: int, layout: Layout, venue: str, currency: str
) -> dict[str, Any]:
    """`{request, status, outcome}`; without `request` where no caller asked."""
    refused = isinstance(outcome, Refusal)
    data: dict[str, Any] = {"status": RequestStatus.REJECTED if refused else RequestStatus.GRANTED}
    if outcome.account != SYSTEM_ACCOUNT:
        data["request"] = request_text(part, log_gen, outcome.offset)
    if isinstance(outcome, Refusal):
        data["outcome"] = _problem(outcome, layout)
    elif isinstance(outcome, ReservationOutcome):
        data["outcome"] = _reservation(outcome.show, outcome.reservation, layout, venue, currency)
    elif isinstance(outcome, ManyHeld):
        data["outcome"] = {
            "reservations": [_reservation(outcome.show, held, layout, venue, currency) for held in outcome.reservations]
        }
    else:
        data["outcome"] = {"show": show_text(outcome.show), "venue": venue}
    return data


def expiring(warning: HoldExpiring) -> dict[str, Any]:
    """The warning that a hold ends soon."""
    return {
        "reservation": reservation_text(warning.show, warning.reservation),
        "expires_at": rfc3339(warning.expires_at_ms),
    }


def _reservation(show: int, reservation: Reservation, layout: Layout, venue: str, currency: str) -> dict[str, Any]:
    categories = layout.categories
    seat_prices = reservation.prices[: len(reservation.seats)]
    area_prices = reservation.prices[len(reservation.seats) :]
    body: dict[str, Any] = {
        "reservation": reservation_text(show, reservation.id),
        "show": show_text(show),
        "venue": venue,
        "status": reservation.status,
        "seats": [
            {"seat": layout.seats[seat].label, "category": categories[layout.seats[seat].category].name, "price": price}
            for seat, price in zip(reservation.seats, seat_prices, strict=True)
        ],
        "areas": [
            {
                "area": layout.areas[area].label,
                "category": categories[layout.areas[area].category].name,
                "quantity": quantity,
                "price": price,
            }
            for (area, quantity), price in zip(reservation.areas, area_prices, strict=True)
        ],
        "total_amount": reservation.amount,
        "currency": currency,
        "created_at": rfc3339(reservation.held_at_ms),
        "expires_at": rfc3339(reservation.expires_at_ms),
    }
    if reservation.status in (ReservationStatus.BOOKED, ReservationStatus.CANCELLED):
        body["booking"] = booking_text(show, reservation.id)
        body["booked_at"] = rfc3339(reservation.booked_at_ms)
    if reservation.external_id:
        body["external_id"] = reservation.external_id
    return body


def _problem(refusal: Refusal, layout: Layout) -> dict[str, Any]:
    code = refusal.code if refusal.code in PROBLEMS else "internal_error"
    problem = PROBLEMS[code]
    body: dict[str, Any] = {
        "type": f"/api/problems/{code}",
        "title": problem.title,
        "status": problem.status,
        "detail": refusal.detail or problem.title,
        "code": code,
        "retryable": problem.retryable,
    }
    if refusal.conflicts:
        body["conflicts"] = [_conflict(conflict, refusal.show, layout) for conflict in refusal.conflicts]
        body["conflicts_total"] = refusal.conflicts_total
    if refusal.alternatives:
        body["alternatives"] = [[layout.seats[seat].label for seat in seats] for seats in refusal.alternatives]
    return body


def _conflict(conflict: Conflict, show: int, layout: Layout) -> dict[str, str]:
    label = ""
    if 0 <= conflict.seat < len(layout.seats):
        label = layout.seats[conflict.seat].label
    elif 0 <= conflict.area < len(layout.areas):
        label = layout.areas[conflict.area].label
    told = {"label": label, "reason": conflict.reason}
    if conflict.reservation:
        told["reservation"] = reservation_text(show, conflict.reservation)
    return told
