"""Holds are taken for granted only when every one of them was."""

import pytest

from bench.driving import all_granted
from bench.open_plan import Latency, Seen


def latency(count: int) -> Latency:
    return Latency(count=count, p50_ms=1, p95_ms=2, p99_ms=3, longest_ms=4, sample=b"")


def seen(answers: dict[int, Latency], *, unanswered: int = 0) -> Seen:
    due = sum(each.count for each in answers.values()) + unanswered
    return Seen(due=due, sent=due, answers=answers, unanswered=unanswered, paused_ms=0)


def test_all_were_granted() -> None:
    assert all_granted(seen({201: latency(10)}), 10).count == 10


@pytest.mark.parametrize(
    "what",
    [
        seen({201: latency(9), 503: latency(1)}),
        seen({201: latency(9), 0: latency(1)}),
        seen({201: latency(9)}, unanswered=1),
        seen({}),
        seen({201: latency(11)}),
    ],
)
def test_not_all_were(what: Seen) -> None:
    with pytest.raises(RuntimeError):
        all_granted(what, 10)
