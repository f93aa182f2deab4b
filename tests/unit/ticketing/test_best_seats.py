"""Best available against a search by brute force over small halls."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ticketing.best_seats import best_seats, blocks_of, other_blocks
from ticketing.layout import Category, Layout, Row, Seat
from ticketing.messages import Best

CATEGORIES = ("front", "back")
SECTIONS = ("left", "right")


@st.composite
def halls(draw: st.DrawFn) -> tuple[Layout, bytearray]:
    """A hall of up to five rows of up to seven seats, and which of them are free."""
    rows: list[Row] = []
    seats: list[Seat] = []
    for number in range(draw(st.integers(1, 5))):
        count = draw(st.integers(1, 7))
        rows.append(Row(draw(st.sampled_from(SECTIONS)), f"R{number}", len(seats), count))
        seats += [Seat(f"R{number}-{n}", draw(st.integers(0, 1)), 0, 0, n) for n in range(count)]
    layout = Layout(
        name="hall",
        width=1,
        height=1,
        categories=tuple(Category(name, 1, "#000000") for name in CATEGORIES),
        rows=tuple(rows),
        seats=tuple(seats),
    )
    free = bytearray(draw(st.lists(st.integers(0, 1), min_size=len(seats), max_size=len(seats))))
    return layout, free


WISHES = st.builds(
    Best,
    quantity=st.integers(1, 6),
    category=st.sampled_from(("", *CATEGORIES)),
    section=st.sampled_from(("", *SECTIONS)),
    adjacent=st.booleans(),
)


def fits(layout: Layout, free: bytearray, wish: Best, seat: int) -> bool:
    """Whether one seat can be part of an answer."""
    row = next(row for row in layout.rows if row.first <= seat < row.first + row.count)
    category = CATEGORIES[layout.seats[seat].category]
    return bool(free[seat]) and wish.category in {"", category} and wish.section in {"", row.section}


def together(layout: Layout, seats: tuple[int, ...]) -> bool:
    """Side by side in one row and of one category."""
    rows = {next(row for row in layout.rows if row.first <= seat < row.first + row.count) for seat in seats}
    side_by_side = all(right == left + 1 for left, right in pairwise(seats))
    return len(rows) == 1 and side_by_side and len({layout.seats[seat].category for seat in seats}) == 1


def brute_force(layout: Layout, free: bytearray, wish: Best) -> tuple[int, ...] | None:
    """The first run of seats together; without `adjacent` else the first ones anywhere."""
    usable = [seat for seat in range(len(layout.seats)) if fits(layout, free, wish, seat)]
    for first in usable:
        run = tuple(range(first, first + wish.quantity))
        if set(run) <= set(usable) and together(layout, run):
            return run
    if wish.adjacent or len(usable) < wish.quantity:
        return None
    return tuple(usable[: wish.quantity])


@given(halls(), WISHES)
def test_best_is_what_a_search_by_brute_force_finds(hall: tuple[Layout, bytearray], wish: Best) -> None:
    layout, free = hall
    before = bytes(free)
    assert best_seats(blocks_of(layout), CATEGORIES, free, wish) == brute_force(layout, free, wish)
    assert bytes(free) == before


@given(halls(), WISHES, st.integers(0, 4))
def test_what_is_offered_instead_is_free_together_and_one_for_each_row(
    hall: tuple[Layout, bytearray], wish: Best, count_max: int
) -> None:
    layout, free = hall
    offers = other_blocks(blocks_of(layout), CATEGORIES, free, wish, count_max)
    assert len(offers) <= count_max
    assert all(together(layout, offer) and len(offer) == wish.quantity for offer in offers)
    assert all(fits(layout, free, wish, seat) for offer in offers for seat in offer)
    assert len({seat for offer in offers for seat in offer}) == sum(map(len, offers))
    if count_max and brute_force(layout, free, Best(wish.quantity, wish.category, wish.section)):
        assert offers[0] == brute_force(layout, free, Best(wish.quantity, wish.category, wish.section))


@given(halls())
def test_blocks_are_all_seats_in_order_cut_where_the_category_changes(hall: tuple[Layout, bytearray]) -> None:
    layout, _ = hall
    blocks = blocks_of(layout)
    assert [seat for block in blocks for seat in range(block.first, block.first + block.count)] == list(
        range(len(layout.seats))
    )
    for block in blocks:
        seats = range(block.first, block.first + block.count)
        assert {layout.seats[seat].category for seat in seats} == {block.category}
