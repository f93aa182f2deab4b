"""What a show does about single seats, its accessible seats, and what a hold is told of why it has these."""

import msgspec
import pytest

from tests.unit.allocator.stories import LAYOUT, POLICY, T0, Scene, answer, given, granted, hold, refusal, refused
from ticketing import messages
from ticketing.having.choosing import FEW_REMAIN, orphan_rule
from ticketing.messages import Best, Why
from ticketing.vocabulary import OrphanRule

A1, A2, A3, A4 = (LAYOUT.seat_numbers[f"A-{number}"] for number in range(1, 5))
ENFORCE = msgspec.structs.replace(POLICY, orphan_rule=OrphanRule.ENFORCE)
WARN = msgspec.structs.replace(POLICY, orphan_rule=OrphanRule.WARN)


def why(scene: Scene, *seats: str, best: Best | None = None) -> Why | None:
    held = answer(scene, hold("anna", *seats, best=best))
    assert isinstance(held, messages.SeatsHeld)
    return held.why


def test_the_best_seats_come_with_the_rule_that_found_them() -> None:
    assert why(given(), best=Best(2)) == Why("same_row")
    assert why(given(), "A-1", best=Best(2)) == Why("same_row")
    split = given(hold("ben", "A-1"), hold("cleo", "B-1"), hold("dora", "C-1"))
    assert why(split, best=Best(4)) == Why("adjacent_rows", ("same_row",), orphans_left=2)
    assert why(given(), "A-2") is None


def test_a_show_that_warns_grants_and_says_how_many_single_seats_are_left() -> None:
    scene = given(policy=WARN)
    assert why(scene, "A-2") == Why("picked", orphans_left=1)
    assert why(given(policy=WARN), "A-1") == Why("picked")


def test_a_show_that_enforces_refuses_what_leaves_a_single_seat_and_offers_what_does_not() -> None:
    scene = given(policy=ENFORCE)
    lost = refusal(scene, hold("anna", "A-2", "A-3"))
    assert lost.code == "orphan_seat"
    assert lost.alternatives[0] == (A1, A2)
    assert granted(scene, hold("ben", "A-1", "A-2"))
    assert refused(scene, hold("cleo", "A-3")) == "orphan_seat"
    assert granted(scene, hold("dora", "A-3", "A-4"))


def test_best_under_the_rule_finds_another_row_or_says_that_only_single_seats_would_be_left() -> None:
    scene = given(hold("anna", "A-1"), policy=ENFORCE)
    found = answer(scene, hold("ben", best=Best(2)))
    assert isinstance(found, messages.SeatsHeld) and found.reservation.seats == (A4 + 1, A4 + 2)
    assert granted(scene, hold("cleo", "B-1", at=T0 + 1).again(T0 + 1)) is False
    assert granted(scene, hold("dora", best=Best(3, "front"), at=T0 + 2))
    assert refused(scene, hold("emma", best=Best(1, "front"), at=T0 + 3)) == "orphan_seat"


def test_the_rule_refuses_nobody_when_few_seats_remain() -> None:
    two_rows = [hold("ben", "A-1", "A-2", "A-3", "A-4"), hold("cleo", "B-1", "B-2", "B-3", "B-4")]
    scene = given(*two_rows, policy=ENFORCE)
    assert refused(scene, hold("dora", "C-2", "C-3")) == "orphan_seat"
    assert granted(scene, hold("dora", "C-1", "C-2", at=T0 + 1))
    show = scene.show
    assert show.free.count(1) >= FEW_REMAIN * len(show.free)
    assert refused(scene, hold("emma", "C-3")) == "orphan_seat"
    show.free[:] = bytes(len(show.free))
    show.free[A3] = 1
    assert orphan_rule(show) == OrphanRule.WARN


@pytest.mark.parametrize("released", [False, True])
def test_accessible_seats_go_to_anybody_from_the_set_time_on(released: bool) -> None:
    policy = msgspec.structs.replace(POLICY, accessible_released_at_ms=T0 if released else T0 + 1)
    scene = given(policy=policy)
    seats = tuple(msgspec.structs.replace(seat, accessible=number < A4) for number, seat in enumerate(LAYOUT.seats))
    scene.show.plan = type(scene.show.plan)(msgspec.structs.replace(LAYOUT, seats=seats))
    held = answer(scene, hold("anna", best=Best(4)))
    assert isinstance(held, messages.SeatsHeld)
    assert (A1 in held.reservation.seats) is released
