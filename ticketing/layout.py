"""A venue's layout: what can be sold, where it stands and what it costs. Immutable once stored.

Two forms: the pydantic body that people send (`LayoutBody`), and `Layout`, the compact form that is stored, hashed
(a show names the digest) and given to the allocator. A seat is known by its number (its index in `Layout.seats`),
an area likewise; labels exist only at the edge.
"""

import hashlib
from functools import cached_property
from typing import Annotated

import msgspec
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ticketing.vocabulary import SEATS_PER_SHOW_MAX, SEATS_PER_SHOW_MIN

SEAT_PITCH = 30.0
"""Canvas units from seat to seat and from row to row where a short form gives no positions."""

Label = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f/]+$")]
Price = Annotated[int, Field(ge=0, le=10**9, description="minor units of the show's currency")]
Place = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]


class Category(msgspec.Struct, frozen=True):
    name: str
    price: int
    colour: str


class Seat(msgspec.Struct, frozen=True, array_like=True):
    label: str
    category: int
    x: float
    y: float
    number: int
    accessible: bool = False
    companion_of: int = -1
    """The number of the accessible seat that this one is kept for; -1: none."""


class Row(msgspec.Struct, frozen=True, array_like=True):
    """`count` seats side by side, numbered from `first`."""

    section: str
    label: str
    first: int
    count: int


class Area(msgspec.Struct, frozen=True, array_like=True):
    label: str
    category: int
    capacity: int


class Layout(msgspec.Struct, frozen=True, dict=True):
    """What is stored. `dict=True` lets the look-up tables below be built once and kept."""

    name: str
    width: float
    height: float
    categories: tuple[Category, ...]
    rows: tuple[Row, ...] = ()
    seats: tuple[Seat, ...] = ()
    areas: tuple[Area, ...] = ()

    @cached_property
    def seat_numbers(self) -> dict[str, int]:
        """Seat label -> seat number."""
        return {seat.label: number for number, seat in enumerate(self.seats)}

    @cached_property
    def area_numbers(self) -> dict[str, int]:
        """Area label -> area number."""
        return {area.label: number for number, area in enumerate(self.areas)}

    @cached_property
    def places(self) -> int:
        """How many can be sold: seats, and the capacity of the areas."""
        return len(self.seats) + sum(area.capacity for area in self.areas)

    def category_prices(self, overrides: dict[str, int]) -> tuple[int, ...]:
        """The price of each category in a show, in order, minor units."""
        return tuple(overrides.get(category.name, category.price) for category in self.categories)


def encode_layout(layout: Layout) -> tuple[bytes, bytes]:
    """The stored form (canonical JSON) and its sha256."""
    document = msgspec.json.encode(layout)
    return document, hashlib.sha256(document).digest()


def decode_layout(document: bytes, sha256: bytes) -> Layout:
    """The layout in a stored document.

    Raises:
        ValueError: the document is not the one that the digest names.
    """
    if hashlib.sha256(document).digest() != sha256:
        raise ValueError("the layout's document does not have the sha256 that the show names")
    return msgspec.json.decode(document, type=Layout)


class Body(BaseModel):
    """What people send: unknown fields are an error, because a misspelt one would be lost in silence."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class CategoryBody(Body):
    name: Label
    price: Price
    colour: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] = "#4C78A8"
    rows: list[Annotated[int, Field(ge=1)]] = Field(
        default=[], description="in the short form: which rows are of this category; none: all the others"
    )


class SeatBody(Body):
    label: Label
    x: Place
    y: Place
    category: Label | None = Field(default=None, description="default: the row's")
    accessible: bool = False


class RowBody(Body):
    label: Label
    category: Label
    seats: Annotated[list[SeatBody], Field(min_length=1)]


class SectionBody(Body):
    name: Label
    rows: list[RowBody]


class AreaBody(Body):
    label: Label
    category: Label
    capacity: Annotated[int, Field(ge=1, le=SEATS_PER_SHOW_MAX)]


class CanvasBody(Body):
    width: Annotated[float, Field(gt=0, le=1e6)] = 1200.0
    height: Annotated[float, Field(gt=0, le=1e6)] = 800.0


class LayoutBody(Body):
    """A layout in full (sections of rows of seats, areas sold by count) or in short (rows times seats, a capacity)."""

    name: Label = "layout"
    canvas: CanvasBody = CanvasBody()
    categories: Annotated[list[CategoryBody], Field(min_length=1, max_length=200)]
    sections: list[SectionBody] = []
    areas: Annotated[list[AreaBody], Field(max_length=1000)] = []
    rows: Annotated[int, Field(ge=1, le=2000)] | None = None
    seats_per_row: Annotated[int, Field(ge=1, le=2000)] | None = None
    capacity: Annotated[int, Field(ge=1, le=SEATS_PER_SHOW_MAX)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_category_is_enough(cls, data: object) -> object:
        if isinstance(data, dict) and "categories" not in data:
            return {**data, "categories": [{"name": "standard", "price": 0}]}
        return data

    @model_validator(mode="after")
    def _rows_come_with_seats(self) -> "LayoutBody":
        if (self.rows is None) != (self.seats_per_row is None):
            raise ValueError("rows and seats_per_row are given together")
        return self


class LayoutError(ValueError):
    """A layout that cannot be sold from; `errors` are `(JSON pointer, code)`."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__(", ".join(f"{pointer}: {code}" for pointer, code in errors))
        self.errors = errors


