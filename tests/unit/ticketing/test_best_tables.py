"""Best available at tables, against searches by brute force over small halls; and told in halls one can see."""

from itertools import combinations
from math import dist

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ticketing.drawn_halls import CATEGORIES, SECTIONS, Hall
from tests.unit.ticketing.drawn_tables import table_halls
from ticketing.best_seats import Found, best_seats, orphans_left, other_blocks
from ticketing.layout import (
    AreaBody,
    Bookable,
    CategoryBody,
    Layout,
    LayoutBody,
    SeatBody,
    Table,
    TableBody,
    build_layout,
)
from ticketing.messages import Best, Why
from ticketing.seating_plan import SeatingPlan
from ticketing.table_plan import FAR, NEAR, TablesBeside
from ticketing.vocabulary import OrphanRule

WISHES = st.builds(
    Best,
    quantity=st.integers(1, 9),
    category=st.sampled_from(("", *CATEGORIES)),
    section=st.sampled_from(("", *SECTIONS)),
    adjacent=st.booleans(),
)
Place = tuple[int, int]
"""A table's number and a category at it."""


def rooms(layout: Layout, free: bytearray, wish: Best) -> dict[Place, list[int]]:
    """The free seats that can be given one by one, by table and category, in order."""
    found: dict[Place, list[int]] = {}
    for number, table in enumerate(layout.tables):
        for seat in table.seats:
            category = layout.seats[seat].category
            fits = wish.category in {"", CATEGORIES[category]} and wish.section in {"", table.section}
            if fits and table.bookable != Bookable.WHOLE:
                found.setdefault((number, category), []).extend([seat] * free[seat])
    return found


def left_at(layout: Layout, free: bytearray, table: int) -> int:
    return sum(free[seat] for seat in layout.tables[table].seats)


def table_for(layout: Layout, free: bytearray, wish: Best, *, enforce: bool) -> Place | None:
    """The first table with room where no single seat is left, in the category of the first one with room at all."""
    places = [place for place, seats in rooms(layout, free, wish).items() if len(seats) >= wish.quantity]
    good = [place for place in places if left_at(layout, free, place[0]) - wish.quantity != 1]
    if enforce:
        return good[0] if good else None
    if not places:
        return None
    # A table is left for one further back only within its category.
    first = places[0]
    return next((place for place in good if place == first or place[1] == first[1]), first)


def beside(layout: Layout, one: int, other: int) -> bool:
    """Whether two tables of one section that are sold by the seat stand beside each other."""
    a, b = layout.tables[one], layout.tables[other]
    if one == other or a.section != b.section or Bookable.WHOLE in {a.bookable, b.bookable}:
        return False
    return apart(a, b) < NEAR * min(nearest(layout, a), nearest(layout, b))


def apart(one: Table, other: Table) -> float:
    return dist((one.x, one.y), (other.x, other.y))


def nearest(layout: Layout, table: Table) -> float:
    others = [it for it in layout.tables if it != table and it.section == table.section and it.bookable != "whole"]
    return min(apart(table, other) for other in others)


def hang_together(layout: Layout, places: tuple[Place, ...]) -> bool:
    reached, waiting = {places[0]}, [places[0]]
    while waiting:
        here = waiting.pop()
        for place in places:
            if place not in reached and place[1] == here[1] and beside(layout, here[0], place[0]):
                reached.add(place)
                waiting.append(place)
    return len(reached) == len(places)


def fewest_tables(layout: Layout, free: bytearray, wish: Best) -> int | None:
    """At how many tables beside each other the party can sit with nobody alone; None: it cannot."""
    there = {place: seats for place, seats in rooms(layout, free, wish).items() if len(seats) >= 2}
    for count in range(2, len(there) + 1):
        for places in combinations(there, count):
            room = sum(len(there[place]) for place in places)
            if room >= wish.quantity >= 2 * count and hang_together(layout, places):
                return count
    return None


def tables_of(layout: Layout, found: Found) -> dict[Place, list[int]]:
    by_place: dict[Place, list[int]] = {}
    for seat in found.seats:
        table = layout.tables_of_seats[seat]
        by_place.setdefault((layout.tables.index(table), layout.seats[seat].category), []).append(seat)
    return by_place


