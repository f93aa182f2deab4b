"""Holding, extending, giving back, cancelling; and reading what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from ingress import bodies
from ingress.asgi import Response
from ingress.callers import (
    Identity,
    require_booking,
    require_no_reservation_token,
    require_reservation,
    require_sale,
)
from ingress.forcing import ask_slowly
from ingress.hold_notes import HoldNotes, note_of
from ingress.labels import SeatsNamed, seats_named
from ingress.ledger import ContactRow
from ingress.noting import note_beside, noted_beside, notes_beside
from ingress.operations import Call, KeyUse, Operation, Who
from ingress.refusals import FieldError, Refused, as_forced, from_rejection
from ingress.service import SaleDesk
from ingress.shelf import Shelf
from ingress.shows import Show
from ingress.verdicts import verdict_response
from ingress.views import Views
from ticketing import intake, wishes
from ticketing.asks import Buyer, ExtendBody, HoldBody, PaymentBody
from ticketing.clock import Clock
from ticketing.intake import Rejection
from ticketing.messages import AnyCommand, HoldSeats, Reservation
from ticketing.pseudonyms import Pseudonyms
from ticketing.sandbox import Asked
from ticketing.telling import Answer, BookingAnswer, ReservationAnswer, booking_answer, reservation_answer
from ticketing.tokens import TokenKeys
from ticketing.vocabulary import (
    Malformed,
    ReservationStatus,
    parse_booking,
    parse_reservation,
    parse_show,
    reservation_text,
)
from ticketing.wishes import Wish

TAKEN_BACK = ("not_yours", "reservation_not_found", "wrong_show")
KEEPING = ("hold_expired", "hold_released", "already_booked", "booking_cancelled")
BOOKINGS = (ReservationStatus.BOOKED, ReservationStatus.CANCELLED)
RESERVATION_ID = {"reservation": "the id of a reservation: rsv_…"}
BOOKING_ID = {"booking": "the id of a booking: bkg_…"}


class ReservationStore(Protocol):
    """Reservations by primary key, and the contacts of bookings."""

    async def reservation(self, part: int, show: int, reservation: bytes) -> Reservation | None: ...

    async def save_contact(
        self, part: int, show: int, reservation: bytes, contact_hash: bytes, body: Buyer, *, now_ms: int
    ) -> None: ...

    async def replace_contact(
        self, part: int, show: int, reservation: bytes, contact_hash: bytes, row: ContactRow, *, now_ms: int
    ) -> None: ...

    async def contact(self, part: int, show: int, reservation: bytes) -> ContactRow | None: ...


@dataclass(frozen=True, slots=True)
class Sale:
    """What the calls of the sale need."""

    desk: SaleDesk
    shelf: Shelf
    store: ReservationStore
    notes: HoldNotes
    views: Views
    tokens: TokenKeys
    pseudonyms: Pseudonyms
    clock: Clock

    async def hold(self, call: Call) -> Response:
        """POST /api/reservations"""
        asked = _asked(call)
        show = _require_show(await self.shelf.show(_show_in_body(asked.body)), call.caller)
        command = _taken(wishes.hold(asked.body, show.facts, call.caller.caller, call.sent))
        assert isinstance(command, HoldSeats)
        async with noted_beside(self, command, show, [(command, note_of(asked.body))]):
            if not asked.slow:
                return await self.ask(call, show, command)
            verdict = await ask_slowly(self.desk, command, show.row.part, call.wait_s)
            return verdict_response(verdict, show, self.tokens, self.clock.now_ms())

    def hold_known(self, call: Call) -> tuple[Show, Wish, HoldSeats] | None:
        """What `hold` would send to the log; None where something is to be looked up or written first, or the verdict
        is to be late. Raises `Refused`."""
        asked = _asked(call)
        body = asked.body
        found = self.shelf.known(_show_in_body(body))
        if found is None or asked.slow or note_of(body) is not None:
            return None
        caller, show = call.caller.caller, _require_show(found, call.caller)
        wish = wishes.judge(body, show.facts, partner=caller.partner, group=wishes.GROUP in caller.roles)
        if isinstance(wish, Rejection):
            raise from_rejection(wish)
        return show, wish, wishes.ask_as_sent(wish, caller, call.sent)

    async def extend(self, call: Call) -> Response:
        """PUT /api/reservations/{reservation}/extend"""
        show, reservation = await self.reservation_in_path(call)
        body = call.read(ExtendBody)
        return await self.ask(call, show, intake.extend(body, show.facts, reservation, call.caller.caller, call.sent))

    async def release(self, call: Call) -> Response:
        """DELETE /api/reservations/{reservation}"""
        show, reservation = await self.reservation_in_path(call)
        seats = seats_named(call.request)
        command = intake.release(show.facts, reservation, call.caller.caller, call.sent, seats)
        return await self.ask(call, show, command)

    async def cancel(self, call: Call) -> Response:
        """DELETE /api/bookings/{booking}"""
        show, reservation = await self.booking_in_path(call)
        require_booking(call.caller, reservation_text(show.row.show, reservation))
        require_sale(call.caller, show)
        return await self.ask(call, show, intake.cancel(show.facts, reservation, call.caller.caller, call.sent))

    async def read_reservation(self, call: Call) -> Response:
        """GET /api/reservations/{reservation}"""
        number, key = _parse(parse_reservation, call.params["reservation"], "reservation_not_found")
        show = await self.shelf.show(number)
        found = None if show is None else await self.find(show, key)
        if show is None or found is None:
            raise Refused("reservation_not_found")
        _require_owner(call.caller, found, reservation_text(number, key))
        note = await note_beside(self.notes, show, found)
        answer = reservation_answer(found, show.where, admin=call.caller.admin)
        return _json(200, replace(answer, reason=note.reason or None, metadata=note.metadata))

    async def read_booking(self, call: Call) -> Response:
        """GET /api/bookings/{booking}"""
        show, key = await self.booking_in_path(call)
        found = await self.booked(show, key)
        _require_owner(call.caller, found, reservation_text(show.row.show, key))
        contact = await self.store.contact(show.row.part, show.row.show, key)
        answer = booking_answer(
            found,
            show.where,
            contact=None if contact is None else contact.shown(),
            notes=contact.notes or None if contact else None,
            special_requests=contact.special_requests or None if contact else None,
            admin=call.caller.admin,
        )
        note = await note_beside(self.notes, show, found)
        holds = await notes_beside(self.notes, show, found)
        return _json(200, replace(answer, reason=note.reason or None, metadata=note.metadata, holds=holds or None))

    def bound(self, show: Show, body: Buyer, payment: PaymentBody | None = None) -> tuple[str, ...]:
        """Whom the limits of one person bind beside whoever asks: the address of the contact, what was paid with."""
        email = None if body.contact is None else body.contact.email
        paid = () if payment is None else self.pseudonyms.payer(show.row.show, payment.provider, payment.payer)
        return (*self.pseudonyms.email(show.row.show, email), *paid)

    async def ask(self, call: Call, show: Show, command: AnyCommand | Rejection) -> Response:
        """Send it and wait for the verdict, as long as the caller does. Raises `Refused`."""
        verdict = await self.desk.ask(_taken(command), show.row.part, call.wait_s)
        return verdict_response(verdict, show, self.tokens, self.clock.now_ms())

    async def find(self, show: Show, key: bytes) -> Reservation | None:
        """A reservation as it stands, from what was heard or from its row."""
        part = show.row.part
        return self.views.reservation(part, key) or await self.store.reservation(part, show.row.show, key)

    async def booked(self, show: Show, key: bytes) -> Reservation:
        """A reservation that is a booking, or was one. Raises `Refused`."""
        found = await self.find(show, key)
        if found is not None and found.status not in BOOKINGS:
            # What was heard may lag behind a confirmation that another process has answered: the row says.
            found = await self.store.reservation(show.row.part, show.row.show, key)
        if found is None or found.status not in BOOKINGS:
            raise Refused("booking_not_found")
        return found

    async def reservation_in_path(self, call: Call) -> tuple[Show, bytes]:
        """The show of the reservation that the path names, and its key. Raises `Refused`."""
        text = call.params["reservation"]
        number, key = _parse(parse_reservation, text, "reservation_not_found")
        show = await self.shelf.show(number)
        if show is None:
            raise Refused("reservation_not_found")
        require_sale(call.caller, show)
        require_reservation(call.caller, text)
        return show, key

    async def booking_in_path(self, call: Call) -> tuple[Show, bytes]:
        """The show of the booking that the path names, and its key. Raises `Refused`."""
        number, key = _parse(parse_booking, call.params["booking"], "booking_not_found")
        show = await self.shelf.show(number)
        if show is None:
            raise Refused("booking_not_found")
        return show, key

    def hold_operation(self) -> Operation:
        """The row of the one call that is also taken directly."""
        return Operation(
            "hold", "POST", "/api/reservations", self.hold, "Hold named seats, places of areas, or the best",
            {201: ReservationAnswer, 202: bodies.PendingAnswer}, Who.SIGNED_IN, KeyUse.REQUIRED, waits=True,
            body=HoldBody, turned_away=self.desk.crowded, holds=True,
            refusals=("show_not_found", "invalid_id", "wrong_show", "seats_unavailable", "sold_out",
                      "no_adjacent_block", "limit_exceeded", "already_yours", "not_on_sale", "show_closed",
                      "show_cancelled",
                      "too_many_seats", "unknown_places", "table_not_sold_so", "orphan_seat",
                      "allocation_exhausted", "cooling_down", "admission_required", "nothing_asked_for",
                      "hold_time_out_of_range"),
        )  # fmt: skip

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        reservation, booking = ReservationAnswer, BookingAnswer
        return [
            self.hold_operation(),
            Operation(
                "read_reservation", "GET", "/api/reservations/{reservation}", self.read_reservation,
                "Read a reservation of one's own", {200: reservation}, Who.SIGNED_IN, params=RESERVATION_ID,
                refusals=("reservation_not_found", "not_yours"),
            ),
            Operation(
                "extend", "PUT", "/api/reservations/{reservation}/extend", self.extend,
                "Hold for longer, within what the show allows", {200: reservation, 202: bodies.PendingAnswer},
                Who.SIGNED_IN, KeyUse.OPTIONAL, waits=True, body=ExtendBody, body_needed=False,
                params=RESERVATION_ID, refusals=(*TAKEN_BACK, *KEEPING, "hold_time_out_of_range", "payment_under_way"),
            ),
            Operation(
                "release", "DELETE", "/api/reservations/{reservation}", self.release,
                "Give the places back, or some seats of them",
                {200: reservation, 202: bodies.PendingAnswer}, Who.SIGNED_IN, KeyUse.OPTIONAL, waits=True,
                query=SeatsNamed, params=RESERVATION_ID,
                refusals=(*TAKEN_BACK, *KEEPING, "unknown_places", "seats_not_in_reservation", "table_not_sold_so",
                          "payment_under_way"),
            ),
            Operation(
                "read_booking", "GET", "/api/bookings/{booking}", self.read_booking, "Read a booking of one's own",
                {200: booking}, Who.SIGNED_IN, params=BOOKING_ID, refusals=("booking_not_found", "not_yours"),
            ),
            Operation(
                "cancel", "DELETE", "/api/bookings/{booking}", self.cancel, "Cancel a booking in the refund window",
                {200: booking, 202: bodies.PendingAnswer}, Who.SIGNED_IN, KeyUse.OPTIONAL, waits=True,
                params=BOOKING_ID,
                refusals=("booking_not_found", "not_yours", "wrong_show", "reservation_not_found", "not_booked",
                          "booking_cancelled", "refund_window_closed", *KEEPING),
            ),
        ]  # fmt: skip


def _asked(call: Call) -> Asked:
    require_no_reservation_token(call.caller)
    return as_forced(call.read(HoldBody), sandbox=call.caller.sandbox)


def _show_in_body(body: HoldBody) -> int:
    try:
        return parse_show(body.show)
    except Malformed as error:
        raise Refused("invalid_id", errors=[FieldError(pointer="/show", code="invalid_id")]) from error


def _require_show(show: Show | None, caller: Identity) -> Show:
    if show is None:
        raise Refused("show_not_found")
    require_sale(caller, show)
    return show


def _taken(command: AnyCommand | Rejection) -> AnyCommand:
    if isinstance(command, Rejection):
        raise from_rejection(command)
    return command


def _json(status: int, body: Answer) -> Response:
    return Response(status, bodies.encode(body), headers=[("cache-control", "no-store")])


def _parse(reader: Callable[[str], tuple[int, bytes]], text: str, code: str) -> tuple[int, bytes]:
    try:
        return reader(text)
    except Malformed as error:
        # Ids are opaque to callers: one that is not ours is one that there is not.
        raise Refused(code) from error


def _require_owner(caller: Identity, found: Reservation, reservation: str) -> None:
    if not caller.admin and not caller.owns(found.account, reservation):
        raise Refused("not_yours")
