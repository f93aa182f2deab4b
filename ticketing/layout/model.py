"""The stored form of a layout: seats, tables and areas are known by number (their index), labels exist at the edge."""

import hashlib
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

import msgspec

SEAT_PITCH = 30.0
"""Canvas units from seat to seat and from row to row where a short form gives no positions."""
SEAT_SIZE = 24.0
"""Width and height of a seat that says nothing of its own, in canvas units."""
NO_SEAT = -1


class Bookable(StrEnum):
    """How a table is sold."""

    WHOLE = "whole"
    SEATS = "seats"
    BOTH = "both"


class Shape(StrEnum):
    """What a table looks like from above."""

    ROUND = "round"
    RECTANGLE = "rectangle"


class Category(msgspec.Struct, frozen=True):
    name: str
    price: int
    colour: str


class Seat(msgspec.Struct, frozen=True, array_like=True):
    """`x`, `y`: its centre; `rotation` in degrees, clockwise; `companion_of`: the accessible seat beside which its
    companion sits, else `NO_SEAT`."""

    label: str
    category: int
    x: float
    y: float
    number: int
    accessible: bool = False
    companion_of: int = NO_SEAT
    rotation: float = 0.0
    width: float = SEAT_SIZE
    height: float = SEAT_SIZE


class Row(msgspec.Struct, frozen=True, array_like=True):
    """`count` seats side by side, numbered from `first`."""

    section: str
    label: str
    first: int
    count: int


class Table(msgspec.Struct, frozen=True, array_like=True):
    """`count` seats around a table, numbered from `first`; they are in no row."""

    label: str
    section: str
    first: int
    count: int
    bookable: Bookable
    shape: Shape
    x: float
    y: float
    rotation: float
    width: float
    height: float

    @property
    def seats(self) -> range:
        """The numbers of its seats."""
        return range(self.first, self.first + self.count)


class Area(msgspec.Struct, frozen=True, array_like=True):
    """`x`, `y`: its upper left corner; without width it is not drawn."""

    label: str
    category: int
    capacity: int
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0


class Stretch(NamedTuple):
    """Seats numbered from `first` to before `end`, all of one category, in one section, at one table or at none."""

    section: str
    table: str
    category: int
    first: int
    end: int


class Extent(NamedTuple):
    """Where the seats numbered from `first` to before `end`, a row or a table, are on the canvas."""

    first: int
    end: int
    x0: float
    y0: float
    x1: float
    y1: float


class Layout(msgspec.Struct, frozen=True, dict=True):
    """What is stored. `dict=True` lets the look-up tables below be built once and kept."""

    name: str
    width: float
    height: float
    categories: tuple[Category, ...]
    rows: tuple[Row, ...] = ()
    seats: tuple[Seat, ...] = ()
    areas: tuple[Area, ...] = ()
    tables: tuple[Table, ...] = ()

    @cached_property
    def seat_numbers(self) -> dict[str, int]:
        """Seat label -> seat number."""
        return {seat.label: number for number, seat in enumerate(self.seats)}

    @cached_property
    def area_numbers(self) -> dict[str, int]:
        """Area label -> area number."""
        return {area.label: number for number, area in enumerate(self.areas)}

    @cached_property
    def table_numbers(self) -> dict[str, int]:
        """Table label -> table number."""
        return {table.label: number for number, table in enumerate(self.tables)}

    @cached_property
    def tables_of_seats(self) -> dict[int, Table]:
        """Seat number -> its table, for the seats that are at one."""
        return {seat: table for table in self.tables for seat in table.seats}

    @cached_property
    def _whole_tables_of_seats(self) -> dict[int, Table]:
        """The same for the tables that can be sold whole."""
        return {seat: table for seat, table in self.tables_of_seats.items() if table.bookable != Bookable.SEATS}

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """All seats, in as few stretches as there can be: rows that go on in one section and category are one."""
        found: list[Stretch] = []
        sets = [(row.section, "", row.first, row.first + row.count) for row in self.rows]
        sets += [(table.section, table.label, table.first, table.first + table.count) for table in self.tables]
        for section, table, start, end in sets:
            for seat in range(start, end):
                last = found[-1] if found else None
                category = self.seats[seat].category
                if last is not None and last[:3] == (section, table, category) and last.end == seat:
                    found[-1] = last._replace(end=seat + 1)
                else:
                    found.append(Stretch(section, table, category, seat, seat + 1))
        return tuple(found)

    @cached_property
    def extents(self) -> tuple[Extent, ...]:
        """Where each row and each table has its seats, by seat number."""
        found = []
        sets = [(row.first, row.count) for row in self.rows] + [(table.first, table.count) for table in self.tables]
        for first, count in sorted(sets):
            seats = self.seats[first : first + count]
            xs, ys = [seat.x for seat in seats], [seat.y for seat in seats]
            found.append(Extent(first, first + count, min(xs), min(ys), max(xs), max(ys)))
        return tuple(found)

    @cached_property
    def places(self) -> int:
        """How many can be sold: seats, and the capacity of the areas."""
        return len(self.seats) + sum(area.capacity for area in self.areas)

    def category_prices(self, overrides: dict[str, int]) -> tuple[int, ...]:
        """The price of each category in a show, in order, minor units."""
        return tuple(overrides.get(category.name, category.price) for category in self.categories)

    def whole_tables(self, seats: tuple[int, ...]) -> list[Table]:
        """The tables that are sold whole and all of whose seats are among `seats`, each named once."""
        of_seats = self._whole_tables_of_seats
        if of_seats.keys().isdisjoint(seats):
            return []
        counts: dict[int, int] = {}
        for seat in set(seats):
            if seat in of_seats:
                first = of_seats[seat].first
                counts[first] = counts.get(first, 0) + 1
        return [of_seats[first] for first, n in sorted(counts.items()) if n == of_seats[first].count]


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
