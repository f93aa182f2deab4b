"""Each rule of a show can be changed in mid-sale, and the next command is judged by it as it is then."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec
import pytest

from tests.unit.allocator.stories import (
    LAYOUT,
    POLICY,
    SECOND,
    T0,
    Scene,
    Told,
    cancel,
    confirm,
    extend,
    given,
    granted,
    hold,
    pay,
    refusal,
    refused,
    release,
)
from tests.unit.allocator.test_booking_now import book
from tests.unit.allocator.test_orders import change
from tests.unit.allocator.test_whole_tables import ask, supper, table
from ticketing.messages import Best, Policy
from ticketing.seating_plan import SeatingPlan
from ticketing.vocabulary import OrphanRule

LATER = T0 + 2 * SECOND
HOUR_S = 3600


@dataclass(frozen=True)
class Case:
    """After `story` somebody asks for `wish`: what is said `before` the rule is changed and `after`; "": granted."""

    rule: dict[str, object]
    wish: Told
    story: tuple[Told, ...] = ()
    before: str = ""
    after: str = ""
    first: Policy = POLICY
    place: Callable[..., Scene] = given


def accessible_front(*story: Told) -> Scene:
    """Row A is for people who need it."""
    scene = given(*story)
    row = LAYOUT.rows[0]
    seats = tuple(
        msgspec.structs.replace(seat, accessible=number < row.count) for number, seat in enumerate(LAYOUT.seats)
    )
    scene.show.plan = SeatingPlan(msgspec.structs.replace(LAYOUT, seats=seats))
    return scene


PATIENT = msgspec.structs.replace(POLICY, unpaid_holds_max=1)
LET_GO = (hold("ben", "A-1"), release("ben"))
TWO_TABLES = tuple(sorted((*table("T1"), *table("T2"))))
CASES = [
    Case({"seats_per_hold_max": 1}, hold("ben", "A-1", "A-2", at=LATER), after="too_many_seats"),
    Case({"seats_per_hold_partner_max": 1}, hold("ben", "A-1", "A-2", at=LATER, partner=True), after="too_many_seats"),
    Case({"max_held_seats_per_person": 1}, hold("ben", "C-1", at=LATER), (hold("ben", "A-1"),), after="limit_exceeded"),
    Case(
        {"seats_per_person_max": 1},
        hold("ben", "C-1", at=LATER),
        (hold("ben", "A-1"), confirm("ben")),
        after="limit_exceeded",
    ),
    Case({"holds_at_once_max": 1}, hold("ben", "C-1", at=LATER), (hold("ben", "A-1"),), after="limit_exceeded"),
    Case({"unpaid_holds_max": 1}, hold("ben", "C-1", at=LATER), LET_GO, after="cooling_down"),
    Case(
        {"unpaid_holds_partner_max": 1},
        hold("agency", "C-1", at=LATER, partner=True),
        (hold("agency", "A-1", partner=True), release("agency")),
        after="cooling_down",
    ),
    Case({"cool_down_s": 1}, hold("ben", "C-1", at=LATER), LET_GO, before="cooling_down", first=PATIENT),
    Case({"payment_required": True}, confirm("ben", at=LATER), (hold("ben", "A-1"),), after="payment_missing"),
    Case(
        {"refund_until_s": 49 * HOUR_S},
        cancel("ben", at=LATER),
        (hold("ben", "A-1"), confirm("ben")),
        after="refund_window_closed",
    ),
    Case({"orphan_rule": OrphanRule.ENFORCE}, hold("ben", "A-2", at=LATER), after="orphan_seat"),
    # Two tables in one hold are then too many for one person.
    Case(
        {"tables_per_hold_max": 2},
        ask("ben", *TWO_TABLES, after_ms=2000),
        before="too_many_seats",
        after="limit_exceeded",
        place=supper,
    ),
    Case(
        {"tables_per_hold_partner_max": 1},
        ask("ben", *TWO_TABLES, after_ms=2000, partner=True),
        after="too_many_seats",
        place=supper,
    ),
    Case(
        {"max_held_tables_per_person": 2},
        ask("ben", *table("T2"), after_ms=2000),
        (ask("ben", *table("T1")),),
        before="limit_exceeded",
        place=supper,
    ),
    Case({"admission_required": True}, hold("agency", "C-1", at=LATER, partner=True), after="admission_required"),
    Case(
        {"accessible_released_at_ms": LATER},
        hold("ben", best=Best(2, "front"), at=LATER),
        (hold("anna", "B-1", "B-2", "B-3", "B-4"),),
        before="sold_out",
        place=accessible_front,
    ),
]
ELSEWHERE = {"hold_s", "hold_max_s", "payment_s"}  # below


@pytest.mark.parametrize("case", CASES, ids=lambda case: next(iter(case.rule)))
def test_a_rule_holds_from_the_moment_at_which_it_is_changed(case: Case) -> None:
    scenes = [case.place(*case.story) if case.first is POLICY else given(*case.story, policy=case.first) for _ in "12"]
    assert refused(scenes[0], case.wish) == case.before
    assert granted(scenes[1], change(policy=msgspec.structs.replace(case.first, **case.rule)))
    assert refused(scenes[1], case.wish) == case.after


def test_every_rule_is_told_of() -> None:
    assert {name for case in CASES for name in case.rule} | ELSEWHERE == set(Policy.__struct_fields__)


def test_how_long_a_hold_and_a_payment_last_is_what_the_show_says_then() -> None:
    scene = given(hold("anna", "A-1"))
    times = msgspec.structs.replace(POLICY, hold_s=20, hold_max_s=40, payment_s=7)
    assert granted(scene, change(policy=times), hold("ben", "A-2", at=LATER), extend("ben", by_s=500, at=LATER))
    assert scene.reservation("anna").expires_at_ms == T0 + 60 * SECOND, "what was held before lasts as it was promised"
    assert scene.reservation("ben").hold_s == 20
    assert scene.reservation("ben").expires_at_ms == LATER + 40 * SECOND
    assert granted(scene, pay("ben", at=LATER + 1))
    paying = scene.reservation("ben")
    assert paying.payment_until_ms == LATER + 1 + 7 * SECOND


def test_where_admission_is_asked_for_keys_hold_nothing_new_and_keep_what_they_have() -> None:
    mine = hold("agency", "A-1", "A-2", partner=True)
    scene = given(mine, hold("agency", floor=1, at=T0 + 1, partner=True, key="two"))
    admitted = msgspec.structs.replace(POLICY, admission_required=True)
    assert granted(scene, change(policy=admitted))
    in_one_call = book("agency", floor=2, at=LATER)
    of_a_key = replace(in_one_call, command=msgspec.structs.replace(in_one_call.command, partner=True))
    assert refused(scene, of_a_key) == "admission_required"
    lost = refusal(scene, hold("agency", "A-1", "C-1", at=LATER, partner=True))
    assert (lost.code, lost.conflicts, lost.alternatives) == ("admission_required", (), ())
    assert granted(scene, extend("agency", by_s=60, at=LATER), confirm("agency", at=LATER))
    assert granted(scene, hold("ben", "C-1", at=LATER), book("anna", floor=2, at=LATER))
    assert refused(scene, hold("cleo", "C-1", at=LATER)) == "seats_unavailable"
    assert refused(scene, hold("agency", "C-1", at=LATER, partner=True, key="three")) == "admission_required"
    assert granted(scene, change("back", policy=POLICY), hold("agency", "C-2", at=LATER + 1, partner=True))
