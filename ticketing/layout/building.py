"""From the body to the stored form, with everything that makes a layout unfit for sale."""

import math
from collections.abc import Iterator

import msgspec

from ticketing.layout.bodies import AreaBody, LayoutBody, SeatBody, SectionBody, TableBody
from ticketing.layout.model import NO_SEAT, SEAT_PITCH, SEAT_SIZE, Area, Category, Layout, Row, Seat, Shape, Table
from ticketing.vocabulary import SEATS_PER_SHOW_MAX, SEATS_PER_SHOW_MIN

AISLE = 6.0
"""Canvas units between a table's edge and the seats that are set around it."""


class LayoutError(ValueError):
    """A layout that cannot be sold from; `errors` are `(JSON pointer, code)`."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__(", ".join(f"{pointer}: {code}" for pointer, code in errors[:50]))
        self.errors = errors


def build_layout(body: LayoutBody) -> Layout:
    """The stored form of what was sent.

    Raises:
        LayoutError: duplicate labels, categories that are unknown or missing, companions of nobody, an area without
            capacity, or a size outside 10 to 200,000 places.
    """
    builder = _Builder(body)
    for position, section in enumerate(body.sections):
        builder.add_section(position, section)
    if body.rows is not None and body.seats_per_row is not None:
        builder.add_grid(body.rows, body.seats_per_row)
    for position, table in enumerate(body.tables):
        builder.add_table(f"/tables/{position}", table)
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
        self.tables: list[Table] = []
        self.areas: list[Area] = []
        self.companions: list[tuple[int, str, str]] = []
        """`(seat, label of the seat that it goes with, pointer)`."""
        if len(self.category_numbers) < len(body.categories):
            self.errors.append(("/categories", "duplicate_name"))

    def category(self, pointer: str, name: str | None) -> int:
        if name is None:
            self.errors.append((pointer, "no_category"))
        elif name not in self.category_numbers:
            self.errors.append((pointer, "unknown_category"))
        return self.category_numbers.get(name or "", 0)

    def label(self, pointer: str, label: str) -> str:
        if label in self.labels:
            self.errors.append((pointer, "duplicate_label"))
        self.labels.add(label)
        return label

    def add_section(self, position: int, section: SectionBody) -> None:
        for row_position, row in enumerate(section.rows):
            pointer = f"/sections/{position}/rows/{row_position}"
            self.rows.append(Row(section.name, row.label, len(self.seats), len(row.seats)))
            self.add_seats(pointer, row.seats, row.category)

    def add_seats(self, pointer: str, seats: list[SeatBody], category: str | None) -> None:
        for nth, seat in enumerate(seats):
            at = f"{pointer}/seats/{nth}"
            if seat.companion_of is not None:
                self.companions.append((len(self.seats), seat.companion_of, f"{at}/companion_of"))
            self.seats.append(
                Seat(
                    self.label(f"{at}/label", seat.label),
                    self.category(f"{at}/category", seat.category or category),
                    seat.x,
                    seat.y,
                    nth + 1 if seat.number is None else seat.number,
                    seat.accessible,
                    NO_SEAT,
                    seat.rotation,
                    seat.width,
                    seat.height,
                )
            )

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

    def add_table(self, pointer: str, table: TableBody) -> None:
        label = self.label(f"{pointer}/label", table.label)
        first = len(self.seats)
        if isinstance(table.seats, list):
            self.add_seats(pointer, table.seats, table.category)
        else:
            category = self.category(f"{pointer}/category", table.category)
            for number, (x, y, rotation) in enumerate(_around(table, table.seats), 1):
                name = self.label(f"{pointer}/seats", f"{label}-{number}")
                self.seats.append(Seat(name, category, x, y, number, rotation=rotation))
        self.tables.append(
            Table(
                label,
                table.section,
                first,
                len(self.seats) - first,
                table.bookable,
                table.shape,
                table.x,
                table.y,
                table.rotation,
                table.width,
                table.height,
            )
        )

    def add_area(self, pointer: str, area: AreaBody) -> None:
        label = self.label(f"{pointer}/label", area.label)
        if area.capacity == 0:
            self.errors.append((f"{pointer}/capacity", "no_capacity"))
        category = self.category(f"{pointer}/category", area.category)
        self.areas.append(Area(label, category, area.capacity, area.x, area.y, area.width, area.height))

    def link_companions(self) -> None:
        numbers = {seat.label: number for number, seat in enumerate(self.seats)} if self.companions else {}
        for seat, label, pointer in self.companions:
            of = numbers.get(label, NO_SEAT)
            if of in {NO_SEAT, seat}:
                self.errors.append((pointer, "companion_of_no_seat" if of == NO_SEAT else "companion_of_itself"))
                continue
            self.seats[seat] = msgspec.structs.replace(self.seats[seat], companion_of=of)

    def finish(self) -> Layout:
        body = self.body
        self.link_companions()
        layout = Layout(
            name=body.name,
            width=body.canvas.width,
            height=body.canvas.height,
            categories=tuple(Category(category.name, category.price, category.colour) for category in body.categories),
            rows=tuple(self.rows),
            seats=tuple(self.seats),
            areas=tuple(self.areas),
            tables=tuple(self.tables),
        )
        if not self.errors and not SEATS_PER_SHOW_MIN <= layout.places <= SEATS_PER_SHOW_MAX:
            self.errors.append(("", "places_out_of_range"))
        if self.errors:
            raise LayoutError(self.errors)
        return layout


def _around(table: TableBody, seats: int) -> Iterator[tuple[float, float, float]]:
    """`(x, y, rotation)` of each seat: on a circle, or along both long sides; then turned with the table."""
    turned = math.radians(table.rotation)
    for nth in range(seats):
        if table.shape == Shape.ROUND:
            angle = 2 * math.pi * nth / seats
            reach = max(table.width, table.height) / 2 + AISLE + SEAT_SIZE / 2
            dx, dy, facing = reach * math.sin(angle), -reach * math.cos(angle), math.degrees(angle)
        else:
            above = (seats + 1) // 2
            side, place, of = (-1, nth, above) if nth < above else (1, nth - above, seats - above)
            dx = table.width * ((place + 0.5) / of - 0.5)
            dy = side * (table.height / 2 + AISLE + SEAT_SIZE / 2)
            facing = 0.0 if side < 0 else 180.0
        x = table.x + dx * math.cos(turned) - dy * math.sin(turned)
        y = table.y + dx * math.sin(turned) + dy * math.cos(turned)
        yield round(x, 3), round(y, 3), round((facing + table.rotation) % 360, 3)


def row_letters(row: int) -> str:
    """The label of the n-th row as theatres write it: A to Z, AA, AB and on."""
    letters = ""
    while row > 0:
        row, rest = divmod(row - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
