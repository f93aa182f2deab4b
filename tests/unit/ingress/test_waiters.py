"""Who is told which verdict."""

from hypothesis import given
from hypothesis import strategies as st

from ingress.waiters import Waiter, Waiters
from tests.unit.ingress.tales import PART, held, refused, reservation

KEY = b"k" * 16
OTHER = b"o" * 16


def waiting(waiters: Waiters, key: bytes = KEY, part: int = PART) -> Waiter:
    waiter = waiters.register(part, key, lambda: None)
    assert waiter is not None
    return waiter


def test_a_verdict_after_the_acknowledgement_rings_the_bell() -> None:
    rung: list[str] = []
    waiters = Waiters(10)
    waiter = waiters.register(PART, KEY, lambda: rung.append("now"))
    assert waiter is not None
    waiters.appended(waiter, 0, 41)
    assert waiters.hear(PART, 0, [held(reservation(KEY), offset=41)]) == 1
    assert rung == ["now"]
    assert waiter.heard is not None
    assert waiter.heard.outcome.offset == 41


def test_a_verdict_before_the_acknowledgement_lies_there_until_then() -> None:
    waiters = Waiters(10)
    waiter = waiting(waiters)
    assert waiters.hear(PART, 0, [held(reservation(KEY), offset=41)]) == 0
    waiters.appended(waiter, 0, 41)
    assert waiter.heard is not None


def test_one_key_and_two_bodies_have_two_verdicts() -> None:
    waiters = Waiters(10)
    first, second = waiting(waiters), waiting(waiters)
    waiters.appended(second, 0, 8)
    waiters.hear(
        PART, 0, [held(reservation(KEY), offset=7), refused(KEY, "idempotency_key_reused", offset=8)]
    )  # fmt: skip
    waiters.appended(first, 0, 7)
    assert first.heard is not None
    assert second.heard is not None
    assert (type(first.heard.outcome).__name__, type(second.heard.outcome).__name__) == ("SeatsHeld", "HoldRefused")


def test_an_older_answer_to_the_same_key_is_not_ours() -> None:
    waiters = Waiters(10)
    waiter = waiting(waiters)
    waiters.appended(waiter, 0, 50)
    waiters.hear(PART, 0, [held(reservation(KEY), offset=12)])
    assert waiter.heard is None


def test_another_partition_has_the_same_offsets() -> None:
    waiters = Waiters(10)
    waiter = waiting(waiters)
    waiters.appended(waiter, 0, 5)
    assert waiters.hear(PART + 1, 0, [held(reservation(KEY), offset=5)]) == 0
    assert waiter.heard is None


def test_a_generation_that_is_over_answers_nobody() -> None:
    waiters = Waiters(10)
    waiter = waiting(waiters)
    waiters.appended(waiter, 2, 5)
    assert waiters.hear(PART, 1, [held(reservation(KEY), offset=5)]) == 0
    waiters.hear(PART, 3, [held(reservation(KEY), offset=5)])
    assert waiter.heard is not None
    assert waiter.heard.log_gen == 3


def test_when_too_many_wait_the_next_one_is_told_so() -> None:
    waiters = Waiters(1)
    first = waiting(waiters)
    assert waiters.register(PART, OTHER, lambda: None) is None
    waiters.forget(first)
    assert len(waiters) == 0
    assert waiters.register(PART, OTHER, lambda: None) is not None


def test_nobody_waits_where_all_were_forgotten() -> None:
    waiters = Waiters(10)
    first, second = waiting(waiters), waiting(waiters)
    assert waiters.any_on(PART)
    waiters.forget(first)
    assert waiters.any_on(PART)
    waiters.forget(second)
    assert not waiters.any_on(PART)
    assert waiters.hear(PART, 0, [held(reservation(KEY), offset=1)]) == 0


@given(st.permutations(["ack", "hear"] * 4), st.integers(min_value=0, max_value=3))
def test_however_they_interleave_each_gets_its_own(order: list[str], same_keys: int) -> None:
    """Four requests, some under one key: acknowledgements and outcomes arrive in log order, interleaved at will."""
    waiters = Waiters(10)
    keys = [KEY if number <= same_keys else bytes([number]) * 16 for number in range(4)]
    made = [waiting(waiters, key) for key in keys]
    acks, hears = iter(enumerate(made)), iter(enumerate(keys))
    for move in order:
        if move == "ack":
            offset, waiter = next(acks)
            waiters.appended(waiter, 0, offset)
        else:
            offset, key = next(hears)
            waiters.hear(PART, 0, [held(reservation(key), offset=offset)])
    assert [waiter.heard.outcome.offset if waiter.heard else None for waiter in made] == [0, 1, 2, 3]
    for waiter in made:
        waiters.forget(waiter)
    assert len(waiters) == 0
