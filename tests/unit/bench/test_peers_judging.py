"""A comparison's trials: in which order they come, what they come to, and when the tables contradict them."""

import pytest

from bench.peers.judging import Attempt, Ending, Group, Refusal, contradictions, ending_of, summary
from bench.peers.plan import Case, Trial, trials

REFUSAL = Refusal(409, "sold_out")
SMALL, LARGE = Case(200, 16), Case(2_000, 64)


def test_both_are_asked_each_case_and_take_turns_to_begin() -> None:
    assert list(trials((SMALL, LARGE), 2, ("ours", "theirs"))) == [
        Trial(SMALL, "ours"),
        Trial(SMALL, "theirs"),
        Trial(LARGE, "ours"),
        Trial(LARGE, "theirs"),
        Trial(SMALL, "theirs"),
        Trial(SMALL, "ours"),
        Trial(LARGE, "theirs"),
        Trial(LARGE, "ours"),
    ]


def test_five_want_each_place() -> None:
    assert SMALL.wanted == 1_000
    assert str(LARGE) == "last 2,000 of stock, 64 clients"


@pytest.mark.parametrize(
    ("status", "body", "ending"),
    [
        (201, b"{}", Ending.SOLD),
        (409, b'{"code": "sold_out"}', Ending.REFUSED),
        (409, b'{"detail": "too busy, try again"}', Ending.UNSETTLED),
        (400, b'{"code": "sold_out"}', Ending.UNSETTLED),
        (202, b"{}", Ending.UNSETTLED),
        (500, b"", Ending.UNSETTLED),
    ],
)
def test_only_what_a_shop_says_when_nothing_is_left_is_a_refusal(status: int, body: bytes, ending: Ending) -> None:
    assert ending_of(status, body, REFUSAL) is ending


def test_sales_and_refusals_are_timed_from_the_first_of_them_to_the_last() -> None:
    sale = summary(
        [
            Attempt(Ending.SOLD, 201, 0, 10),
            Attempt(Ending.SOLD, 201, 10, 40),
            Attempt(Ending.UNSETTLED, 503, 20, 900),
            Attempt(Ending.REFUSED, 409, 30, 50),
            Attempt(Ending.REFUSED, 409, 50, 55),
            Attempt(Ending.REFUSED, 409, 55, 130),
        ]
    )
    assert sale.sold == Group(count=2, rate=50.0, p50_ms=30, p99_ms=30)
    assert sale.refused == Group(count=3, rate=30.0, p50_ms=20, p99_ms=75)
    assert (sale.other, sale.unsettled) == ({503: 1}, 1)


def told(sold: int, refused: int, unsettled: int) -> list[Attempt]:
    return [
        *[Attempt(Ending.SOLD, 201, 0, 1)] * sold,
        *[Attempt(Ending.REFUSED, 409, 0, 1)] * refused,
        *[Attempt(Ending.UNSETTLED, 503, 0, 1)] * unsettled,
    ]


@pytest.mark.parametrize(
    ("attempts", "found"),
    [(told(3, 12, 0), 3), (told(2, 12, 1), 3), (told(2, 12, 1), 2), (told(2, 0, 0), 2), (told(0, 0, 2), 1)],
)
def test_the_tables_may_say_what_buyers_were_told(attempts: list[Attempt], found: int) -> None:
    assert contradictions(summary(attempts), found, 3) == []


@pytest.mark.parametrize(
    ("attempts", "found", "wrong"),
    [
        (told(4, 11, 0), 4, "4 places sold of 3"),
        (told(3, 12, 0), 2, "3 buyers were told that they have a place, 2 are sold"),
        (told(1, 12, 1), 3, "3 places sold, 1 buyers told so, 1 without a clear answer"),
        (told(2, 13, 0), 2, "13 buyers were refused, and 1 places are left"),
    ],
)
def test_what_cannot_be_is_said(attempts: list[Attempt], found: int, wrong: str) -> None:
    assert wrong in contradictions(summary(attempts), found, 3)
