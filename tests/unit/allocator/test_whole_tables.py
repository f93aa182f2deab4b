"""Tables in the decider: whole ones are units of their own, and a seat that is taken is named; and holds in part."""

from dataclasses import replace

import msgspec

from tests.unit.allocator.stories import (
    POLICY,
    SHOW,
    T0,
    Scene,
    Told,
    answer,
    empty_partition,
    granted,
    hold,
    open_show,
    refusal,
    refused,
    release,
)
from tests.unit.allocator.test_allocations import keep
from ticketing import messages
from ticketing.layout import AreaBody, Bookable, CategoryBody, LayoutBody, TableBody, build_layout, encode_layout
from ticketing.messages import Best, Conflict, Why

SUPPER = build_layout(
    LayoutBody(
        rows=1,
        seats_per_row=4,
        categories=[CategoryBody(name="standard", price=10, rows=[1]), CategoryBody(name="supper", price=40)],
        tables=[
            TableBody(label="T1", x=300, y=300, seats=8, category="supper"),
            TableBody(label="T2", x=600, y=300, seats=8, category="supper"),
            TableBody(label="B1", x=900, y=300, seats=3, category="supper", bookable=Bookable.BOTH),
            TableBody(label="S1", x=1100, y=300, seats=3, category="supper", bookable=Bookable.SEATS),
        ],
        areas=[AreaBody(label="floor", category="standard", capacity=4)],
    )
)
SHA256 = encode_layout(SUPPER)[1]


def supper(*story: Told) -> Scene:
    """A row `A` of four; tables T1 and T2 of eight sold whole, B1 of three sold either way, S1 by the seat; a floor."""
    scene = empty_partition()
    scene.state.layouts["lay_supper", SHA256] = SUPPER
    opened = open_show(policy=POLICY)
    command = msgspec.structs.replace(opened.command, layout="lay_supper", layout_sha256=SHA256)
    assert granted(scene, replace(opened, command=command), *story)
    return scene


def at(label: str) -> int:
    return SUPPER.seat_numbers[label]


def table(label: str) -> tuple[int, ...]:
    return tuple(SUPPER.tables[SUPPER.table_numbers[label]].seats)


def ask(who: str, *seats: int, floor: int = 0, after_ms: int = 0, partial: bool = False, partner: bool = False) -> Told:
    told = hold(who, floor=floor, at=T0 + after_ms, partner=partner)
    return replace(told, command=msgspec.structs.replace(told.command, seats=tuple(sorted(seats)), partial=partial))


def held(scene: Scene, told: Told) -> messages.SeatsHeld:
    outcome = answer(scene, told)
    assert isinstance(outcome, messages.SeatsHeld)
    return outcome


def test_a_whole_table_is_one_unit_beside_the_seats_that_a_hold_may_have() -> None:
    outcome = held(supper(), ask("anna", *table("T1"), at("A-1"), at("A-2"), floor=2))
    assert outcome.reservation.seats == (at("A-1"), at("A-2"), *table("T1"))
    assert outcome.reservation.amount == 8 * 40 + 4 * 10


def test_a_table_of_eight_with_one_seat_taken_names_that_seat_and_holds_nothing() -> None:
    scene = supper(ask("ben", *table("B1")[:1]))
    lost = refusal(scene, ask("anna", *table("B1"), at("A-1"), after_ms=1))
    assert (lost.code, lost.conflicts) == ("seats_unavailable", (Conflict("held", seat=at("B1-1")),))
    assert scene.show.free[at("B1-2")] and scene.show.free[at("A-1")]


def test_who_loses_a_whole_table_is_offered_one_that_is_as_large() -> None:
    scene = supper(ask("ben", *table("T1")))
    lost = refusal(scene, ask("anna", *table("T1"), after_ms=1))
    assert (lost.conflicts_total, lost.alternatives) == (8, (table("T2"),))


def test_a_table_that_is_sold_whole_is_not_torn() -> None:
    scene = supper(ask("ben", *table("T2")))
    assert refused(scene, ask("anna", *table("T1")[:3])) == "table_not_sold_so"
    assert granted(scene, ask("anna", *table("B1")[:2], after_ms=1), ask("anna", *table("S1")[:2], after_ms=2))
    some = replace(release("ben"), command=msgspec.structs.replace(release("ben").command, seats=table("T2")[:1]))
    assert refused(scene, some) == "table_not_sold_so"


def test_a_booking_takes_no_single_seat_out_of_a_table_that_is_sold_whole() -> None:
    scene = supper(ask("ben", *table("T2")))
    command = messages.BookNow(
        show=SHOW, key=b"b" * 16, sent_at_ms=T0 + 1, account="ent_ben", person="ent_ben", seats=table("T2")[:1]
    )
    assert refused(scene, Told("ben", T0 + 1, command)) == "table_not_sold_so"
    whole = msgspec.structs.replace(command, key=b"w" * 16, seats=table("T2"))
    assert granted(scene, Told("ben", T0 + 2, whole))


