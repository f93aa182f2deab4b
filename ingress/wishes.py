"""What admins send: venues, shows, their rules. The bodies of the sale itself are `ticketing.intake`'s."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from ingress.moments import Moment
from ingress.refusals import FieldError, Refused
from ticketing.layout import (
    ROWS_WITH_SEATS,
    Body,
    CategoryBody,
    Layout,
    LayoutBody,
    LayoutError,
    Price,
    build_layout,
    layout_warnings,
)
from ticketing.messages import Policy
from ticketing.vocabulary import SEATS_PER_SHOW_MAX, SEATS_PER_SHOW_MIN, OrphanRule

HOLD_S_MIN = 60
HOLD_S_MAX = 900
COUNT_MAX = 2**31 - 1

ShownName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f]+$",
        json_schema_extra={"pattern": r"^[^\x00-\x1f]*[^\x00-\x20\x7f-\xa0\s][^\x00-\x1f]*$"},
    ),
]
VenueId = Annotated[str, Field(pattern=r"^ven_[0-9a-f]{32}$")]
LayoutId = Annotated[str, Field(pattern=r"^lay_[0-9a-f]{32}$")]
Count = Annotated[int, Field(ge=0, le=COUNT_MAX)]
RowCount = Annotated[int, Field(ge=1, le=2_000)]


class VenueBody(Body):
    name: ShownName


class CloseBody(Body):
    reason: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""


class PolicyBody(Body):
    """The rules of a show; what is left out is the default. Times in seconds."""

    holds_at_once: Annotated[int, Field(ge=0, le=SEATS_PER_SHOW_MAX, description="of one person; 0: any number")] = 3
    unpaid_holds: Annotated[
        int, Field(ge=0, le=50, description="so many that came to nothing make a person wait; 0: never")
    ] = 20
    unpaid_holds_partner: Annotated[
        int, Field(ge=0, le=50, description="the same for a key, as far as it holds on behalf of nobody; 0: never")
    ] = 0
    cool_down_s: Annotated[int, Field(ge=0, le=3600, description="within how long, and for how long")] = 600
    hold_s: Annotated[int, Field(ge=1, le=86_400, description="60 to 900; shows with test: true from 1")] = 300
    hold_max_s: Annotated[int, Field(ge=1, le=86_400, description="the longest a hold can be extended to")] = 900
    payment_s: Annotated[int, Field(ge=1, le=86_400)] = 180
    seats_per_hold: Annotated[int, Field(ge=1, le=200)] = 10
    seats_per_hold_partner: Annotated[int, Field(ge=1, le=200)] = 50
    max_held_seats_per_person: Annotated[int, Field(ge=1, le=SEATS_PER_SHOW_MAX)] = 10
    seats_per_person: Annotated[
        int, Field(ge=0, le=SEATS_PER_SHOW_MAX, description="held and booked, in all; 0: any number")
    ] = 0
    tables_per_hold: Annotated[int, Field(ge=1, le=200, description="whole ones; their seats count beside")] = 1
    tables_per_hold_partner: Annotated[int, Field(ge=1, le=200)] = 10
    max_held_tables_per_person: Annotated[int, Field(ge=1, le=SEATS_PER_SHOW_MAX)] = 1
    payment: Literal["required", "optional"] = "required"
    admission_required: Annotated[
        bool, Field(description="sold only to those who come through the waiting room: API keys hold nothing")
    ] = False
    refund_until_s: Annotated[
        int, Field(ge=0, le=366 * 86_400, description="how long before the start a booking can be cancelled")
    ] = 86_400
    orphan_rule: Annotated[
        Literal["off", "warn", "enforce"],
        Field(
            description="holds that leave a single seat: as they come, told in `why`, or refused while many are free"
        ),
    ] = "off"
    accessible_released_at: Annotated[
        Moment | None,
        Field(description="when the best available may be accessible seats, for anybody; default: never"),
    ] = None

    def changing(self, policy: Policy, *, test: bool) -> Policy:
        """`policy` with what was said here, all that was left out staying as it is. Raises `Refused` (422)."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        return PolicyBody.of(policy).model_copy(update=said).build(test=test)

    @classmethod
    def of(cls, policy: Policy) -> "PolicyBody":
        """A show's policy as it would be sent."""
        released_ms = policy.accessible_released_at_ms
        return cls(
            holds_at_once=policy.holds_at_once_max,
            unpaid_holds=policy.unpaid_holds_max,
            unpaid_holds_partner=policy.unpaid_holds_partner_max,
            cool_down_s=policy.cool_down_s,
            hold_s=policy.hold_s,
            hold_max_s=policy.hold_max_s,
            payment_s=policy.payment_s,
            seats_per_hold=policy.seats_per_hold_max,
            seats_per_hold_partner=policy.seats_per_hold_partner_max,
            max_held_seats_per_person=policy.max_held_seats_per_person,
            seats_per_person=policy.seats_per_person_max,
            tables_per_hold=policy.tables_per_hold_max,
            tables_per_hold_partner=policy.tables_per_hold_partner_max,
            max_held_tables_per_person=policy.max_held_tables_per_person,
            payment="required" if policy.payment_required else "optional",
            admission_required=policy.admission_required,
            refund_until_s=policy.refund_until_s,
            orphan_rule=policy.orphan_rule.value,
            accessible_released_at=datetime.fromtimestamp(released_ms / 1000, UTC) if released_ms else None,
        )

    def build(self, *, test: bool) -> Policy:
        """The policy as it goes on the log. Raises `Refused` (422)."""
        least_s = 1 if test else HOLD_S_MIN
        if not least_s <= self.hold_s <= HOLD_S_MAX:
            raise Refused(
                "hold_time_out_of_range",
                f"hold_s must be from {least_s} to {HOLD_S_MAX}",
                errors=[FieldError(pointer="/policy/hold_s", code="out_of_range")],
            )
        if self.hold_max_s < self.hold_s:
            raise Refused(
                "hold_time_out_of_range",
                "hold_max_s is shorter than hold_s",
                errors=[FieldError(pointer="/policy/hold_max_s", code="out_of_range")],
            )
        released = self.accessible_released_at
        return Policy(
            seats_per_hold_max=self.seats_per_hold,
            seats_per_hold_partner_max=self.seats_per_hold_partner,
            max_held_seats_per_person=self.max_held_seats_per_person,
            seats_per_person_max=self.seats_per_person,
            tables_per_hold_max=self.tables_per_hold,
            tables_per_hold_partner_max=self.tables_per_hold_partner,
            max_held_tables_per_person=self.max_held_tables_per_person,
            holds_at_once_max=self.holds_at_once,
            unpaid_holds_max=self.unpaid_holds,
            unpaid_holds_partner_max=self.unpaid_holds_partner,
            cool_down_s=self.cool_down_s,
            hold_s=self.hold_s,
            hold_max_s=self.hold_max_s,
            payment_s=self.payment_s,
            payment_required=self.payment == "required",
            admission_required=self.admission_required,
            refund_until_s=self.refund_until_s,
            orphan_rule=OrphanRule(self.orphan_rule),
            accessible_released_at_ms=0 if released is None else round(released.timestamp() * 1000),
        )


