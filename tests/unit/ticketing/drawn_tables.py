"""Small halls with tables, drawn at random: some sold whole, some by the seat, some either way; and a row or two."""

from hypothesis import strategies as st

from tests.unit.ticketing.drawn_halls import SECTIONS, Hall, layout_of
from ticketing.layout import Bookable, Layout, Row, Seat, Shape, Table

PITCH = 100.0


TABLES = st.lists(
    st.tuples(
        st.tuples(st.integers(0, 3), st.integers(0, 3)),
        st.sampled_from(SECTIONS),
        st.sampled_from(Bookable),
        st.sampled_from(Shape),
        st.text("fb", min_size=1, max_size=5),
    ),
    max_size=8,
    unique_by=lambda drawn: drawn[0],
)
"""Where on the grid, section, how it is sold, shape, and each seat's category."""


@st.composite
def table_halls(draw: st.DrawFn, rows_max: int = 0) -> Hall:
    """Up to eight tables of up to five seats on a grid with gaps, and which of all seats are free."""
    rows: list[Row] = []
    seats: list[Seat] = []
    tables: list[Table] = []
    for number in range(draw(st.integers(0, rows_max))):
        count = draw(st.integers(1, 4))
        rows.append(Row(SECTIONS[number % 2], f"R{number}", len(seats), count))
        seats += [Seat(f"R{number}-{n}", number % 2, n, number, n) for n in range(count)]
    for number, ((across, down), section, bookable, shape, categories) in enumerate(draw(TABLES)):
        x, y = across * PITCH, 500 + down * PITCH
        size = (0.0, 40.0, 40.0)
        tables.append(Table(f"T{number}", section, len(seats), len(categories), bookable, shape, x, y, *size))
        seats += [
            Seat(f"T{number}-{n}", "fb".index(category), x + n * 5, y + n * 5, n)
            for n, category in enumerate(categories)
        ]
    mask = draw(st.integers(0, 2 ** len(seats) - 1))
    free = bytearray(mask >> seat & 1 for seat in range(len(seats)))
    layout = layout_of(rows, seats)
    return Layout(layout.name, 1, 1, layout.categories, tuple(rows), tuple(seats), (), tuple(tables)), free
