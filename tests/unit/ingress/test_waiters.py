"""Who is told which verdict."""

from hypothesis import given
from hypothesis import strategies as st

from ingress.waiters import EARLY_MAX, Waiters
from tests.unit.ingress.listener import Listener
from tests.unit.ingress.tales import PART, held, refused, reservation

KEY = b"k" * 16
OTHER = b"o" * 16


def waiting(waiters: Waiters, key: bytes = KEY, part: int = PART) -> Listener:
    waiter = Listener(part, key)
    assert waiters.register(waiter)
    return waiter


def test_a_verdict_after_the_acknowledgement_rings_the_bell() -> None:
    rung: list[str] = []
    waiters = Waiters(10)
    waiter = Listener(PART, KEY, lambda: rung.append("now"))
    waiters.register(waiter)
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
    assert not waiters.register(Listener(PART, OTHER))
    waiters.forget(first)
    assert len(waiters) == 0
    assert waiters.register(Listener(PART, OTHER))


def test_nobody_waits_where_all_were_forgotten() -> None:
    waiters = Waiters(10)
    first, second = waiting(waiters), waiting(waiters)
    assert waiters.any_on(PART)
    waiters.forget(first)
    assert waiters.any_on(PART)
    waiters.forget(second)
    assert not waiters.any_on(PART)
    assert waiters.hear(PART, 0, [held(reservation(KEY), offset=1)]) == 0


@given(st.permutations(range(4)))
def test_those_with_one_key_leave_in_any_order(order: list[int]) -> None:
    waiters = Waiters(10)
    made = [waiting(waiters) for _ in range(4)]
    for offset, waiter in enumerate(made):
        waiters.appended(waiter, 0, offset)
    for left, number in enumerate(order, start=1):
        waiters.forget(made[number])
        assert (len(waiters), waiters.any_on(PART)) == (4 - left, left < 4)
    again = waiting(waiters)
    waiters.appended(again, 0, 9)
    assert waiters.hear(PART, 0, [held(reservation(KEY), offset=offset) for offset in (*range(4), 9)]) == 1
    assert [waiter.heard for waiter in made] == [None] * 4
    assert again.heard is not None


def test_who_is_told_may_leave_at_once_and_those_behind_are_told_as_well() -> None:
    waiters = Waiters(10)
    made: list[Listener] = []
    for offset in range(3):
        listener = Listener(PART, KEY, lambda offset=offset: waiters.forget(made[offset]))  # type: ignore[misc]
        made.append(listener)
        waiters.register(listener)
        waiters.appended(listener, 0, offset)
    assert waiters.hear(PART, 0, [held(reservation(KEY), offset=offset) for offset in (1, 0, 2)]) == 3
    assert len(waiters) == 0


def test_of_what_comes_too_early_so_much_is_kept() -> None:
    waiters = Waiters(10)
    first, second = waiting(waiters), waiting(waiters)
    waiters.hear(PART, 0, [held(reservation(KEY), offset=offset) for offset in range(EARLY_MAX + 1)])
    waiters.appended(first, 0, EARLY_MAX - 1)
    waiters.appended(second, 0, EARLY_MAX)
    assert first.heard is not None
    assert second.heard is None


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
