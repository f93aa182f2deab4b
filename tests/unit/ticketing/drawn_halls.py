"""Small halls: drawn row by row, or at random."""

from hypothesis import strategies as st

from ticketing.layout import Category, Layout, Row, Seat

CATEGORIES = ("front", "back")
SECTIONS = ("left", "right")

Hall = tuple[Layout, bytearray]


def hall_of(*rows: str, section: str = "left") -> Hall:
    """A hall drawn row by row, best first: `.` free, `x` taken, `A` an accessible seat, `c` its companion seat (of the
    nearest `A` in the row before it)."""
    seats: list[Seat] = []
    listed: list[Row] = []
    for number, row in enumerate(rows):
        listed.append(Row(section, f"R{number}", len(seats), len(row)))
        accessible = -1
        for place, mark in enumerate(row):
            if mark == "A":
                accessible = len(seats)
            companion_of = accessible if mark == "c" else -1
            seats.append(Seat(f"R{number}-{place}", 0, place, number, place, mark == "A", companion_of))
    free = bytearray(mark != "x" for row in rows for mark in row)
    return layout_of(listed, seats), free


def layout_of(rows: list[Row], seats: list[Seat]) -> Layout:
    categories = tuple(Category(name, 1, "#000000") for name in CATEGORIES)
    return Layout(name="hall", width=1, height=1, categories=categories, rows=tuple(rows), seats=tuple(seats))


@st.composite
def halls(draw: st.DrawFn) -> Hall:
    """A hall of up to five rows of up to seven seats, and which of them are free."""
    rows: list[Row] = []
    seats: list[Seat] = []
    for number in range(draw(st.integers(1, 5))):
        count = draw(st.integers(1, 7))
        from_x = draw(st.integers(0, 3))
        rows.append(Row(draw(st.sampled_from(SECTIONS)), f"R{number}", len(seats), count))
        seats += [Seat(f"R{number}-{n}", draw(st.integers(0, 1)), from_x + n, number, n) for n in range(count)]
    free = bytearray(draw(st.lists(st.integers(0, 1), min_size=len(seats), max_size=len(seats))))
    return layout_of(rows, seats), free
