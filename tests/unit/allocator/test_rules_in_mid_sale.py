"""Each rule of a show can be changed in mid-sale, and the next command is judged by it as it is then."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pytest

from tests.unit.allocator.stories import (
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
    refused,
    release,
)
from tests.unit.allocator.test_orders import change
from tests.unit.allocator.test_whole_tables import ask, supper, table
from ticketing.messages import Policy
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
]
ELSEWHERE = {
    "hold_s", "hold_max_s", "payment_s",  # below
    "accessible_released_at_ms",  # test_choosing.py
    "admission_required",  # whether a partner needs a pass: asked at the door, before there is a command
}  # fmt: skip


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
