"""Which tables stand beside each other does not depend on who asks first, or how many ask: it is what a look around all
the tables of a hall at once finds. Parties are placed by it, and a log that is replayed has to place them again."""

from math import dist
from random import Random
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from ticketing.layout import SEAT_SIZE, Bookable, Category, Layout, Seat, Shape, Table
from ticketing.table_plan import FAR, LOOKED_AT_MAX, NEAR, TablesBeside

PLACE = st.tuples(
    st.one_of(st.integers(0, 12).map(lambda n: n * 50.1), st.floats(0, 600, width=32)),
    st.one_of(st.integers(0, 12).map(lambda n: n * 50.1), st.floats(0, 600, width=32)),
    st.sampled_from(("hall", "balcony")),
    st.sampled_from((Bookable.SEATS, Bookable.SEATS, Bookable.BOTH, Bookable.WHOLE)),
    st.sampled_from((0.0, 30.0, 80.0)),
)
"""Where a table stands, in which section, how it is sold, and how far apart its two seats are."""
Place = tuple[float, float, str, Bookable, float]


def hall_of(places: list[Place]) -> Layout:
    seats: list[Seat] = []
    tables: list[Table] = []
    for number, (x, y, section, bookable, wide) in enumerate(places):
        tables.append(Table(f"T{number}", section, len(seats), 2, bookable, Shape.ROUND, x, y, 0.0, 40.0, 40.0))
        seats += [Seat(f"T{number}-{n}", 0, x + n * wide, y, n) for n in range(2)]
    return Layout("hall", 1, 1, (Category("one", 1, "#000000"),), (), tuple(seats), (), tuple(tables))


def by_looking_around_all(layout: Layout) -> dict[int, tuple[int, ...]]:
    """By table: those beside it, the nearest first."""
    found: dict[int, tuple[int, ...]] = {}
    for section in {table.section for table in layout.tables}:
        numbers = [
            number
            for number, table in enumerate(layout.tables)
            if table.section == section and table.bookable != Bookable.WHOLE
        ]
        if numbers:
            found |= _in_a_section(layout, numbers)
    return found


def _in_a_section(layout: Layout, numbers: list[int]) -> dict[int, tuple[int, ...]]:
    at = {number: (layout.tables[number].x, layout.tables[number].y) for number in numbers}
    reach = FAR * median(_size(layout, layout.tables[number]) for number in numbers)
    squares: dict[tuple[int, int], list[int]] = {}
    for number in numbers:
        squares.setdefault((int(at[number][0] // reach), int(at[number][1] // reach)), []).append(number)
    around: dict[int, list[tuple[float, int]]] = {}
    for number in numbers:
        across, down = int(at[number][0] // reach), int(at[number][1] // reach)
        near = (squares.get((across + x, down + y), [])[:LOOKED_AT_MAX] for x in (-1, 0, 1) for y in (-1, 0, 1))
        apart = [(dist(at[number], at[other]), other) for square in near for other in square if other != number]
        around[number] = sorted(it for it in apart if it[0] < reach)
    nearest = {number: found[0][0] if found else 0.0 for number, found in around.items()}
    return {
        number: tuple(other for apart, other in found if apart < NEAR * min(nearest[number], nearest[other]))
        for number, found in around.items()
    }


def _size(layout: Layout, table: Table) -> float:
    xs = [layout.seats[seat].x for seat in table.seats]
    return max(xs) - min(xs) + SEAT_SIZE


@given(st.lists(PLACE, max_size=40), st.randoms())
def test_in_whatever_order_they_are_asked_for_it_is_what_a_look_around_all_finds(
    places: list[Place], order: Random
) -> None:
    layout = hall_of(places)
    wanted = by_looking_around_all(layout)
    numbers = list(wanted)
    order.shuffle(numbers)
    found = TablesBeside(layout)
    assert {number: found.of(number) for number in numbers} == wanted
    assert {number: found.of(number) for number in numbers} == wanted, "asked once more"


def test_of_tables_heaped_upon_each_other_the_first_ones_are_looked_at() -> None:
    heap: list[Place] = [(n * 0.5, n % 7 * 0.25, "hall", Bookable.SEATS, 30.0) for n in range(3 * LOOKED_AT_MAX)]
    same: list[Place] = [(300.0, 300.0, "hall", Bookable.SEATS, 30.0)] * 3
    layout = hall_of(heap + same)
    found = TablesBeside(layout)
    assert {number: found.of(number) for number in range(len(layout.tables))} == by_looking_around_all(layout)
    assert found.of(len(heap)) == (), "what stands in one place is beside nothing"
    assert any(found.of(number) for number in range(len(heap)))
