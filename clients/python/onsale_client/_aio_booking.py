"""Booking what is held. `_sync_booking.py` is made from this file by `make_sync.py`: change this one."""

from collections.abc import Sequence
from urllib.parse import quote

from onsale_client import sold, wishes
from onsale_client._aio_calls import AsyncCalls
from onsale_client._flow import without_nothing


class AsyncBookingCalls(AsyncCalls):
    """From a hold to a booking, other seats for it, and its end."""

    async def confirm(
        self,
        reservation: str,
        *,
        contact: wishes.Contact | None = None,
        payment: wishes.Payment | None = None,
        notes: str | None = None,
        special_requests: str | None = None,
        idempotency_key: str | None = None,
    ) -> sold.Booking:
        """Book what is held. More than one reservation, or what is not held yet: `book`."""
        body = without_nothing(
            {
                "reservation": reservation,
                "contact": contact,
                "payment": payment,
                "notes": notes,
                "special_requests": special_requests,
            }
        )
        return await self._ask(sold.Booking, "POST", "/api/bookings", body, idempotency_key)

    async def book(
        self,
        *,
        reservations: Sequence[str] = (),
        show: str | None = None,
        seats: Sequence[str] = (),
        tables: Sequence[str] = (),
        areas: Sequence[wishes.AreaWish] = (),
        contact: wishes.Contact | None = None,
        payment: wishes.Payment | None = None,
        notes: str | None = None,
        special_requests: str | None = None,
        external_id: str | None = None,
        on_behalf_of: str | None = None,
        idempotency_key: str | None = None,
    ) -> sold.Booking:
        """One booking of several reservations, of seats and tables that the caller holds in `show`, of places of areas
        that nobody holds, or of any mix of these: all of it, or `Refused`, which names each that is missing. What is
        held and not named stays held."""
        body = without_nothing(
            {
                "reservations": tuple(reservations),
                "show": show,
                "seats": tuple(seats),
                "tables": tuple(tables),
                "areas": tuple(areas),
                "contact": contact,
                "payment": payment,
                "notes": notes,
                "special_requests": special_requests,
                "external_id": external_id,
                "on_behalf_of": on_behalf_of,
            }
        )
        return await self._ask(sold.Booking, "POST", "/api/bookings", body, idempotency_key)

    async def checkout(
        self,
        reservation: str,
        *,
        contact: wishes.Contact | None = None,
        return_to: str = "/",
        idempotency_key: str | None = None,
    ) -> sold.Checkout:
        """Begin to pay what is held: send the payer to `pay_at`. Booked is it when the provider says so."""
        path = f"/api/reservations/{quote(reservation, safe='')}/checkout"
        body = without_nothing({"contact": contact, "return_to": return_to})
        return await self._ask(sold.Checkout, "POST", path, body, idempotency_key)

    async def booking(self, booking: str) -> sold.Booking:
        """A booking of one's own as it stands."""
        return await self._get(sold.Booking, f"/api/bookings/{quote(booking, safe='')}")

    async def change(
        self,
        booking: str,
        *,
        give: Sequence[str] = (),
        take: Sequence[str] = (),
        idempotency_key: str | None = None,
    ) -> sold.Booking:
        """Other seats for a booking, in one step: those in `give` are free when those in `take` are its own, or nothing
        has changed. `Booking.difference` is what it costs more now, or less where it is negative."""
        body = without_nothing({"give": tuple(give), "take": tuple(take)})
        return await self._ask(sold.Booking, "PUT", f"/api/bookings/{quote(booking, safe='')}", body, idempotency_key)

    async def change_contact(
        self,
        booking: str,
        contact: wishes.Contact,
        *,
        notes: str | None = None,
        special_requests: str | None = None,
        idempotency_key: str | None = None,
    ) -> sold.Booking:
        """Whom a booking is for from now on; what was noted before and is left out is forgotten."""
        body = without_nothing({"contact": contact, "notes": notes, "special_requests": special_requests})
        return await self._ask(sold.Booking, "PUT", f"/api/bookings/{quote(booking, safe='')}", body, idempotency_key)

    async def cancel(self, booking: str, *, idempotency_key: str | None = None) -> sold.Booking:
        """Cancel a booking, in its refund window."""
        return await self._ask(
            sold.Booking, "DELETE", f"/api/bookings/{quote(booking, safe='')}", None, idempotency_key
        )
