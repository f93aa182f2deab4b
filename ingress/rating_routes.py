"""How it was: one question to whoever has booked."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ingress import bodies
from ingress.asgi import Response
from ingress.booking_table import BookingTable
from ingress.callers import require_sale
from ingress.operations import Call, Operation, Who
from ingress.refusals import Refused
from ingress.sale_routes import BOOKING_ID, Sale
from ticketing.clock import rfc3339
from ticketing.layout import Body
from ticketing.telling import Answer
from ticketing.vocabulary import reservation_text


class RatingBody(Body):
    """From 1, bad, to 5, very good."""

    stars: Annotated[int, Field(ge=1, le=5)]


class RatingAnswer(Answer, kw_only=True):
    """What was kept."""

    booking: str
    stars: int


@dataclass(frozen=True, slots=True)
class Ratings:
    """What the call needs."""

    sale: Sale
    table: BookingTable

    async def rate(self, call: Call) -> Response:
        """PUT /api/bookings/{booking}/rating"""
        show, key = await self.sale.booking_in_path(call)
        require_sale(call.caller, show)
        booked = await self.sale.booked(show, key)
        # Not even an admin says it for somebody else.
        if not call.caller.owns(booked.account, reservation_text(show.row.show, key)):
            raise Refused("not_yours")
        stars, now_ms = call.read(RatingBody).stars, self.sale.clock.now_ms()
        await self.table.rate(show.row.part, show.row.show, key, stars, now_ms=now_ms)
        answer = RatingAnswer(
            message=f"{stars} of 5", created_at=rfc3339(now_ms), booking=call.params["booking"], stars=stars
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store")])

    def operations(self) -> list[Operation]:
        """The row of the table that this module answers."""
        return [
            Operation(
                "rate_booking", "PUT", "/api/bookings/{booking}/rating", self.rate,
                "Say how it was, in one to five stars; the last answer counts", {200: RatingAnswer}, Who.SIGNED_IN,
                body=RatingBody, params=BOOKING_ID, refusals=("booking_not_found", "not_yours", "wrong_show"),
            ),
        ]  # fmt: skip
