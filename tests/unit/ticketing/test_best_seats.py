"""Best available against searches by brute force over small halls."""

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.ticketing.drawn_halls import CATEGORIES, SECTIONS, Hall, hall_of, halls
from ticketing.best_seats import best_seats, orphans_left, other_blocks
from ticketing.layout import Layout
from ticketing.messages import Best, Why
from ticketing.seating_plan import SeatingPlan, blocks_of
from ticketing.vocabulary import OrphanRule

WISHES = st.builds(
    Best,
    quantity=st.integers(1, 6),
    category=st.sampled_from(("", *CATEGORIES)),
    section=st.sampled_from(("", *SECTIONS)),
    adjacent=st.booleans(),
)


def row_of(layout: Layout, seat: int) -> int:
    return next(n for n, row in enumerate(layout.rows) if row.first <= seat < row.first + row.count)


def usable(layout: Layout, free: bytearray, wish: Best) -> list[int]:
    """The seats that can be part of an answer."""
    return [
        seat
        for seat in range(len(layout.seats))
        if free[seat]
        and wish.category in {"", CATEGORIES[layout.seats[seat].category]}
        and wish.section in {"", layout.rows[row_of(layout, seat)].section}
    ]


def together(layout: Layout, seats: tuple[int, ...]) -> bool:
    """Side by side in one row and of one category."""
    side_by_side = all(right == left + 1 for left, right in pairwise(seats))
    one_row = len({row_of(layout, seat) for seat in seats}) == 1
    return one_row and side_by_side and len({layout.seats[seat].category for seat in seats}) == 1


def runs(layout: Layout, free: bytearray, wish: Best, quantity: int) -> Iterator[tuple[int, ...]]:
    """Every place for so many together, best first."""
    seats = set(usable(layout, free, wish))
    for first in sorted(seats):
        run = tuple(range(first, first + quantity))
        if set(run) <= seats and together(layout, run):
            yield run


def singles(layout: Layout, free: bytearray) -> set[int]:
    """Free seats without a free neighbour in their row."""
    found = set()
    for row in layout.rows:
        for seat in range(row.first, row.first + row.count):
            beside = [other for other in (seat - 1, seat + 1) if row.first <= other < row.first + row.count]
            if free[seat] and not any(free[other] for other in beside):
                found.add(seat)
    return found


def left_alone(layout: Layout, free: bytearray, seats: tuple[int, ...]) -> set[int]:
    """The single seats that come of taking `seats`."""
    after = bytearray(free)
    for seat in seats:
        after[seat] = 0
    return singles(layout, after) - singles(layout, free)


def in_one_row(layout: Layout, free: bytearray, wish: Best, *, enforce: bool) -> tuple[int, ...] | None:
    """Of all places in the category of the first one that will do: the fewest single seats left, then the best."""
    places = [(len(left_alone(layout, free, run)), run) for run in runs(layout, free, wish, wish.quantity)]
    if enforce:
        places = [place for place in places if place[0] == 0]
    if not places:
        return None
    category = layout.seats[places[0][1][0]].category
    return min(place for place in places if layout.seats[place[1][0]].category == category)[1]


@given(halls(), WISHES, st.sampled_from(OrphanRule))
def test_a_place_in_one_row_is_what_a_search_by_brute_force_finds(hall: Hall, wish: Best, rule: OrphanRule) -> None:
    layout, free = hall
    before = bytes(free)
    wanted = in_one_row(layout, free, wish, enforce=rule is OrphanRule.ENFORCE)
    found = best_seats(SeatingPlan(layout), free, wish, rule=rule)
    assert bytes(free) == before
    if wanted is not None:
        assert found is not None and found.seats == wanted
        assert found.why == Why("same_row", (), len(left_alone(layout, free, wanted)))
    elif found is not None:
        assert found.why.rule in {"adjacent_rows", "apart"}


@given(halls(), WISHES, st.sampled_from(OrphanRule))
def test_whatever_is_found_is_free_of_the_kind_and_as_many(hall: Hall, wish: Best, rule: OrphanRule) -> None:
    layout, free = hall
    found = best_seats(SeatingPlan(layout), free, wish, rule=rule)
    if found is not None:
        assert len(set(found.seats)) == wish.quantity
        assert set(found.seats) <= set(usable(layout, free, wish))
        assert found.why.orphans_left == len(left_alone(layout, free, found.seats))
        assert not (rule is OrphanRule.ENFORCE and found.why.orphans_left)
        assert found == best_seats(SeatingPlan(layout), bytearray(free), wish, rule=rule)


