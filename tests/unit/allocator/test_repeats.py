"""A repeat gets the first verdict and the present state, and changes nothing."""

import pytest

from tests.unit.allocator.stories import (
    MINUTE,
    SECOND,
    SHOW,
    T0,
    Scene,
    Told,
    Verb,
    answer,
    cancel,
    confirm,
    expire,
    extend,
    given,
    granted,
    hold,
    refusal,
    refused,
    release,
)
from ticketing import messages
from ticketing.vocabulary import RECENT_KEYS_MAX, REFUSALS_REMEMBERED_MAX, REFUSALS_REMEMBERED_MS


def repeated(scene: Scene, told: Told) -> messages.AnyOutcome:
    """The answer to a repeat, which left the show as it was."""
    before = scene.show.seq
    outcome = answer(scene, told)
    assert outcome.repeat and outcome.seq == scene.show.seq == before
    return outcome


@pytest.mark.parametrize("ending", [None, confirm, release, expire, cancel])
def test_a_repeated_hold_is_answered_as_held_with_what_became_of_it(ending: Verb | None) -> None:
    show = given(hold("anna", "A-1"))
    if ending is cancel:
        assert granted(show, confirm("anna"))
    if ending is not None:
        assert granted(show, ending("anna", at=T0 + 60 * SECOND))
    again = repeated(show, hold("anna", "A-1").again(T0 + 2 * MINUTE))
    assert isinstance(again, messages.SeatsHeld)
    assert again.reservation == show.reservation("anna")


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        (extend, messages.HoldExtended),
        (release, messages.HoldReleased),
        (confirm, messages.BookingConfirmed),
    ],
)
def test_a_repeated_change_is_answered_as_it_was(verb: Verb, kind: type[messages.AnyOutcome]) -> None:
    show = given(hold("anna", "A-1"), verb("anna", key="k"))
    again = repeated(show, verb("anna", key="k", at=T0 + SECOND))
    assert isinstance(again, kind)
    assert again.key == verb("anna", key="k").command.key


def test_a_repeated_confirm_is_confirmed_though_the_booking_was_cancelled_since() -> None:
    show = given(hold("anna", "A-1"), confirm("anna", key="k"), cancel("anna"))
    again = repeated(show, confirm("anna", key="k", at=T0 + SECOND))
    assert isinstance(again, messages.BookingConfirmed)
    assert again.reservation.status == "cancelled"


def test_a_repeated_extension_is_not_a_second_one() -> None:
    show = given(hold("anna", "A-1"), extend("anna", key="k", at=T0 + SECOND))
    repeated(show, extend("anna", key="k", at=T0 + 30 * SECOND))
    assert show.reservation("anna").expires_at_ms == T0 + 61 * SECOND


def test_the_last_sixteen_keys_of_a_reservation_are_remembered() -> None:
    show = given(hold("anna", "A-1"), *(extend("anna", key=str(nth)) for nth in range(RECENT_KEYS_MAX + 1)))
    repeated(show, extend("anna", key="1"))
    assert not answer(show, extend("anna", key="0")).repeat


def test_a_refusal_is_repeated_even_when_the_seat_is_free_by_now() -> None:
    show = given(hold("anna", "A-1"))
    lost = hold("ben", "A-1")
    first = refusal(show, lost)
    assert granted(show, release("anna"))
    again = repeated(show, lost.again(T0 + SECOND))
    assert isinstance(again, messages.HoldRefused)
    assert (again.code, again.conflicts, again.alternatives) == (first.code, first.conflicts, first.alternatives)
    assert again.offset != first.offset


def test_after_a_quarter_of_an_hour_a_refused_request_is_a_new_one() -> None:
    show = given(hold("anna", "A-1"))
    lost = hold("ben", "A-1")
    assert refused(show, lost)
    assert granted(show, release("anna"))
    assert refused(show, lost.again(T0 + REFUSALS_REMEMBERED_MS - 1))
    assert granted(show, lost.again(T0 + REFUSALS_REMEMBERED_MS))


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (hold("anna", "A-1", key="k"), hold("anna", "A-2", key="k")),
        (extend("anna", key="k", by_s=1), extend("anna", key="k", by_s=2)),
    ],
)
def test_a_key_that_comes_with_another_body_is_an_error_each_time(first: Told, other: Told) -> None:
    show = given(hold("anna", "B-1"))
    assert granted(show, first)
    for _ in range(2):
        reused = refusal(show, other)
        assert (reused.code, reused.repeat) == ("idempotency_key_reused", False)
    repeated(show, first)


def test_a_refused_key_with_another_body_is_an_error_and_the_refusal_stays() -> None:
    show = given(hold("anna", "A-1"))
    assert refused(show, hold("ben", "A-1", key="k")) == "seats_unavailable"
    assert refused(show, hold("ben", "A-2", key="k")) == "idempotency_key_reused"
    assert refusal(show, hold("ben", "A-1", key="k")).code == "seats_unavailable"


def test_without_a_key_state_alone_decides() -> None:
    show = given(hold("anna", "A-1"))
    assert refused(show, hold("ben", "A-1", keyed=False))
    assert len(show.state.refusals) == 0
    assert granted(show, release("anna", keyed=False))
    again = repeated(show, release("anna", keyed=False, at=T0 + SECOND))
    assert isinstance(again, messages.HoldReleased)
    assert granted(show, hold("ben", "A-1", keyed=False))


def test_unkeyed_extensions_each_count_and_a_released_hold_stays_released() -> None:
    show = given(hold("anna", "A-1"))
    for at in (10, 20):
        assert granted(show, extend("anna", keyed=False, at=T0 + at * SECOND))
        assert show.reservation("anna").expires_at_ms == T0 + (60 + at) * SECOND
    assert granted(show, release("anna", keyed=False, at=T0 + 30 * SECOND))
    assert refused(show, extend("anna", keyed=False, at=T0 + 31 * SECOND)) == "hold_released"
    assert refused(show, confirm("anna", keyed=False, at=T0 + 31 * SECOND)) == "hold_released"


def test_a_cancelled_booking_stays_cancelled_however_often_it_is_cancelled() -> None:
    show = given(hold("anna", "A-1"), confirm("anna"), cancel("anna"))
    for keyed in (True, False):
        assert isinstance(repeated(show, cancel("anna", keyed=keyed, at=T0 + SECOND)), messages.BookingCancelled)


def test_no_more_refusals_are_remembered_than_there_is_room_for() -> None:
    show = given()
    refusals = show.state.refusals
    for nth in range(REFUSALS_REMEMBERED_MAX + 3):
        refusals.remember(
            messages.HoldRefused(
                show=SHOW, seq=1, at_ms=T0, offset=nth, key=nth.to_bytes(16), code="sold_out", fingerprint=b"f" * 8
            )
        )
    assert len(refusals) == REFUSALS_REMEMBERED_MAX
    assert refusals.find((2).to_bytes(16), T0) is None
    assert refusals.find((3).to_bytes(16), T0) is not None
