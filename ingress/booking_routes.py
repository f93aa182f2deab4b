"""Booking: one reservation, several, or places that are not held yet; and other seats for a booking."""

from collections.abc import Collection
from dataclasses import dataclass

from msgspec.structs import replace

from ingress import bodies
from ingress.asgi import Response
from ingress.callers import Identity, require_booking, require_no_reservation_token, require_reservation, require_sale
from ingress.ledger import ContactRow
from ingress.operations import Call, KeyUse, Operation, Who
from ingress.refusals import FieldError, Refused, from_not_taken
from ingress.sale_routes import BOOKING_ID, KEEPING, TAKEN_BACK, Sale
from ingress.shows import Show
from ticketing import baskets, intake
from ticketing.asks import ChangeBookingBody, ConfirmBody
from ticketing.intake import Rejection
from ticketing.messages import BookNow, ConfirmBooking
from ticketing.telling import BookingAnswer
from ticketing.vocabulary import Malformed, ReservationStatus, parse_reservation, parse_show, reservation_text


@dataclass(frozen=True, slots=True)
class Bookings:
    """What these calls need: what the calls of the sale need, and the providers whose payments nobody else tells of."""

    sale: Sale
    providers: Collection[str] = ()

    async def book(self, call: Call) -> Response:
        """POST /api/bookings"""
        body = call.read(ConfirmBody)
        if body.payment is not None and body.payment.provider in self.providers:
            # Or it could be given back to whoever names another's payment.
            raise Refused("invalid_request", f"payments by {body.payment.provider} are confirmed by nobody else",
                          errors=[FieldError(pointer="/payment/provider", code="not_yours")])  # fmt: skip
        several = body.reservations or body.seats or body.tables or body.areas
        if body.reservation is not None:
            if several or body.show or body.external_id or body.on_behalf_of:
                raise Refused("invalid_request", "name one reservation, or all in `reservations`",
                              errors=[FieldError(pointer="/reservation", code="one_or_several")])  # fmt: skip
            return await self._confirm(call, body, body.reservation)
        if not several:
            raise Refused("nothing_asked_for", "name a reservation, or what is to be booked")
        return await self._book_now(call, body)

    async def _confirm(self, call: Call, body: ConfirmBody, text: str) -> Response:
        number, reservation = _parsed(text, "/reservation")
        show = await self.sale.shelf.show(number)
        if show is None:
            raise Refused("reservation_not_found")
        require_sale(call.caller, show)
        require_reservation(call.caller, text)
        command = intake.confirm(body, show.facts, reservation, call.caller.caller, call.sent)
        if isinstance(command, ConfirmBooking):
            command = replace(command, bound=self.sale.bound(show, body, body.payment))
            self._require_open_door(command, show)
            found = await self.sale.find(show, reservation) if body.contact is not None else None
            # Only the owner's word counts; the allocator will turn everybody else away.
            if found is not None and found.account == call.caller.caller.account:
                await self._save_contact(show, reservation, command, body)
        return await self.sale.ask(call, show, command)

    async def _book_now(self, call: Call, body: ConfirmBody) -> Response:
        require_no_reservation_token(call.caller)
        named = [_parsed(text, f"/reservations/{at}") for at, text in enumerate(body.reservations)]
        show = await self._show_of(call.caller, body, {number for number, _ in named})
        reservations = tuple(reservation for _, reservation in named)
        command = baskets.book_now(body, show.facts, reservations, call.caller.caller, call.sent)
        if not isinstance(command, Rejection):
            command = replace(command, bound=self.sale.bound(show, body, body.payment))
            self._require_open_door(command, show)
            if command.reservations or command.seats:
                await self.sale.notes.keep_together(show.row.part, command, self.sale.clock.now_ms())
            if body.contact is not None:
                # Its id is made of the caller's own key: nobody else's contact can stand there.
                await self._save_contact(show, command.key, command, body)
        return await self.sale.ask(call, show, command)

    async def _show_of(self, caller: Identity, body: ConfirmBody, numbers: set[int]) -> Show:
        """The one show of all that is named. Raises `Refused`."""
        if body.show is not None:
            try:
                numbers = {*numbers, parse_show(body.show)}
            except Malformed as error:
                raise Refused("invalid_id", errors=[FieldError(pointer="/show", code="invalid_id")]) from error
        elif not numbers:
            raise Refused("invalid_request", "name the show", errors=[FieldError(pointer="/show", code="missing")])
        if len(numbers) > 1:
            raise Refused("several_shows", "a booking is of one show",
                          errors=[FieldError(pointer="/reservations", code="several_shows")])  # fmt: skip
        show = await self.sale.shelf.show(numbers.pop())
        if show is None:
            raise Refused("show_not_found" if body.show is not None else "reservation_not_found")
        require_sale(caller, show)
        return show

    def _require_open_door(self, command: BookNow | ConfirmBooking, show: Show) -> None:
        """Before anything is written of a command that would not be taken. Raises `Refused`."""
        turned_away = self.sale.desk.turned_away(command, show.row.part)
        if turned_away is not None:
            raise from_not_taken(turned_away)

    async def _save_contact(
        self, show: Show, reservation: bytes, command: BookNow | ConfirmBooking, body: ConfirmBody
    ) -> None:
        row, now_ms = show.row, self.sale.clock.now_ms()
        await self.sale.store.save_contact(row.part, row.show, reservation, command.contact_hash, body, now_ms=now_ms)

    async def change(self, call: Call) -> Response:
        """PUT /api/bookings/{booking}"""
        show, booking = await self.sale.booking_in_path(call)
        require_booking(call.caller, reservation_text(show.row.show, booking))
        require_sale(call.caller, show)
        body = call.read(ChangeBookingBody)
        if body.contact is not None or body.notes is not None or body.special_requests is not None:
            return await self._change_contact(call, show, booking, body)
        return await self.sale.ask(call, show, baskets.change(body, show.facts, booking, call.caller.caller, call.sent))

    async def _change_contact(self, call: Call, show: Show, booking: bytes, body: ChangeBookingBody) -> Response:
        """Whom the booking is for is no matter of the log: nothing is decided by it."""
        contact = body.contact
        if body.give or body.take or contact is None:
            raise Refused("invalid_request", "change seats, or the contact, one at a time",
                          errors=[FieldError(pointer="/contact", code="one_at_a_time")])  # fmt: skip
        found = await self.sale.booked(show, booking)
        if not call.caller.admin and not call.caller.owns(found.account, None):
            raise Refused("not_yours")
        if found.status != ReservationStatus.BOOKED:
            raise Refused("booking_cancelled")
        row = ContactRow(
            contact.name, contact.email, contact.phone or "", body.notes or "", body.special_requests or "",
            contact.language or "",
        )  # fmt: skip
        part, number, now_ms = show.row.part, show.row.show, self.sale.clock.now_ms()
        await self.sale.store.replace_contact(part, number, booking, intake.hash_of(contact), row, now_ms=now_ms)
        return await self.sale.read_booking(call)

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        losing = ("sold_out", "limit_exceeded", "allocation_exhausted", "too_many_seats", "unknown_places",
                  "table_not_sold_so", "nothing_asked_for")  # fmt: skip
        return [
            Operation(
                "confirm", "POST", "/api/bookings", self.book,
                "Book what is held, or places of areas at once: all of it as one booking, or nothing",
                {201: BookingAnswer, 202: bodies.PendingAnswer}, Who.SIGNED_IN, KeyUse.REQUIRED, waits=True,
                body=ConfirmBody,
                refusals=(*TAKEN_BACK, *KEEPING, *losing, "invalid_id", "show_not_found", "hold_not_yours",
                          "payment_missing", "payment_reused", "payment_under_way", "amount_wrong", "not_on_sale",
                          "admission_required",
                          "show_closed", "show_cancelled", "several_shows"),
            ),
            Operation(
                "change_booking", "PUT", "/api/bookings/{booking}", self.change,
                "Other seats for a booking in one step, or another contact",
                {200: BookingAnswer, 202: bodies.PendingAnswer},
                Who.SIGNED_IN, KeyUse.OPTIONAL, waits=True, body=ChangeBookingBody, params=BOOKING_ID,
                refusals=("booking_not_found", "not_yours", "wrong_show", "reservation_not_found", "not_booked",
                          "booking_cancelled", "refund_window_closed", "seats_unavailable", "orphan_seat",
                          "seats_not_in_reservation", "payment_missing", "show_closed", "show_cancelled", *losing),
            ),
        ]  # fmt: skip


def _parsed(text: str, pointer: str) -> tuple[int, bytes]:
    try:
        return parse_reservation(text)
    except Malformed as error:
        raise Refused("invalid_id", errors=[FieldError(pointer=pointer, code="invalid_id")]) from error
