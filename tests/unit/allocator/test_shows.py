"""Shows open and close; what is not decided yet says so; the log's time."""

from typing import Any

import msgspec
from hypothesis import given as for_all
from hypothesis import strategies as st

from allocator.answer import SENDER_SKEW_MS, log_time
from tests.unit.allocator.stories import (
    LAYOUT,
    SECOND,
    SHOW,
    T0,
    Told,
    answer,
    close_show,
    confirm,
    empty_partition,
    expire,
    given,
    granted,
    hold,
    open_show,
    refusal,
    refused,
)
from ticketing import messages
from ticketing.messages import Policy

HEAD: dict[str, Any] = {
    "show": SHOW,
    "key": b"k" * 16,
    "sent_at_ms": T0,
    "account": "key_admin",
    "fingerprint": b"f" * 8,
}


def test_an_opened_show_has_every_place_free_and_stands_at_one() -> None:
    scene = empty_partition()
    opened = answer(scene, open_show())
    assert isinstance(opened, messages.ShowOpened)
    assert (opened.seq, opened.currency, opened.policy.hold_s) == (1, "EUR", 60)
    assert sum(scene.show.free) == len(LAYOUT.seats)


def test_opening_twice_is_a_repeat_unless_the_layout_is_another() -> None:
    show = given()
    assert answer(show, open_show(at=T0 + 1)).repeat
    other = open_show(at=T0 + 2)
    assert isinstance(other.command, messages.OpenShow)
    another = Told("", T0 + 2, msgspec.structs.replace(other.command, layout_sha256=b"x" * 32))
    assert refused(show, another) == "show_exists"


def test_a_layout_that_nobody_knows_opens_nothing() -> None:
    scene = empty_partition()
    scene.state.layouts.clear()
    assert refusal(scene, open_show()).code == "layout_mismatch"
    assert scene.state.shows == {}


def test_prices_of_the_show_go_before_those_of_the_layout() -> None:
    scene = empty_partition()
    told = open_show()
    assert isinstance(told.command, messages.OpenShow)
    assert granted(scene, Told("", T0, msgspec.structs.replace(told.command, prices={"back": 70})))
    assert granted(scene, hold("anna", "A-1", "C-1"))
    assert scene.reservation("anna").prices == (100, 70)


def test_a_closed_show_takes_no_holds_but_lets_the_held_be_booked_or_end() -> None:
    close = close_show(at=T0 + SECOND)
    show = given(hold("anna", "A-1"), hold("ben", "A-2"), close)
    assert refused(show, hold("cleo", "A-3", at=T0 + 2 * SECOND)) == "show_closed"
    assert granted(show, confirm("anna", at=T0 + 2 * SECOND), expire("ben", at=T0 + 60 * SECOND))
    assert answer(show, close.again(T0 + 61 * SECOND)).repeat
    assert refused(show, close_show(at=T0 + 62 * SECOND)) == "show_closed"


def test_commands_about_a_show_that_is_not_there() -> None:
    scene = empty_partition()
    assert refusal(scene, hold("anna", "A-1")).code == "show_not_found"
    assert scene.say(expire("anna", at=T0)) == []


def test_every_outcome_that_changes_the_show_has_the_next_number() -> None:
    show = given(hold("anna", "A-1"), policy=Policy(hold_s=60, payment_required=False))
    numbers = [
        answer(show, told).seq
        for told in (
            hold("ben", "A-1"),  # refused: the number it stands at
            hold("ben", "A-2", at=T0 + 1),
            hold("anna", "A-1"),  # a repeat
            confirm("ben", at=T0 + 2),
            close_show(at=T0 + 3),
        )
    ]
    assert numbers == [2, 3, 3, 4, 5]


def test_log_time_is_the_brokers_unless_the_sender_was_five_seconds_behind() -> None:
    assert log_time(0, T0, T0) == T0
    assert log_time(0, T0 + 1, T0 - SENDER_SKEW_MS) == T0
    assert log_time(0, T0, T0 + 3600 * SECOND) == T0
    assert log_time(T0 + 1, T0, T0) == T0 + 1


MOMENTS = st.integers(0, 2**45)


@for_all(st.lists(st.tuples(MOMENTS, MOMENTS), min_size=1))
def test_log_time_never_goes_back_and_one_wrong_clock_does_not_move_it_ahead(stamps: list[tuple[int, int]]) -> None:
    now = 0
    for append_ms, sent_ms in stamps:
        after = log_time(now, append_ms, sent_ms)
        assert after >= now
        assert after <= max(now, append_ms) and after <= max(now, sent_ms + SENDER_SKEW_MS)
        now = after