def test_the_best_accessible_seat_is_none_of_a_table_that_is_sold_whole() -> None:
    show = supper()
    wheels = {at("T1-1"), at("B1-1"), at("S1-1")}
    seats = tuple(msgspec.structs.replace(it, accessible=n in wheels) for n, it in enumerate(SUPPER.seats))
    show.show.plan = type(show.show.plan)(msgspec.structs.replace(SUPPER, seats=seats))
    for who, label in (("anna", "B1-1"), ("ben", "S1-1")):
        told = held(show, hold(who, best=Best(1, accessible=True)))
        assert told.reservation.seats == (at(label),)
    assert refused(show, hold("cleo", best=Best(1, accessible=True))) == "no_adjacent_block"


def test_one_hold_and_one_person_have_one_whole_table_each() -> None:
    scene = supper()
    assert refused(scene, ask("anna", *table("T1"), *table("T2"))) == "too_many_seats"
    assert granted(scene, ask("anna", *table("T1"), after_ms=1))
    assert refused(scene, ask("anna", *table("T2"), after_ms=2)) == "limit_exceeded"
    assert granted(scene, release("anna", at=T0 + 3), ask("anna", *table("T2"), after_ms=4))


def test_partners_have_limits_of_their_own_and_a_table_by_the_seat_counts_by_the_seat() -> None:
    scene = supper()
    assert granted(scene, ask("agency", *table("T1"), *table("T2"), partner=True))
    assert refused(scene, ask("anna", *table("S1"), at("A-1"), at("A-2"), after_ms=1)) == "too_many_seats"


def test_giving_back_the_others_leaves_the_table_and_its_count() -> None:
    scene = supper(ask("anna", *table("B1"), at("A-1")))
    one = release("anna", at=T0 + 1)
    one = replace(one, command=msgspec.structs.replace(one.command, seats=table("B1")[:1]))
    assert granted(scene, one)
    assert scene.show.tables_by_person == {}
    assert scene.show.held_by_person == {"ent_anna": 3}
    assert granted(scene, ask("anna", *table("T1"), after_ms=2))


def test_a_part_will_do_if_one_says_so() -> None:
    scene = supper(ask("ben", at("A-1"), floor=3))
    outcome = held(scene, ask("anna", at("A-1"), at("A-2"), floor=2, after_ms=1, partial=True))
    assert (outcome.reservation.seats, outcome.reservation.areas) == ((at("A-2"),), ((0, 1),))
    assert outcome.reservation.amount == 20
    assert outcome.left_out == (Conflict("held", seat=at("A-1")), Conflict("held", area=0))
    assert outcome.left_out_total == 2


def test_a_part_of_nothing_is_lost() -> None:
    scene = supper(ask("ben", at("A-1")))
    assert refused(scene, ask("anna", at("A-1"), after_ms=1, partial=True)) == "seats_unavailable"


def test_what_is_all_free_is_held_as_if_nothing_had_been_said() -> None:
    outcome = held(supper(), ask("anna", at("A-1"), partial=True))
    assert (outcome.left_out, outcome.left_out_total) == ((), 0)


def test_a_whole_table_is_never_held_in_part() -> None:
    scene = supper(ask("ben", *table("B1")[:1]))
    outcome = held(scene, ask("anna", *table("B1"), at("A-1"), after_ms=1, partial=True))
    assert outcome.reservation.seats == (at("A-1"),)
    assert outcome.left_out == (Conflict("held", seat=at("B1-1")),)


def test_the_best_at_tables_are_those_sold_by_the_seat_and_a_table_found_whole_counts_as_one() -> None:
    scene = supper()
    found = held(scene, hold("ben", best=Best(3, "supper")))
    assert (found.reservation.seats, found.why) == (table("B1"), Why("same_table", ("same_row",)))
    assert scene.show.tables_by_person == {"ent_ben": 1}
    assert held(scene, hold("cleo", best=Best(3, "supper"), at=T0 + 1)).reservation.seats == table("S1")
    assert refused(scene, hold("dora", best=Best(1, "supper"), at=T0 + 2)) == "sold_out", "T1 and T2 are not torn"


def test_nobody_gets_more_whole_tables_by_asking_for_the_best_than_by_name() -> None:
    scene = supper(ask("ben", *table("T1")))
    lost = refusal(scene, hold("ben", best=Best(3, "supper"), at=T0 + 1))
    assert (lost.code, lost.detail) == ("limit_exceeded", "1 tables held already; one person may hold 1 at once")
    assert granted(scene, hold("ben", best=Best(2, "supper"), at=T0 + 2))


def test_the_best_at_tables_are_given_of_no_category_that_is_kept_for_somebody() -> None:
    scene = supper(
        replace(keep("club", 22), command=msgspec.structs.replace(keep("club", 22).command, category="supper"))
    )
    assert refused(scene, hold("ben", best=Best(2, "supper"))) == "sold_out"
    best = held(scene, hold("ben", best=Best(4), at=T0 + 1))
    assert best.reservation.seats == tuple(at(f"A-{number}") for number in range(1, 5))
    assert refused(scene, hold("cleo", best=Best(2), at=T0 + 2)) == "sold_out"