def two_rows_will_do(layout: Layout, free: bytearray, wish: Best) -> bool:
    """Whether the longest run of some row and a run behind it in the next have room, with nobody alone."""
    every = list(range(2, wish.quantity + 6))
    parts = {run for length in every for run in runs(layout, free, wish, length)}
    whole = [run for run in parts if not any(set(run) < set(other) for other in parts)]
    for upper in whole:
        for lower in whole:
            rows = row_of(layout, upper[0]), row_of(layout, lower[0])
            same_kind = layout.seats[upper[0]].category == layout.seats[lower[0]].category
            same_section = layout.rows[rows[0]].section == layout.rows[rows[1]].section
            behind = {layout.seats[seat].x for seat in upper} & {layout.seats[seat].x for seat in lower}
            longest = not any(
                len(other) > len(upper)
                for other in whole
                if block_of(layout, other[0]) == block_of(layout, upper[0]) and other != upper
            )
            if rows[1] == rows[0] + 1 and same_kind and same_section and behind and longest:
                room = len(upper) + len(lower)
                if room >= wish.quantity >= 4:
                    return True
    return False


def block_of(layout: Layout, seat: int) -> int:
    return next(n for n, block in enumerate(blocks_of(layout)) if block.first <= seat < block.end)


@given(halls(), WISHES)
@example(hall_of("..x", "..x"), Best(4))
def test_a_party_without_a_row_for_all_sits_in_adjacent_rows_with_nobody_alone(hall: Hall, wish: Best) -> None:
    layout, free = hall
    found = best_seats(SeatingPlan(layout), free, wish)
    if found is not None and found.why.rule == "adjacent_rows":
        parts: dict[int, list[int]] = {}
        for seat in found.seats:
            parts.setdefault(row_of(layout, seat), []).append(seat)
        assert list(parts) == list(range(min(parts), max(parts) + 1))
        assert all(len(part) >= 2 and together(layout, tuple(part)) for part in parts.values())
        assert len({layout.seats[seat].category for seat in found.seats}) == 1
        assert len({layout.rows[row].section for row in parts}) == 1
        return
    if in_one_row(layout, free, wish, enforce=False) is None:
        assert found is None or found.why.rule == "apart"
        assert not two_rows_will_do_leftmost(layout, free, wish)


def two_rows_will_do_leftmost(layout: Layout, free: bytearray, wish: Best) -> bool:
    """As `two_rows_will_do`; a row with two runs of one length offers its first alone, so only rows with one count."""
    blocks = blocks_of(layout)
    alone = bytearray(free)
    for block in blocks:
        drawn = bytes(free[block.first : block.end]).split(b"\0")
        lengths = [len(run) for run in drawn if run]
        if lengths.count(max(lengths, default=0)) > 1:
            for seat in range(block.first, block.end):
                alone[seat] = 0
    return two_rows_will_do(layout, alone, wish)


@given(halls(), st.data())
def test_orphans_are_the_seats_that_end_up_alone(hall: Hall, data: st.DataObject) -> None:
    layout, free = hall
    there = [seat for seat in range(len(free)) if free[seat]]
    seats = tuple(data.draw(st.lists(st.sampled_from(there), unique=True))) if there else ()
    assert set(orphans_left(SeatingPlan(layout), free, seats)) == left_alone(layout, free, seats)


@given(halls(), WISHES, st.integers(0, 4), st.sampled_from(OrphanRule))
def test_what_is_offered_instead_is_free_together_and_one_for_each_block(
    hall: Hall, wish: Best, count_max: int, rule: OrphanRule
) -> None:
    layout, free = hall
    offers = other_blocks(SeatingPlan(layout), free, wish, count_max, rule=rule)
    assert len(offers) <= count_max
    places = list(runs(layout, free, wish, wish.quantity))
    assert all(offer in places for offer in offers)
    assert len({block_of(layout, offer[0]) for offer in offers}) == len(offers)
    if rule is OrphanRule.ENFORCE:
        assert not any(left_alone(layout, free, offer) for offer in offers)
    elif count_max and places:
        assert offers[0][0] in range(places[0][0], places[0][0] + 3)


@given(halls())
def test_blocks_are_all_seats_in_order_cut_where_the_category_changes(hall: Hall) -> None:
    layout, _ = hall
    blocks = blocks_of(layout)
    assert [seat for block in blocks for seat in range(block.first, block.end)] == list(range(len(layout.seats)))
    for block in blocks:
        assert {layout.seats[seat].category for seat in range(block.first, block.end)} == {block.category}


@given(halls(), st.frozensets(st.integers(0, 34)))
def test_blocks_leave_out_what_is_kept(hall: Hall, kept: frozenset[int]) -> None:
    layout, _ = hall
    listed = [seat for block in blocks_of(layout, kept) for seat in range(block.first, block.end)]
    assert listed == [seat for seat in range(len(layout.seats)) if seat not in kept]
