"""The way back to a booking, by mail once more: for whoever has lost the letter, and knows number and address."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ingress import bodies
from ingress.asgi import Response
from ingress.booking_table import BookingTable
from ingress.operations import Call, Operation
from ingress.refusals import Refused
from ingress.sale_routes import BOOKING_ID
from ingress.shelf import Shelf
from ticketing.asks import EMAIL
from ticketing.clock import Clock, rfc3339
from ticketing.layout import Body
from ticketing.telling import Answer
from ticketing.vocabulary import Malformed, parse_booking

LINK_EVERY_MS = 10 * 60 * 1000
"""A booking's link is sent at most so often, whoever asks."""


class LinkBody(Body):
    """The address that the booking was made with."""

    email: Annotated[str, Field(max_length=254, pattern=EMAIL)]


class LinkAnswer(Answer, kw_only=True):
    """The same whether or not a letter is on its way: who guesses learns nothing."""


@dataclass(frozen=True, slots=True)
class BookingLinks:
    """What the call needs."""

    table: BookingTable
    shelf: Shelf
    clock: Clock

    async def ask(self, call: Call) -> Response:
        """POST /api/bookings/{booking}/link"""
        try:
            number, reservation = parse_booking(call.params["booking"])
        except Malformed as error:
            raise Refused("booking_not_found") from error
        now_ms = self.clock.now_ms()
        show = await self.shelf.show(number)
        if show is not None:
            mail = f"lnk_{call.params['booking'].removeprefix('bkg_')}_{now_ms // LINK_EVERY_MS}"
            email = call.read(LinkBody).email
            await self.table.ask_for_link(mail, show.row.part, number, reservation, email=email, now_ms=now_ms)
        answer = LinkAnswer(
            message="If that is the address of the booking, a letter is on its way", created_at=rfc3339(now_ms)
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store")])

    def operations(self) -> list[Operation]:
        """The row of the table that this module answers."""
        return [
            Operation(
                "send_booking_link", "POST", "/api/bookings/{booking}/link", self.ask,
                "Send the link to a booking to the address it was made with, once more", {200: LinkAnswer},
                body=LinkBody, signs_in=True, params=BOOKING_ID, refusals=("booking_not_found", "sales_paused"),
            ),
        ]  # fmt: skip
