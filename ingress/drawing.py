"""A show as people look at it: seat map, seats with status, counts. Pure; quick enough for 100,000 seats.

The list of seats is put together from pieces that never change (one for each seat, encoded once) and the status words
between them, instead of encoding every seat at every look.
"""

import msgspec

from ingress import shown
from ingress.shows import LayoutRow, Show
from ticketing.clock import rfc3339
from ticketing.layout import NO_SEAT, Layout
from ticketing.show_view import AVAILABLE, BLOCKED, BOOKED, HELD, STATUS_NAMES, ShowView

_STATUS_PIECES = tuple(f',"status":"{name.value}"}}'.encode() for name in STATUS_NAMES)


class SeatPieces:
    """What is always the same of a show's seats, encoded: `{"label":…,"price":…` of each, without its end."""

    def __init__(self, show: Show) -> None:
        self.show = show
        layout = show.layout
        names = [category.name for category in layout.categories]
        self.starts = [
            msgspec.json.encode(
                {
                    "label": seat.label,
                    "price": show.prices[seat.category],
                    "category": names[seat.category],
                    "x": seat.x,
                    "y": seat.y,
                }
            )[:-1]
            for seat in layout.seats
        ]

    def draw(self, seats: bytearray, wanted: list[int] | None) -> bytes:
        """The JSON list of the seats `wanted` (all: None) with their status."""
        if wanted is None:
            return (
                b"["
                + b",".join([start + _STATUS_PIECES[mark] for start, mark in zip(self.starts, seats, strict=True)])
                + b"]"
            )
        return b"[" + b",".join([self.starts[seat] + _STATUS_PIECES[seats[seat]] for seat in wanted]) + b"]"


def area_states(show: Show, view: ShowView) -> list[shown.AreaState]:
    """Each area with what is left of it."""
    layout = show.layout
    return [
        shown.AreaState(
            label=area.label,
            category=layout.categories[area.category].name,
            price=show.prices[area.category],
            capacity=area.capacity,
            available=view.area_left(number),
        )
        for number, area in enumerate(layout.areas)
    ]


def table_states(show: Show, view: ShowView) -> list[shown.TableState]:
    """Each table with its free seats."""
    seats = show.layout.seats
    states = []
    for table in show.layout.tables:
        free = [seats[seat].label for seat in table.seats if view.seats[seat] == AVAILABLE]
        state = shown.TableState(
            label=table.label,
            bookable=table.bookable,
            price=sum(show.prices[seats[seat].category] for seat in table.seats),
            seats=table.count,
            available=len(free),
            free=free,
        )
        states.append(state)
    return states


def draw_sections(show: Show, view: ShowView, names: set[str] | None, now_ms: int) -> bytes:
    """`shown.SeatsAnswer` as JSON from far away: counts of the sections (all: None) in place of seats and tables."""
    counts = availability(show, view, now_ms)
    answer = shown.SeatsAnswer(
        message=counts.message,
        created_at=counts.created_at,
        show=show.text,
        seq=view.seq,
        currency=show.row.currency,
        seats=[],
        tables=[],
        areas=area_states(show, view),
        stats=shown.Counts(**view.counts()),
        sections=[section for section in counts.sections if names is None or section.name in names],
    )
    return msgspec.json.encode(answer)


def draw_seats(  # noqa: PLR0917 -- what is drawn, of what, and from what
    show: Show, view: ShowView, pieces: SeatPieces, wanted: list[int] | None, now_ms: int, since_seq: int | None = None
) -> bytes:
    """`shown.SeatsAnswer` as JSON, its seats drawn from pieces."""
    seats = msgspec.Raw(pieces.draw(view.seats, wanted))
    counts = view.counts()
    return msgspec.json.encode(
        {
            "message": f"{counts['available']} of {counts['total']} places are available",
            "created_at": rfc3339(now_ms),
            "show": show.text,
            "seq": view.seq,
            "currency": show.row.currency,
            "seats": seats,
            "tables": table_states(show, view),
            "areas": area_states(show, view),
            "stats": shown.Counts(**counts),
        }
        | ({} if since_seq is None else {"since_seq": since_seq})
    )


