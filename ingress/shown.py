"""What everybody may look at: the shapes of shows, layouts, seats and counts."""

from msgspec import Struct

from ingress.refusals import FieldError
from ticketing.layout import SEAT_SIZE
from ticketing.telling import Answer


class Tier(Struct, kw_only=True, omit_defaults=True):
    category: str
    price: int
    colour: str


class Rules(Struct, kw_only=True, omit_defaults=True):
    """A show's policy; times in seconds."""

    hold_s: int
    hold_max_s: int
    payment_s: int
    seats_per_hold: int
    seats_per_hold_partner: int
    max_held_seats_per_person: int
    seats_per_person: int
    tables_per_hold: int
    tables_per_hold_partner: int
    max_held_tables_per_person: int
    holds_at_once: int
    unpaid_holds: int
    unpaid_holds_partner: int
    cool_down_s: int
    payment: str
    admission_required: bool
    refund_until_s: int
    orphan_rule: str
    accessible_released_at: str | None = None
    """Absent: never."""


class EventAnswer(Answer, kw_only=True):
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
    request: str | None = None
    partition: int | None = None
    """For admins only: where its commands are decided."""


class EventLine(Struct, kw_only=True, omit_defaults=True):
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


class EventsAnswer(Answer, kw_only=True):
    data: list[EventLine]
    has_more: bool
    next_cursor: str | None = None


class VenueAnswer(Answer, kw_only=True):
    venue: str
    name: str


class LayoutAnswer(Answer, kw_only=True):
    venue: str
    total_seats: int
    seats: int
    tables: int
    areas: int
    categories: list[Tier]
    sha256: str
    warnings_total: int
    warnings: list[FieldError]
    """What is odd about it, though it can be sold from: the first 50."""
    layout: str | None = None
    """Absent when the layout was only validated."""
    version: int | None = None
    seat_map: "SeatMapAnswer | None" = None
    """If it was asked for; of a layout that was only validated with an empty id and version 0."""


class SeatPlace(Struct, kw_only=True, omit_defaults=True):
    """`x`, `y`: its centre, on the canvas; `rotation` in degrees, clockwise."""

    label: str
    number: int
    x: float
    y: float
    category: str
    rotation: float = 0.0
    width: float = SEAT_SIZE
    height: float = SEAT_SIZE
    accessible: bool = False
    companion_of: str | None = None


class RowMap(Struct, kw_only=True):
    label: str
    seats: list[SeatPlace]


class SectionMap(Struct, kw_only=True):
    name: str
    rows: list[RowMap]


class TablePlace(Struct, kw_only=True):
    """`bookable`: whole, by seat, or both; `x`, `y`: its centre."""

    label: str
    section: str
    bookable: str
    shape: str
    x: float
    y: float
    rotation: float
    width: float
    height: float
    seats: list[SeatPlace]


class AreaPlace(Struct, kw_only=True, omit_defaults=True):
    """`x`, `y`: its upper left corner, where it is drawn at all."""

    label: str
    category: str
    capacity: int
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0


class Canvas(Struct, kw_only=True):
    width: float
    height: float


class SeatMapAnswer(Answer, kw_only=True):
    """A layout: where everything is, and what it costs. No status, so that it can be kept for long."""

    venue: str
    name: str
    layout: str
    version: int
    total_seats: int
    canvas: Canvas
    categories: list[Tier]
    sections: list[SectionMap]
    tables: list[TablePlace]
    areas: list[AreaPlace]


class Counts(Struct, kw_only=True):
    total: int
    available: int
    held: int
    booked: int
    blocked: int


class NamedCounts(Counts, kw_only=True):
    name: str


class AvailabilityAnswer(Answer, kw_only=True):
    """What is left; `seq` is the show's sequence number that it is true for."""

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
    tables: list[NamedCounts]
    areas: list[NamedCounts]


class SeatState(Struct, kw_only=True, omit_defaults=True):
    label: str
    status: str
    price: int
    category: str
    x: float
    y: float


class AreaState(Struct, kw_only=True):
    label: str
    category: str
    price: int
    capacity: int
    available: int


class TableState(Struct, kw_only=True):
    """A table with its free seats; `price` of all its seats together. Whole it can be had if all are free."""

    label: str
    bookable: str
    price: int
    seats: int
    available: int
    free: list[str]


class SeatsAnswer(Answer, kw_only=True, omit_defaults=True):
    """Every place with its status and price, as of `seq`. With `since_seq` only the seats that have changed after it;
    with `sections` no seats and no tables."""

    show: str
    seq: int
    currency: str
    seats: list[SeatState]
    tables: list[TableState]
    areas: list[AreaState]
    stats: Counts
    since_seq: int | None = None
    sections: list[NamedCounts] | None = None