def build_layout(body: LayoutBody) -> Layout:
    """The stored form of what was sent.

    Raises:
        LayoutError: duplicate labels, unknown categories, or a size outside 10 to 200,000 places.
    """
    builder = _Builder(body)
    for position, section in enumerate(body.sections):
        builder.add_section(position, section)
    if body.rows is not None and body.seats_per_row is not None:
        builder.add_grid(body.rows, body.seats_per_row)
    for position, area in enumerate(body.areas):
        builder.add_area(f"/areas/{position}", area)
    if body.capacity is not None:
        general = AreaBody(label="general", category=body.categories[0].name, capacity=body.capacity)
        builder.add_area("/capacity", general)
    return builder.finish()


class _Builder:
    """Collects seats and areas with all the errors on the way, so that one answer names them all."""

    def __init__(self, body: LayoutBody) -> None:
        self.body = body
        self.errors: list[tuple[str, str]] = []
        self.category_numbers = {category.name: number for number, category in enumerate(body.categories)}
        self.labels: set[str] = set()
        self.rows: list[Row] = []
        self.seats: list[Seat] = []
        self.areas: list[Area] = []
        if len(self.category_numbers) < len(body.categories):
            self.errors.append(("/categories", "duplicate_name"))

    def category(self, pointer: str, name: str) -> int:
        if name not in self.category_numbers:
            self.errors.append((pointer, "unknown_category"))
        return self.category_numbers.get(name, 0)

    def label(self, pointer: str, label: str) -> str:
        if label in self.labels:
            self.errors.append((pointer, "duplicate_label"))
        self.labels.add(label)
        return label

    def add_section(self, position: int, section: SectionBody) -> None:
        for row_position, row in enumerate(section.rows):
            pointer = f"/sections/{position}/rows/{row_position}"
            self.rows.append(Row(section.name, row.label, len(self.seats), len(row.seats)))
            for number, seat in enumerate(row.seats):
                at = f"{pointer}/seats/{number}"
                label = self.label(f"{at}/label", seat.label)
                category = self.category(f"{at}/category", seat.category or row.category)
                self.seats.append(Seat(label, category, seat.x, seat.y, number + 1, seat.accessible))

    def add_grid(self, rows: int, seats_per_row: int) -> None:
        if rows * seats_per_row > SEATS_PER_SHOW_MAX:
            self.errors.append(("/rows", "too_many_places"))
            return
        named = {row: number for number, category in enumerate(self.body.categories) for row in category.rows}
        others = next((n for n, category in enumerate(self.body.categories) if not category.rows), 0)
        for row in range(1, rows + 1):
            row_label = row_letters(row)
            category = named.get(row, others)
            self.rows.append(Row("main", row_label, len(self.seats), seats_per_row))
            for number in range(1, seats_per_row + 1):
                label = self.label("/rows", f"{row_label}-{number}")
                self.seats.append(Seat(label, category, number * SEAT_PITCH, row * SEAT_PITCH, number))

    def add_area(self, pointer: str, area: AreaBody) -> None:
        label = self.label(f"{pointer}/label", area.label)
        self.areas.append(Area(label, self.category(f"{pointer}/category", area.category), area.capacity))

    def finish(self) -> Layout:
        body = self.body
        layout = Layout(
            name=body.name,
            width=body.canvas.width,
            height=body.canvas.height,
            categories=tuple(Category(category.name, category.price, category.colour) for category in body.categories),
            rows=tuple(self.rows),
            seats=tuple(self.seats),
            areas=tuple(self.areas),
        )
        if not self.errors and not SEATS_PER_SHOW_MIN <= layout.places <= SEATS_PER_SHOW_MAX:
            self.errors.append(("", "places_out_of_range"))
        if self.errors:
            raise LayoutError(self.errors)
        return layout


def row_letters(row: int) -> str:
    """The label of the n-th row as theatres write it: A to Z, AA, AB and on."""
    letters = ""
    while row > 0:
        row, rest = divmod(row - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
