"""How things stand, as callers and operators are told."""

from ingress.condition import Condition
from tests.unit.ingress.tales import PART, SHOW, T0
from ticketing.vocabulary import show_text

LAG_MAX_MS = 1_000


def said(condition: Condition, at_ms: int = T0) -> list[str]:
    return condition.degraded(at_ms, LAG_MAX_MS)


def test_nothing_is_said_where_all_is_well() -> None:
    condition = Condition(lag_ms={SHOW: LAG_MAX_MS}, unanswered_since_ms={PART: T0 - LAG_MAX_MS})
    assert said(condition) == []


def test_each_thing_that_callers_are_told_to_come_back_for_is_said() -> None:
    condition = Condition(
        postgres_away=True,
        log_away=True,
        parts_refused=frozenset({7, 3}),
        lag_ms={SHOW: LAG_MAX_MS + 1},
        unanswered_since_ms={PART: T0 - LAG_MAX_MS - 1},
    )
    assert said(condition) == [
        "sales are paused: Postgres takes no writes",
        "the log cannot be reached: writes are refused, or not known to be taken",
        "sales are paused on partitions 3, 7: their allocators cannot write",
        f"no new holds are taken for {show_text(SHOW)}: their allocators lag",
        f"no new holds are taken on partitions {PART}: nothing is heard of their allocators",
    ]


def test_what_cannot_be_heard_is_not_held_against_an_allocator() -> None:
    condition = Condition()
    condition.appended(PART, T0)
    condition.log_is(away=True)
    assert condition.lag_of(SHOW, PART, T0 + 60_000) == 0
    condition.log_is(away=False)
    assert (condition.lag_of(SHOW, PART, T0 + 60_000), said(condition)) == (0, [])


def test_of_many_a_few_are_named() -> None:
    condition = Condition(parts_refused=frozenset(range(12)))
    assert said(condition) == ["sales are paused on partitions 0, 1, 2, 3, 4 and 7 more: their allocators cannot write"]


def test_an_allocator_owes_an_answer_from_the_first_command_on_until_it_is_heard_of() -> None:
    condition = Condition(lag_ms={SHOW: 200})
    assert condition.lag_of(SHOW, PART, T0) == 200
    condition.appended(PART, T0)
    condition.appended(PART, T0 + 300)
    assert condition.lag_of(SHOW, PART, T0 + 100) == 200
    assert condition.lag_of(SHOW, PART, T0 + 500) == 500
    assert condition.lag_of(SHOW, PART + 1, T0 + 500) == 200
    condition.heard(PART)
    assert condition.lag_of(SHOW, PART, T0 + 500) == 200
