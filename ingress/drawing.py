"""A show as people look at it: seat map, seats with status, counts. Pure; quick enough for 100,000 seats.

The list of seats is put together from pieces that never change (one for each seat, encoded once) and the status words
between them, instead of encoding every seat at every look.
"""

import msgspec

from ingress import shown
from ingress.shows import LayoutRow, Show
from ticketing.clock import rfc3339
from ticketing.layout import Layout
from ticketing.seating_plan import Block, blocks_of
from ticketing.show_view import AVAILABLE, BLOCKED, BOOKED, HELD, STATUS_NAMES, ShowView

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in canvas units; a seat on the edge is inside."""

_STATUS_PIECES = tuple(f',"status":"{name.value}"}}'.encode() for name in STATUS_NAMES)


class SeatPieces:
    """What is always the same of a show's seats, encoded: `{"label":…,"price":…` of each, without its end."""

    def __init__(self, show: Show) -> None:
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


def select_seats(
    layout: Layout, view: ShowView, *, status: str | None, category: str | None, box: Box | None
) -> list[int] | None:
    """The numbers of the seats that fit all the filters given; None: no filter, hence all."""
    if status is None and category is None and box is None:
        return None
    chosen: list[int] = list(range(len(layout.seats)))
    if status is not None:
        mark = [name.value for name in STATUS_NAMES].index(status)
        chosen = [seat for seat in chosen if view.seats[seat] == mark]
    if category is not None:
        numbers = {number for number, known in enumerate(layout.categories) if known.name == category}
        chosen = [seat for seat in chosen if layout.seats[seat].category in numbers]
    if box is not None:
        x0, y0, x1, y1 = box
        chosen = [
            seat for seat in chosen if x0 <= layout.seats[seat].x <= x1 and y0 <= layout.seats[seat].y <= y1
        ]  # fmt: skip
    return chosen


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


def draw_seats(show: Show, view: ShowView, pieces: SeatPieces, wanted: list[int] | None, now_ms: int) -> bytes:
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
            "areas": area_states(show, view),
            "stats": shown.Counts(**counts),
        }
    )


def availability(show: Show, view: ShowView, now_ms: int) -> shown.AvailabilityAnswer:
    """Counts by category, section and area."""
    layout = show.layout
    blocks = blocks_of(layout)
    totals = view.counts()
    categories = {category.name: _none(category.name) for category in layout.categories}
    sections: dict[str, shown.NamedCounts] = {}
    for block in blocks:
        section = sections.setdefault(block.section, _none(block.section))
        _count_block(view, block, section, categories[layout.categories[block.category].name])
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
        areas=areas,
    )


def seat_map(row: LayoutRow, layout: Layout) -> shown.SeatMapAnswer:
    """A layout in full."""
    names = [category.name for category in layout.categories]
    sections: dict[str, shown.SectionMap] = {}
    for row_ in layout.rows:
        section = sections.setdefault(row_.section, shown.SectionMap(name=row_.section, rows=[]))
        places = [
            shown.SeatPlace(
                label=seat.label,
                number=seat.number,
                x=seat.x,
                y=seat.y,
                category=names[seat.category],
                accessible=seat.accessible,
            )
            for seat in layout.seats[row_.first : row_.first + row_.count]
        ]
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
        areas=[
            shown.AreaPlace(label=area.label, category=names[area.category], capacity=area.capacity)
            for area in layout.areas
        ],
    )


def tiers(layout: Layout, prices: tuple[int, ...]) -> list[shown.Tier]:
    """Each category with its price."""
    return [
        shown.Tier(category=category.name, price=price, colour=category.colour)
        for category, price in zip(layout.categories, prices, strict=True)
    ]


def _count_block(view: ShowView, block: Block, *into: shown.NamedCounts) -> None:
    end = block.first + block.count
    count = view.seats.count
    found = shown.Counts(
        total=block.count,
        available=count(AVAILABLE, block.first, end),
        held=count(HELD, block.first, end),
        booked=count(BOOKED, block.first, end),
        blocked=count(BLOCKED, block.first, end),
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