@given(table_halls(), WISHES, st.sampled_from(OrphanRule))
def test_a_place_at_one_table_is_what_a_search_by_brute_force_finds(hall: Hall, wish: Best, rule: OrphanRule) -> None:
    layout, free = hall
    wanted = table_for(layout, free, wish, enforce=rule is OrphanRule.ENFORCE)
    found = best_seats(SeatingPlan(layout), free, wish, rule=rule)
    if wanted is None:
        assert found is None or found.why.rule in {"adjacent_tables", "apart"}
        return
    assert found is not None and found.why.rule == "same_table"
    assert found.why.tried == ("same_row",)
    assert list(tables_of(layout, found)) == [wanted]


@given(table_halls(rows_max=2), WISHES, st.sampled_from(OrphanRule))
def test_whatever_is_found_is_free_of_the_kind_and_tears_no_table_that_is_sold_whole(
    hall: Hall, wish: Best, rule: OrphanRule
) -> None:
    layout, free = hall
    before, plan = bytes(free), SeatingPlan(layout)
    found = best_seats(plan, free, wish, rule=rule)
    assert bytes(free) == before
    if found is None:
        return
    assert found == best_seats(SeatingPlan(layout), bytearray(free), wish, rule=rule)
    assert len(set(found.seats)) == wish.quantity and all(free[seat] for seat in found.seats)
    at_tables = {seat for seat in found.seats if seat in layout.tables_of_seats}
    assert at_tables <= {seat for seats in rooms(layout, free, wish).values() for seat in seats}
    after = bytearray(free)
    for seat in found.seats:
        after[seat] = 0
    touched = {layout.tables.index(layout.tables_of_seats[seat]) for seat in at_tables}
    alone = sum(left_at(layout, after, table) == 1 for table in touched)
    if at_tables == set(found.seats):
        assert found.why.orphans_left == alone
    assert not (rule is OrphanRule.ENFORCE and found.why.orphans_left)


@given(table_halls(), WISHES)
def test_a_party_without_a_table_for_all_sits_at_tables_beside_each_other_with_nobody_alone(
    hall: Hall, wish: Best
) -> None:
    layout, free = hall
    if table_for(layout, free, wish, enforce=False) is not None:
        return
    found = best_seats(SeatingPlan(layout), free, wish)
    fewest = fewest_tables(layout, free, wish)
    if fewest is None:
        assert found is None or found.why.rule == "apart"
        return
    assert found is not None and found.why == Why("adjacent_tables", found.why.tried, found.why.orphans_left)
    parts = tables_of(layout, found)
    assert all(len(seats) >= 2 for seats in parts.values())
    assert hang_together(layout, tuple(parts))
    assert len(parts) == fewest if fewest <= 3 else len(parts) >= fewest


@given(table_halls())
def test_tables_beside_each_other_are_those_that_a_look_at_all_pairs_finds(hall: Hall) -> None:
    layout, _ = hall
    by_seat = [number for number, table in enumerate(layout.tables) if table.bookable != Bookable.WHOLE]
    found = {(one, other) for one in by_seat for other in TablesBeside(layout).of(one)}
    wide = max((45.0, *(FAR * 24 for _ in layout.tables)))
    pairs = {(a, b) for a in range(len(layout.tables)) for b in range(len(layout.tables)) if beside(layout, a, b)}
    assert {pair for pair in found ^ pairs if apart(*(layout.tables[it] for it in pair)) < wide} == set()
    assert found <= pairs and {(b, a) for a, b in found} == found


def supper(*tables: TableBody) -> tuple[SeatingPlan, bytearray]:
    categories = [CategoryBody(name="supper", price=1), CategoryBody(name="standing", price=1)]
    floor = AreaBody(label="floor", category="standing", capacity=10)
    layout = build_layout(
        LayoutBody(
            categories=categories, areas=[floor], tables=[it.model_copy(update={"category": "supper"}) for it in tables]
        )
    )
    return SeatingPlan(layout), bytearray(b"\x01") * len(layout.seats)


