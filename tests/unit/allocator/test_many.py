"""Several holds as one: all or nothing, each by the rules of a hold of its own."""

from dataclasses import replace

import msgspec

from tests.unit.allocator.stories import (
    LAYOUT,
    POLICY,
    SECOND,
    SHOW,
    T0,
    Scene,
    Told,
    account_of,
    answer,
    given,
    granted,
    hold,
    refusal,
    refused,
    release,
)
from tests.unit.allocator.test_allocations import keep
from ticketing import messages
from ticketing.messages import Best, Conflict
from ticketing.show_view import HELD, ShowView

A1, A2 = LAYOUT.seat_numbers["A-1"], LAYOUT.seat_numbers["A-2"]


def many(
    *wishes: Told, key: bytes = b"m" * 16, body: bytes = b"body    ", who: str = "anna", atomic: bool = True
) -> Told:
    """The wishes of one person in one command."""
    holds = tuple(
        msgspec.structs.replace(told.command, key=bytes([n]) + key[1:])
        for n, told in enumerate(wishes)
        if isinstance(told.command, messages.HoldSeats)
    )
    command = messages.HoldMany(
        show=SHOW, key=key, fingerprint=body, sent_at_ms=T0, account=account_of(who), holds=holds
    )
    return Told(who, T0, command)


def held(scene: Scene, told: Told) -> messages.ManyHeld:
    outcome = answer(scene, told)
    assert isinstance(outcome, messages.ManyHeld), outcome
    return outcome


def test_all_are_held_under_one_number() -> None:
    show = given()
    outcome = held(show, many(hold("anna", "A-1"), hold("anna", floor=2), hold("anna", best=Best(2))))
    assert [(it.seats, it.areas) for it in outcome.reservations] == [((A1,), ()), ((), ((0, 2),)), ((4, 5), ())]
    assert (outcome.seq, show.show.seq, len(show.show.live)) == (2, 2, 3)
    assert show.owner("A-1") == outcome.reservations[0].id
    assert show.show.held_by_person == {"ent_anna": 5}
    view = ShowView(LAYOUT, seq=1)
    change = view.apply(outcome)
    assert change is not None
    assert (change.seats, change.areas) == (((A1, HELD), (4, HELD), (5, HELD)), ((0, 8),))


def test_the_best_seats_of_one_are_not_those_of_another() -> None:
    outcome = held(given(), many(hold("anna", best=Best(2)), hold("anna", best=Best(2))))
    first, second = outcome.reservations
    assert not set(first.seats) & set(second.seats)


def test_one_that_cannot_be_ends_all() -> None:
    show = given(hold("ben", "A-2"))
    lost = refusal(show, many(hold("anna", "A-1"), hold("anna", "A-2", "A-3")))
    assert (lost.code, lost.detail) == ("seats_unavailable", "hold 1")
    assert lost.conflicts == (Conflict("held", seat=A2),)
    assert show.free("A-1", "A-3") and show.show.held_by_person == {"ent_ben": 1}


def test_two_that_want_the_same_seat_are_none() -> None:
    lost = refusal(given(), many(hold("anna", "A-1"), hold("anna", "A-1", "A-2")))
    assert (lost.code, lost.detail, lost.conflicts[0].seat) == ("already_yours", "hold 1", A1)


def test_limits_count_what_came_before_in_the_same_command() -> None:
    wishes = [hold("anna", *labels) for labels in (("A-1", "A-2", "A-3"), ("B-1", "B-2", "B-3"), ("C-1",))]
    assert refused(given(), many(*wishes)) == "limit_exceeded"
    assert granted(given(), many(*wishes[:2]))
    kept = given(keep("club", 19))
    assert refused(kept, many(hold("anna", floor=2), hold("anna", "A-1", "A-2"))) == "sold_out"
    assert granted(kept, many(hold("anna", floor=2), hold("anna", "A-1"), key=b"2" * 16))


def test_sent_twice_it_is_held_once_also_when_some_of_it_has_ended() -> None:
    show = given()
    wish = many(hold("anna", "A-1"), hold("anna", "A-2"))
    first = held(show, wish)
    assert granted(show, release("anna", at=T0 + SECOND)) is False, "a batch has no newest reservation"
    again = held(show, wish)
    assert (again.repeat, again.seq, again.reservations) == (True, 2, first.reservations)
    assert refused(show, many(hold("anna", "A-1"), hold("anna", "A-2"), body=b"another ")) == "idempotency_key_reused"
    more = many(hold("anna", "A-1"), hold("anna", "A-2"), hold("anna", "A-3"))
    assert refused(show, more) == "idempotency_key_reused"


def test_what_is_no_batch() -> None:
    show = given()
    one = many(hold("anna", "A-1"), hold("anna", "A-2"))
    assert isinstance(one.command, messages.HoldMany)
    for fields in (
        {"holds": ()},
        {"atomic": False},
        {"holds": (one.command.holds[0],) * 2},
        {"account": "ent_ben"},
        {"holds": (one.command.holds[0], msgspec.structs.replace(one.command.holds[1], show=SHOW + 1))},
    ):
        wrong = replace(one, command=msgspec.structs.replace(one.command, key=b"%16d" % len(str(fields)), **fields))
        assert refused(show, wrong) == "malformed"


def test_each_has_the_policy_of_the_show() -> None:
    rules = msgspec.structs.replace(POLICY, hold_s=70)
    outcome = held(given(policy=rules), many(hold("anna", "A-1"), hold("anna", "A-2", hold_s=90)))
    assert [it.expires_at_ms - T0 for it in outcome.reservations] == [70_000, 90_000]
