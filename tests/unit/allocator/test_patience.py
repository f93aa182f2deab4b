"""How many holds one person may have at once, and what comes of letting them go again and again."""

from dataclasses import replace

import msgspec
import pytest

from allocator.patience import KEPT_MAX, KEPT_MS, UnpaidHolds
from tests.unit.allocator.stories import (
    MINUTE,
    POLICY,
    SECOND,
    T0,
    Scene,
    cancel,
    confirm,
    expire,
    given,
    granted,
    hold,
    refusal,
    refused,
    release,
)
from ticketing.clock import rfc3339

IMPATIENT = msgspec.structs.replace(POLICY, unpaid_holds_max=3, cool_down_s=300)


def let_go(scene: Scene, who: str, times: int, start: int = T0) -> None:
    """Holds that came to nothing, a second after each other."""
    for n in range(times):
        at = start + n * SECOND
        assert granted(scene, hold(who, "A-1", at=at), release(who, at=at + 1))


def test_one_person_has_only_so_many_holds_at_once() -> None:
    show = given(policy=msgspec.structs.replace(POLICY, holds_at_once_max=2))
    assert granted(show, hold("anna", "A-1"), hold("anna", "A-2", at=T0 + 1))
    lost = refusal(show, hold("anna", "A-3", at=T0 + 2))
    assert (lost.code, lost.detail) == ("limit_exceeded", "one person may have 2 holds at once")
    assert granted(show, hold("ben", "A-3", at=T0 + 3), hold("agency", "A-4", at=T0 + 3, partner=True))
    assert granted(show, confirm("anna", at=T0 + 4), hold("anna", "B-1", at=T0 + 5))
    assert show.show.holds_by_person == {"ent_anna": 2, "ent_ben": 1}


def test_who_lets_go_too_often_waits_until_the_first_of_them_is_long_past() -> None:
    show = given(policy=IMPATIENT)
    let_go(show, "anna", 3)
    lost = refusal(show, hold("anna", "A-1", at=T0 + MINUTE))
    assert (lost.code, lost.until_ms, lost.wait_s) == ("cooling_down", T0 + 300 * SECOND, 240)
    assert lost.detail == f"3 holds came to nothing; no new one before {rfc3339(T0 + 300 * SECOND)}"
    assert granted(show, hold("ben", "A-1", at=T0 + MINUTE), release("ben", at=T0 + MINUTE + 1))
    assert refused(show, hold("anna", "A-1", at=T0 + 300 * SECOND - 1)) == "cooling_down"
    assert granted(show, hold("anna", "A-1", at=T0 + 300 * SECOND))


def test_holds_that_expire_count_and_those_that_are_booked_do_not() -> None:
    show = given(policy=msgspec.structs.replace(IMPATIENT, unpaid_holds_max=2))
    assert granted(show, hold("anna", "A-1"), confirm("anna"))
    assert granted(show, hold("anna", "A-2", at=T0 + 1), expire("anna", at=T0 + MINUTE + 1))
    assert granted(show, hold("anna", "A-2", at=T0 + MINUTE + 2), expire("anna", at=T0 + 2 * MINUTE + 2))
    assert refused(show, hold("anna", "A-2", at=T0 + 2 * MINUTE + 3)) == "cooling_down"


def test_a_key_that_holds_for_nobody_waits_where_the_show_says_so() -> None:
    show = given(policy=msgspec.structs.replace(IMPATIENT, unpaid_holds_max=0, unpaid_holds_partner_max=3))
    let_go(show, "anna", 5)
    for n in range(3):
        told = hold("agency", "A-1", at=T0 + MINUTE + n * SECOND, partner=True)
        assert granted(show, told, release("agency", at=told.at + 1))
    assert granted(show, hold("ben", "A-2", at=T0 + MINUTE))
    later = T0 + 2 * MINUTE
    taken = hold("club", "A-2", at=later, partner=True)
    assert refused(show, taken) == refused(show, hold("club", "A-2", at=later + 1, partner=True)) == "seats_unavailable"
    lost = refusal(show, hold("agency", "A-2", at=later, partner=True))
    assert (lost.code, lost.detail.startswith("3 holds came to nothing; ")) == ("cooling_down", True)
    customer = hold("agency", "A-1", at=later + 2, partner=True)
    named = replace(customer, command=msgspec.structs.replace(customer.command, person="cus_1"))
    assert granted(show, named, hold("anna", "A-3", at=later + 3))
    assert granted(show, hold("agency", "A-4", at=T0 + MINUTE + 301 * SECOND, partner=True))


def test_giving_back_a_part_is_no_letting_go() -> None:
    show = given(hold("anna", "A-1", "A-2"), policy=msgspec.structs.replace(IMPATIENT, unpaid_holds_max=1))
    assert granted(show, release("anna", "A-1", at=T0 + 1))
    assert granted(show, hold("anna", "B-1", at=T0 + 2))


@pytest.mark.parametrize("partner", [False, True])
def test_nobody_waits_where_the_show_does_not_say_so(partner: bool) -> None:
    show = given()
    let_go(show, "anna", 30)
    assert granted(show, hold("anna", "A-1", at=T0 + MINUTE, partner=partner))


def test_what_is_an_hour_old_is_forgotten() -> None:
    known = UnpaidHolds()
    for n, person in enumerate(("anna", "ben", "cleo")):
        known.note(person, T0 + n)
    known.forget(T0 + KEPT_MS - 1)
    assert len(known) == 3
    known.forget(T0 + KEPT_MS + 1)
    assert len(known) == 1
    assert known.cools_until_ms("cleo", 1, 5, T0 + 3) == T0 + 7
    assert known.cools_until_ms("anna", 1, 5, T0) == 0


def test_one_that_was_paid_late_is_forgiven_and_only_the_last_are_kept() -> None:
    known = UnpaidHolds()
    for n in range(KEPT_MAX + 5):
        known.note("anna", T0 + n)
    assert known.cools_until_ms("anna", KEPT_MAX, 1_000, T0 + 5) == T0 + 1_005
    assert known.cools_until_ms("anna", KEPT_MAX + 1, 1_000, T0 + 5) == 0
    other = UnpaidHolds()
    other.note("ben", T0)
    other.forgive("ben", T0 + 1)
    assert len(other) == 1
    other.forgive("ben", T0)
    assert len(other) == 0


def test_one_person_has_only_so_many_places_held_and_booked() -> None:
    show = given(policy=msgspec.structs.replace(POLICY, seats_per_person_max=4))
    assert granted(show, hold("anna", "A-1", "A-2", "A-3"), confirm("anna"))
    assert refused(show, hold("anna", "B-1", "B-2", at=T0 + 1)) == "limit_exceeded"
    assert granted(show, hold("anna", "B-1", at=T0 + 2), hold("ben", "B-2", "B-3", at=T0 + 2))
    assert refused(show, hold("anna", floor=1, at=T0 + 3)) == "limit_exceeded"
    assert granted(show, cancel("anna", at=T0 + 4)) is False, "the newest of hers is a hold"
    assert granted(show, release("anna", at=T0 + 5), hold("anna", floor=1, at=T0 + 6))
    assert (show.show.booked_by_person, show.show.held_by_person) == ({"ent_anna": 3}, {"ent_ben": 2, "ent_anna": 1})
