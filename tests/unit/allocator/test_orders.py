"""What operators do in mid-sale: other rules and prices, seats that are not for sale."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.unit.allocator.stories import (
    LAYOUT,
    POLICY,
    SHOW,
    T0,
    Scene,
    Told,
    answer,
    confirm,
    extend,
    given,
    granted,
    hold,
    refusal,
    refused,
)
from ticketing import messages
from ticketing.messages import Best, Conflict
from ticketing.vocabulary import BLOCKED_BY

A1, A2 = LAYOUT.seat_numbers["A-1"], LAYOUT.seat_numbers["A-2"]


def order(
    kind: type[messages.Command], key: str = "k", after_ms: int = 0, body: bytes = b"body", **fields: Any
) -> Told:
    at = T0 + after_ms
    head = {"show": SHOW, "key": key.encode().ljust(16, b"."), "fingerprint": body.ljust(8), "sent_at_ms": at}
    return Told("", at, kind(**head, account="key_admin", **fields))  # type: ignore[arg-type]


def block(*seats: int, key: str = "b", **more: Any) -> Told:
    return order(messages.BlockSeats, key, seats=seats, reason="camera", **more)


def unblock(*seats: int, key: str = "u", **more: Any) -> Told:
    return order(messages.UnblockSeats, key, seats=seats, **more)


def change(key: str = "c", **more: Any) -> Told:
    return order(messages.ChangeShow, key, **more)


def test_a_blocked_seat_cannot_be_had_and_says_so() -> None:
    show = given(block(A1, A2))
    assert show.owner("A-1") == BLOCKED_BY
    lost = refusal(show, hold("anna", "A-1", "A-3"))
    assert (lost.code, lost.conflicts) == ("seats_unavailable", (Conflict("blocked", seat=A1),))
    best = answer(show, hold("ben", best=Best(2), at=T0 + 1))
    assert isinstance(best, messages.SeatsHeld) and set(best.reservation.seats).isdisjoint({A1, A2})
    assert granted(show, unblock(A1), hold("cleo", "A-1", at=T0 + 2))


def test_who_is_taken_is_not_blocked_and_nothing_is_blocked_by_halves() -> None:
    show = given(hold("anna", "A-1"), hold("ben", "A-2"), confirm("ben"))
    lost = refusal(show, block(A1, A2, 5))
    assert (lost.code, [conflict.reason for conflict in lost.conflicts]) == ("seats_unavailable", ["held", "booked"])
    assert show.show.free[5]
    assert granted(show, block(5, key="b2"))
    assert refusal(show, block(5, key="b3")).conflicts == (Conflict("blocked", seat=5),)


def test_what_is_not_blocked_is_not_unblocked() -> None:
    show = given(hold("anna", "A-1"), block(A2))
    lost = refusal(show, unblock(A1, A2, 5))
    assert lost.code == "not_blocked"
    assert lost.conflicts == (Conflict("held", seat=A1), Conflict("available", seat=5))
    assert show.owner("A-2") == BLOCKED_BY


@pytest.mark.parametrize("make", [block, unblock])
@pytest.mark.parametrize(
    ("seats", "code"), [((), "nothing_asked_for"), ((99,), "unknown_places"), ((5, 5), "malformed")]
)
def test_orders_about_seats_that_are_none(make: Any, seats: tuple[int, ...], code: str) -> None:
    assert refused(given(), make(*seats)) == code


def test_an_order_sent_twice_is_carried_out_once() -> None:
    show = given(block(A1), unblock(A1))
    again = answer(show, block(A1))
    assert isinstance(again, messages.SeatsBlocked)
    assert (again.repeat, again.seats, show.free("A-1")) == (True, (A1,), True)
    assert refused(show, block(A1, body=b"other")) == "idempotency_key_reused"
    assert answer(show, unblock(A1)).repeat


def test_new_rules_hold_from_now_on_and_for_what_is_held() -> None:
    show = given(hold("anna", "A-1"))
    rules = msgspec.structs.replace(POLICY, seats_per_hold_max=1, hold_max_s=90, payment_required=True)
    outcome = answer(show, change(policy=rules))
    assert isinstance(outcome, messages.ShowChanged) and outcome.policy == rules
    assert refused(show, hold("ben", "A-2", "A-3")) == "too_many_seats"
    assert granted(show, extend("anna", by_s=500, at=T0 + 1))
    assert show.reservation("anna").expires_at_ms == T0 + 90_000
    assert refused(show, confirm("anna", at=T0 + 2)) == "payment_missing"


def test_new_prices_are_for_new_holds() -> None:
    show = given(hold("anna", "A-1"))
    outcome = answer(show, change(prices={"front": 130}))
    assert isinstance(outcome, messages.ShowChanged)
    assert (outcome.policy, outcome.prices) == (POLICY, {"front": 130})
    assert granted(show, hold("ben", "A-2", "C-1", at=T0 + 1), change("c2", prices={"back": 1}))
    assert show.reservation("anna").amount == 100
    assert show.reservation("ben").prices == (130, 50)
    assert show.show.terms.prices == {"front": 130, "back": 1}


def test_a_price_of_a_category_that_is_not_there_changes_nothing() -> None:
    show = given()
    lost = refusal(show, change(prices={"front": 1, "velvet": 2}))
    assert (lost.code, lost.detail) == ("unknown_category", "velvet")
    assert show.show.terms.prices == {}


def test_only_so_many_orders_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allocator.orders.ORDERS_REMEMBERED_MAX", 2)
    show = given(*(change(f"c{n}") for n in range(3)))
    assert [key[:2] for key, _, _ in show.show.orders] == [b"c1", b"c2"]
    unkeyed = change("c4")
    assert granted(show, replace(unkeyed, command=msgspec.structs.replace(unkeyed.command, keyed=False)))
    assert len(show.show.orders) == 2


def test_an_order_changes_the_number_of_the_show_like_everything_else() -> None:
    show: Scene = given()
    numbers = [answer(show, told).seq for told in (block(A1), change(), unblock(A1), block(A1))]
    assert numbers == [2, 3, 4, 4]


ENDINGS = {messages.CloseShow: "show_closed", messages.CancelShow: "show_cancelled"}


@pytest.mark.parametrize("kind", ENDINGS)
def test_a_show_that_ended_by_one_order_does_not_end_by_another_under_its_key(kind: type[messages.Command]) -> None:
    show = given(order(kind, "end", reason="rain"))
    assert answer(show, order(kind, "end", reason="rain")).repeat
    assert refused(show, order(kind, "end", body=b"other", reason="flood")) == "idempotency_key_reused"


@pytest.mark.parametrize("kind", ENDINGS)
def test_what_has_ended_does_not_end_again_and_the_key_is_remembered(kind: type[messages.Command]) -> None:
    show = given(order(kind, "end", reason="rain"))
    assert refused(show, order(kind, "late", reason="flood")) == ENDINGS[kind]
    again = refusal(show, order(kind, "late", reason="flood"))
    assert (again.code, again.repeat) == (ENDINGS[kind], True)
    assert refused(show, order(kind, "late", body=b"other", reason="fire")) == "idempotency_key_reused"


@pytest.mark.parametrize("kind", ENDINGS)
def test_without_a_key_a_show_is_judged_by_where_it_stands(kind: type[messages.Command]) -> None:
    show = given(order(kind, "end"))
    unkeyed = order(kind, "other")
    outcome = answer(show, replace(unkeyed, command=msgspec.structs.replace(unkeyed.command, keyed=False)))
    assert outcome.repeat and not isinstance(outcome, messages.Refusal)


def test_a_close_that_is_sent_again_after_the_show_was_cancelled_was_a_close() -> None:
    show = given(order(messages.CloseShow, "end"), order(messages.CancelShow, "off"))
    outcome = answer(show, order(messages.CloseShow, "end"))
    assert isinstance(outcome, messages.ShowClosed) and outcome.repeat
    assert refused(show, order(messages.CloseShow, "late")) == "show_cancelled"