_NO_PLACES = {name: {"type": "null"} for name in ("capacity", "rows", "seats_per_row", "categories")}
_NO_VENUE = {"venue": {"type": "null"}, "layout": {"type": "null"}}
_WAYS_TO_NAME_THE_PLACES: dict[str, Any] = {
    "anyOf": [
        {"required": ["venue"], "properties": {"venue": {"type": "string"}, **_NO_PLACES}},
        {"required": ["capacity"], "properties": {"capacity": {"type": "integer"}, **_NO_VENUE}},
        {"required": ["rows"], "properties": {"rows": {"type": "integer"}, **_NO_VENUE}},
    ],
    "allOf": [ROWS_WITH_SEATS],
}
"""What the validator below says, for the schema."""


class ShowBody(Body):
    """A show on a venue's layout (`venue`, and `layout` unless it is the newest); or in short, with `capacity` or
    `rows` and `seats_per_row`, which makes venue and layout as well."""

    model_config = ConfigDict(json_schema_extra=_WAYS_TO_NAME_THE_PLACES)

    name: ShownName
    starts_at: Moment
    opens_at: Moment | None = None
    closes_at: Annotated[Moment | None, Field(description="default: when it starts")] = None
    venue: VenueId | None = None
    layout: LayoutId | None = None
    capacity: Count | None = None
    rows: RowCount | None = None
    seats_per_row: RowCount | None = None
    categories: Annotated[list[CategoryBody], Field(min_length=1, max_length=200)] | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    prices: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=60)], Price],
        Field(max_length=200, description="category name to price, where it differs from the layout's"),
    ] = {}
    policy: PolicyBody = PolicyBody()
    test: bool = False

    @model_validator(mode="after")
    def _one_way_to_name_the_places(self) -> Self:
        short = (self.capacity, self.rows, self.seats_per_row, self.categories)
        if self.venue is None:
            if self.layout is not None:
                raise ValueError("a layout comes with its venue")
            if self.capacity is None and self.rows is None:
                raise ValueError("name a venue, or a capacity, or rows and seats_per_row")
        elif any(part is not None for part in short):
            raise ValueError("name a venue, or the places themselves, not both")
        if (self.rows is None) != (self.seats_per_row is None):
            raise ValueError("rows and seats_per_row are given together")
        return self

    def short_layout(self) -> Layout:
        """The layout of the short form. Raises `Refused` (422)."""
        places = (self.capacity or 0) + (self.rows or 0) * (self.seats_per_row or 0)
        if not SEATS_PER_SHOW_MIN <= places <= SEATS_PER_SHOW_MAX:
            raise places_out_of_range("/capacity" if self.capacity is not None else "/rows")
        given = self.model_dump(include={"capacity", "rows", "seats_per_row", "categories"}, exclude_none=True)
        return built(LayoutBody.model_validate(given))


def built_with_warnings(body: LayoutBody) -> tuple[Layout, list[tuple[str, str]]]:
    """As `built`, and what is odd about it: `(JSON pointer, code)` each. A second for a stadium: not for a loop."""
    layout = built(body)
    return layout, layout_warnings(body, layout)


def built(body: LayoutBody) -> Layout:
    """The layout that was sent, in its stored form. Raises `Refused` (422) with every error that it has."""
    try:
        return build_layout(body)
    except LayoutError as error:
        if ("", "places_out_of_range") in error.errors:
            raise places_out_of_range("") from error
        errors = [FieldError(pointer=pointer, code=code) for pointer, code in error.errors[:50]]
        raise Refused("layout_invalid", str(error)[:500], errors=errors) from error


def places_out_of_range(pointer: str) -> Refused:
    """The size that no show may have."""
    return Refused(
        "layout_invalid",
        f"a show has {SEATS_PER_SHOW_MIN} to {SEATS_PER_SHOW_MAX} places",
        errors=[FieldError(pointer=pointer, code="places_out_of_range")],
    )


def epoch_ms(moment: datetime, pointer: str) -> int:
    """Milliseconds since 1970. Raises `Refused` for a time before that, which no clock of ours can have."""
    at_ms = round(moment.timestamp() * 1000)
    if at_ms <= 0:
        raise Refused("times_invalid", errors=[FieldError(pointer=pointer, code="before_1970")])
    return at_ms
