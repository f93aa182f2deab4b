"""What is held and booked, or could be, as the API answers it: as in `shapes`."""

from typing import Any

from msgspec import Struct

from onsale_client.errors import Conflict, Problem
from onsale_client.shapes import Said
from onsale_client.wishes import Contact


class SeatPrice(Struct, kw_only=True):
    """A seat that is held or booked, with its price."""

    seat: str
    category: str
    price: int


class AreaPrice(Struct, kw_only=True):
    """Places of an area that are held or booked; `price` is of one."""

    area: str
    category: str
    quantity: int
    price: int


class Why(Struct, kw_only=True):
    """Why these seats: the rule that found them, those tried before it, and the single free seats they leave behind."""

    rule: str
    orphans_left: int
    tried: list[str] = []


class Reservation(Said, kw_only=True):
    """Places that are held (or were); `tables` are the whole ones among the seats. `reservation_token` stands for the
    reservation alone, and outlives a pass. `left_out`: up to 50 places that a `partial` hold did not get."""

    reservation: str
    show: str
    venue: str
    status: str
    seats: list[SeatPrice]
    areas: list[AreaPrice]
    total_amount: int
    currency: str
    expires_at: str
    request: str | None = None
    reservation_token: str | None = None
    booking: str | None = None
    external_id: str | None = None
    tables: list[str] = []
    left_out: list[Conflict] = []
    left_out_total: int = 0
    reason: str | None = None
    metadata: dict[str, Any] | None = None
    why: Why | None = None


class Quote(Said, kw_only=True):
    """What a hold would get, at which price, as the show was at `seq`."""

    show: str
    venue: str
    seats: list[SeatPrice]
    areas: list[AreaPrice]
    total_amount: int
    currency: str
    seq: int
    tables: list[str] = []
    left_out: list[Conflict] = []
    why: Why | None = None


class HeldTogether(Said, kw_only=True):
    """Several holds of one show, all of which were had, in the order in which they were asked for."""

    show: str
    reservations: list[Reservation]
    total_amount: int
    currency: str
    request: str | None = None


class Verdict(Struct, kw_only=True):
    """What became of one hold of several, each for itself: `granted` with its `reservation`, or `rejected` with its
    `problem`."""

    status: str
    reservation: Reservation | None = None
    problem: Problem | None = None


class Batch(Said, kw_only=True):
    """Holds, each for itself."""

    data: list[Verdict]


class Checkout(Said, kw_only=True):
    """A payment that has begun: `pay_at` is where the payer pays, until `expires_at`."""

    reservation: str
    show: str
    status: str
    total_amount: int
    currency: str
    expires_at: str
    provider: str
    pay_at: str
    request: str | None = None


class Booking(Said, kw_only=True):
    """Places that are booked (or were cancelled). `difference`: what a change costs, in the answer to it."""

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
    difference: int | None = None
