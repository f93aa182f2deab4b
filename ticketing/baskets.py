"""From what a booking is to have to its command: several reservations, seats that are held, places that nobody holds;
and from seats to give and to take to the command that swaps them."""

from ticketing import messages
from ticketing.asks import ChangeBookingBody, ConfirmBody
from ticketing.intake import Caller, Rejection, Sent, ShowFacts, hash_of, head_of, payment_of, unknown_places
from ticketing.wishes import person_of

NO_PAYMENT_OF_A_FAN = Rejection("insufficient_scope", "a fan's payment is confirmed by the provider, not by the fan")


def book_now(
    body: ConfirmBody, facts: ShowFacts, reservations: tuple[bytes, ...], caller: Caller, sent: Sent
) -> messages.BookNow | Rejection:
    """`BookNow` of all that the body names. The contact stays behind: only its hash goes on the log."""
    payment, layout = body.payment, facts.layout
    if payment is not None and not caller.partner:
        return NO_PAYMENT_OF_A_FAN
    unknown = [label for label in body.seats if label not in layout.seat_numbers]
    unknown += [label for label in body.tables if label not in layout.table_numbers]
    unknown += [ask.area for ask in body.areas if ask.area not in layout.area_numbers]
    if unknown:
        return unknown_places(unknown)
    seats = [layout.seat_numbers[label] for label in body.seats]
    seats += [seat for label in body.tables for seat in layout.tables[layout.table_numbers[label]].seats]
    if len(set(seats)) < len(seats) or len({ask.area for ask in body.areas}) < len(body.areas):
        return Rejection("invalid_request", "a seat or an area is named twice")
    return messages.BookNow(
        **head_of(body, facts.show, caller, sent),
        person=person_of(body.on_behalf_of, caller),
        partner=caller.partner,
        reservations=reservations,
        seats=tuple(sorted(seats)),
        areas=tuple(sorted((layout.area_numbers[ask.area], ask.quantity) for ask in body.areas)),
        payment=None if payment is None else payment_of(payment),
        contact_hash=hash_of(body.contact),
        external_id=body.external_id or "",
    )


def change(
    body: ChangeBookingBody, facts: ShowFacts, booking: bytes, caller: Caller, sent: Sent
) -> messages.ChangeBooking | Rejection:
    """`ChangeBooking` of one booking."""
    numbers = facts.layout.seat_numbers
    unknown = [label for label in (*body.give, *body.take) if label not in numbers]
    if unknown:
        return unknown_places(unknown)
    return messages.ChangeBooking(
        **head_of(body, facts.show, caller, sent, item=booking.hex()),
        reservation=booking,
        give=tuple(numbers[label] for label in body.give),
        take=tuple(numbers[label] for label in body.take),
        partner=caller.partner,
    )