def availability(show: Show, view: ShowView, now_ms: int) -> shown.AvailabilityAnswer:
    """Counts by category, section and area."""
    layout = show.layout
    totals = view.counts()
    categories = {category.name: _none(category.name) for category in layout.categories}
    sections: dict[str, shown.NamedCounts] = {}
    tables: dict[str, shown.NamedCounts] = {table.label: _none(table.label) for table in layout.tables}
    marks: dict[tuple[str, str, int], list[bytearray]] = {}
    for section, table, category, first, end in layout.stretches:
        marks.setdefault((section, table, category), []).append(view.seats[first:end])
    for (section, table, category), pieces in marks.items():
        into = [sections.setdefault(section, _none(section)), categories[layout.categories[category].name]]
        _count(b"".join(pieces), *into, *([tables[table]] if table else []))
    areas = []
    for number, area in enumerate(layout.areas):
        left, held, booked = view.area_left(number), view.areas_held[number], view.areas_booked[number]
        counts = shown.NamedCounts(
            name=area.label, total=area.capacity, available=left, held=held, booked=booked, blocked=0
        )
        areas.append(counts)
        _add(categories[layout.categories[area.category].name], counts)
    return shown.AvailabilityAnswer(
        message=f"{totals['available']} of {totals['total']} places are available",
        created_at=rfc3339(now_ms),
        show=show.text,
        seq=view.seq,
        status=view.status,
        total_seats=totals["total"],
        available_seats=totals["available"],
        held_seats=totals["held"],
        booked_seats=totals["booked"],
        blocked_seats=totals["blocked"],
        categories=list(categories.values()),
        sections=list(sections.values()),
        tables=list(tables.values()),
        areas=areas,
    )


def seat_map(row: LayoutRow, layout: Layout) -> shown.SeatMapAnswer:
    """A layout in full."""
    names = [category.name for category in layout.categories]
    sections: dict[str, shown.SectionMap] = {}
    for row_ in layout.rows:
        section = sections.setdefault(row_.section, shown.SectionMap(name=row_.section, rows=[]))
        places = _places(layout, row_.first, row_.count)
        section.rows.append(shown.RowMap(label=row_.label, seats=places))
    return shown.SeatMapAnswer(
        message=f"Layout version {row.version}: {layout.places} places",
        created_at=rfc3339(row.created_at_ms),
        venue=row.venue,
        name=layout.name,
        layout=row.layout,
        version=row.version,
        total_seats=layout.places,
        canvas=shown.Canvas(width=layout.width, height=layout.height),
        categories=tiers(layout, layout.category_prices({})),
        sections=list(sections.values()),
        tables=[
            shown.TablePlace(
                label=table.label,
                section=table.section,
                bookable=table.bookable,
                shape=table.shape,
                x=table.x,
                y=table.y,
                rotation=table.rotation,
                width=table.width,
                height=table.height,
                seats=_places(layout, table.first, table.count),
            )
            for table in layout.tables
        ],
        areas=[
            shown.AreaPlace(
                label=area.label,
                category=names[area.category],
                capacity=area.capacity,
                x=area.x,
                y=area.y,
                width=area.width,
                height=area.height,
            )
            for area in layout.areas
        ],
    )


def _places(layout: Layout, first: int, count: int) -> list[shown.SeatPlace]:
    return [
        shown.SeatPlace(
            label=seat.label,
            number=seat.number,
            x=seat.x,
            y=seat.y,
            category=layout.categories[seat.category].name,
            rotation=seat.rotation,
            width=seat.width,
            height=seat.height,
            accessible=seat.accessible,
            companion_of=None if seat.companion_of == NO_SEAT else layout.seats[seat.companion_of].label,
        )
        for seat in layout.seats[first : first + count]
    ]


def tiers(layout: Layout, prices: tuple[int, ...]) -> list[shown.Tier]:
    """Each category with its price."""
    return [
        shown.Tier(category=category.name, price=price, colour=category.colour)
        for category, price in zip(layout.categories, prices, strict=True)
    ]


def _count(marks: bytes, *into: shown.NamedCounts) -> None:
    found = shown.Counts(
        total=len(marks),
        available=marks.count(AVAILABLE),
        held=marks.count(HELD),
        booked=marks.count(BOOKED),
        blocked=marks.count(BLOCKED),
    )
    for counts in into:
        _add(counts, found)


def _add(counts: shown.NamedCounts, more: shown.Counts) -> None:
    counts.total += more.total
    counts.available += more.available
    counts.held += more.held
    counts.booked += more.booked
    counts.blocked += more.blocked


def _none(name: str) -> shown.NamedCounts:
    return shown.NamedCounts(name=name, total=0, available=0, held=0, booked=0, blocked=0)