def grid(across: int, down: int, seats: int = 4) -> list[TableBody]:
    return [
        TableBody(label=f"T{x}{y}", x=200 * x, y=200 * y, seats=seats, bookable=Bookable.SEATS)
        for y in range(down)
        for x in range(across)
    ]


def test_in_a_grid_those_around_a_table_are_beside_it_and_nothing_is_across_an_aisle() -> None:
    plan, _ = supper(
        *grid(3, 3), *(it.model_copy(update={"label": f"B{it.label}", "x": it.x + 2000}) for it in grid(1, 1))
    )
    found = TablesBeside(plan.layout)
    assert sorted(found.of(4)) == [0, 1, 2, 3, 5, 6, 7, 8]
    assert sorted(found.of(0)) == [1, 3, 4]
    assert found.of(9) == ()


def test_four_share_a_table_five_sit_three_and_two_at_tables_beside_each_other() -> None:
    plan, free = supper(*grid(3, 1))
    four = best_seats(plan, free, Best(4))
    assert four is not None and (four.seats, four.why) == ((0, 1, 2, 3), Why("same_table", ("same_row",)))
    five = best_seats(plan, free, Best(5))
    assert five is not None and five.seats == (0, 1, 2, 4, 5)
    assert five.why == Why("adjacent_tables", ("same_row", "same_table", "adjacent_rows"), orphans_left=1)
    free[4:8] = bytes(4)  # the table between is taken
    assert best_seats(plan, free, Best(5)) is None
    apart = best_seats(plan, free, Best(5, adjacent=False))
    assert apart is not None and apart.seats == (0, 1, 2, 3, 8)


def test_a_single_seat_is_left_at_a_table_only_where_that_cannot_be_avoided() -> None:
    plan, free = supper(*grid(2, 1, seats=4))
    free[0] = 0
    two = best_seats(plan, free, Best(2))
    assert two is not None and two.seats == (4, 5)
    free[4:8] = bytes(4)
    two = best_seats(plan, free, Best(2))
    assert two is not None and (two.seats, two.why.orphans_left) == ((1, 2), 1)
    assert orphans_left(plan, free, two.seats) == (3,)
    assert best_seats(plan, free, Best(2), rule=OrphanRule.ENFORCE) is None
    three = best_seats(plan, free, Best(3), rule=OrphanRule.ENFORCE)
    assert three is not None and three.seats == (1, 2, 3)


def test_people_sit_side_by_side_around_a_round_table_over_its_first_seat_as_well() -> None:
    plan, free = supper(*grid(1, 1, seats=6))
    free[1:5] = bytes(4)
    two = best_seats(plan, free, Best(2))
    assert two is not None and two.seats == (0, 5)


def test_two_hundred_sit_at_tables_of_eight() -> None:
    plan, free = supper(*grid(8, 8, seats=8))
    found = best_seats(plan, free, Best(200))
    assert found is not None and found.why.rule == "adjacent_tables"
    assert len({seat // 8 for seat in found.seats}) == 25


def test_an_accessible_seat_at_a_table_comes_with_its_companion_and_its_table() -> None:
    seats = [SeatBody(label=f"T-{n}", x=n, y=0, accessible=n == 2) for n in range(1, 6)]
    seats[4] = seats[4].model_copy(update={"companion_of": "T-2"})
    plan, free = supper(TableBody(label="T", x=0, y=0, seats=seats, bookable=Bookable.BOTH))
    for quantity, given_seats in ((1, (1,)), (2, (1, 4)), (4, (1, 4, 0, 2))):
        found = best_seats(plan, free, Best(quantity, accessible=True))
        assert found is not None and found.seats == given_seats
    kept = best_seats(plan, free, Best(3))
    assert kept is not None and kept.seats == (0, 2, 3)
    assert best_seats(plan, free, Best(4)) is None
    released = best_seats(plan, free, Best(5), released=True)
    assert released is not None and released.seats == (0, 1, 2, 3, 4)


def test_who_has_lost_a_seat_at_a_table_is_offered_one_at_each_other() -> None:
    plan, free = supper(*grid(3, 1))
    free[0:3] = bytes(3)
    assert other_blocks(plan, free, Best(2), 5) == ((4, 5), (8, 9))
    assert other_blocks(plan, free, Best(2), 1) == ((4, 5),)
