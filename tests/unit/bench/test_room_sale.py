"""What a sale with a waiting room is judged by, on made-up sales."""

import pytest

from bench.room_fans import Fans, Plan, Seen, Status
from bench.room_judging import moved, overtaken

SECOND_US = 1_000_000


def test_whoever_is_let_in_before_somebody_ahead_is_an_inversion() -> None:
    seen = Seen(let_in=[(10, 5.0), (900, 7.0)], refused_ahead=[(500, 6.0), (500, 8.0), (950, 8.0)])
    assert overtaken(seen) == 1


def test_a_line_at_its_rate_is_not_off() -> None:
    track = [(second * SECOND_US, 100 * second, 10_000) for second in range(101)]
    line = moved(track, 6_000)
    assert line.off_percent == pytest.approx(0)
    assert line.seconds > 90


def test_a_line_that_is_slower_is_off_by_that_much() -> None:
    track = [(second * SECOND_US, 97 * second, 10_000) for second in range(101)]
    assert moved(track, 6_000).off_percent == pytest.approx(3)


def test_what_something_else_limited_is_left_out_and_told() -> None:
    slow = [(second * SECOND_US, 100 * second - 50 * max(0, min(second, 60) - 40), 10_000) for second in range(101)]
    assert moved(slow, 6_000).off_percent == pytest.approx(10.2, abs=0.3)
    line = moved(slow, 6_000, [second * SECOND_US for second in range(41, 61)])
    assert line.off_percent == pytest.approx(0)
    assert line.otherwise_s == pytest.approx(20, abs=2)
    assert line.seconds == pytest.approx(78, abs=2)


def test_a_fan_looks_as_the_document_says() -> None:
    line = '{"serving": 100, "issued": 9000, "rate_target": 600, "rate_now": 600, "drawn": null}'
    status = Status(
        f'{{"lines": {{"general": {line}}}, "limited_by": "operator", "server_time": "2026-11-26T04:00:00Z", '
        '"phase": "open", "poll": {"floor_s": 1, "ceiling_s": 10, "divisor": 10}}'.encode()
    )
    assert status.place(9_000) == 9_000
    assert [status.next_look_s(place) for place in (101, 600, 9_000)] == [1, 5, 10]


def test_no_two_fans_have_the_same_name_or_secret() -> None:
    plan = Plan([1], 1, "shw_1", 1_000, 0, 1.0, 1.0, 1.0, 1, 1.0)
    fans = Fans(plan)
    assert len({word for fan in range(1_000) for word in fans.own(fan)}) == 2_000
