"""What the API answers, as values. Unknown fields are passed over, so a newer server is no trouble.

Times are texts in RFC 3339, UTC; money is in minor units of `currency`. Seats, tables and areas go by their label.
"""

from typing import Any

import msgspec
from msgspec import Struct


class Said(Struct, kw_only=True):
    """What every success carries."""

    message: str
    created_at: str


class Tier(Struct, kw_only=True):
    """A price category."""

    category: str
    price: int
    colour: str = ""


class Rules(Struct, kw_only=True):
    """A show's policy; times in seconds."""

    hold_s: int
    hold_max_s: int
    payment_s: int
    seats_per_hold: int
    seats_per_hold_partner: int
    max_held_seats_per_person: int
    payment: str
    admission_required: bool
    refund_until_s: int
    orphan_rule: str


class EventLine(Struct, kw_only=True):
    """A show in a list. Counts are absent while nothing is known of them."""

    show: str
    name: str
    venue: str
    venue_name: str
    status: str
    on_sale: bool
    starts_at: str
    currency: str
    price_from: int
    price_to: int
    total_seats: int
    opens_at: str | None = None
    available_seats: int | None = None
    held_seats: int | None = None
    booked_seats: int | None = None


class Page(Said, kw_only=True):
    """One page of shows."""

    data: list[EventLine]
    has_more: bool
    next_cursor: str | None = None


class Event(Said, kw_only=True):
    """A show: when, where, for how much, and what is left."""

    show: str
    name: str
    venue: str
    venue_name: str
    layout: str
    layout_version: int
    seat_map: str
    status: str
    on_sale: bool
    starts_at: str
    currency: str
    total_seats: int
    available_seats: int
    held_seats: int
    booked_seats: int
    tiers: list[Tier]
    rules: Rules
    opens_at: str | None = None
    closes_at: str | None = None
    test: bool = False


class Counts(Struct, kw_only=True):
    """Places by status."""

    total: int
    available: int
    held: int
    booked: int
    blocked: int


class NamedCounts(Counts, kw_only=True):
    """The counts of a category, section or area."""

    name: str


class Availability(Said, kw_only=True):
    """What is left, as of the show's sequence number `seq`."""

    show: str
    seq: int
    status: str
    total_seats: int
    available_seats: int
    held_seats: int
    booked_seats: int
    blocked_seats: int
    categories: list[NamedCounts]
    sections: list[NamedCounts]
    areas: list[NamedCounts]


class SeatState(Struct, kw_only=True):
    """A seat: `available`, `held`, `booked` or `blocked`."""

    label: str
    status: str
    price: int
    category: str
    x: float
    y: float


class AreaState(Struct, kw_only=True):
    """An area and the places left in it."""

    label: str
    category: str
    price: int
    capacity: int
    available: int


class Seats(Said, kw_only=True):
    """Places with status and price, as of `seq`."""

    show: str
    seq: int
    currency: str
    seats: list[SeatState]
    areas: list[AreaState]
    stats: Counts


class Whose(Struct, kw_only=True):
    """In which reservation a seat is, and when a hold ends; what else there is, is for admins."""

    reservation: str
    hold_expires_at: str | None = None
    held_by: str | None = None
    booked_by: str | None = None
    booked_at: str | None = None
    booked_price: int | None = None


class SeatWord(Struct, kw_only=True):
    """A seat asked for by name; `mine`: held or booked by whoever asks."""

    label: str
    status: str
    price: int
    mine: bool = False
    whose: Whose | None = None


class SeatWords(Said, kw_only=True):
    """Seats in the order in which they were asked for, as of `seq`, without those that the show has not."""

    show: str
    seq: int
    currency: str
    data: list[SeatWord]
    unknown: list[str]


class SeatMap(Said, kw_only=True):
    """A layout: where everything is. `sections` and `areas` are as in the OpenAPI document."""

    venue: str
    name: str
    layout: str
    version: int
    total_seats: int
    canvas: dict[str, float]
    categories: list[Tier]
    sections: list[dict[str, Any]]
    areas: list[dict[str, Any]]


class Caller(Said, kw_only=True):
    """Whom the token speaks for."""

    kind: str
    account: str
    permissions: list[str]
    sandbox: bool = False
    expires_at: str | None = None
    show: str | None = None
    reservation: str | None = None


class FeedEvent(Struct, kw_only=True):
    """One event: `event` is its id, `body` what a webhook would have got (JSON)."""

    event: str
    body: msgspec.Raw

    @property
    def kind(self) -> str:
        """Its type, as `booking_confirmed`."""
        return msgspec.json.decode(self.body, type=_Typed).type


class _Typed(Struct):
    type: str


class FeedPage(Said, kw_only=True):
    """Events in order; asked again with `next_cursor`, the feed goes on behind them."""

    data: list[FeedEvent]
    has_more: bool
    next_cursor: str
