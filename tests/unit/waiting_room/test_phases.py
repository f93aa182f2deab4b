"""The phases of a room."""

import pytest

from waiting_room.phases import Control, Phase, Schedule, Stock, collects, opens_later, phase_at

OPENS, STARTS = 1_000, 9_000
SCHEDULE = Schedule(opens_at_ms=OPENS, closes_at_ms=0, starts_at_ms=STARTS)
FOR_SALE = Stock("open", available=5, held=0, booked=0)


@pytest.mark.parametrize(
    ("now_ms", "expected"),
    [(999, Phase.PREQUEUE), (1_000, Phase.OPEN), (8_999, Phase.OPEN), (9_000, Phase.CLOSED)],
)
def test_the_times_of_the_show_decide(now_ms: int, expected: Phase) -> None:
    assert phase_at(now_ms, SCHEDULE, Control.SCHEDULE, FOR_SALE) is expected
    assert phase_at(now_ms, SCHEDULE, Control.SCHEDULE, None) is expected


def test_a_sale_may_close_before_the_show_starts() -> None:
    early = Schedule(OPENS, 5_000, STARTS)
    assert phase_at(4_999, early, Control.SCHEDULE, None) is Phase.OPEN
    assert phase_at(5_000, early, Control.SCHEDULE, None) is Phase.CLOSED


def test_operators_come_before_the_schedule() -> None:
    assert phase_at(0, SCHEDULE, Control.OPEN, None) is Phase.OPEN
    assert phase_at(0, SCHEDULE, Control.IDLE, None) is Phase.IDLE
    assert phase_at(OPENS, SCHEDULE, Control.PAUSED, None) is Phase.PAUSED


@pytest.mark.parametrize("control", list(Control))
def test_the_end_of_the_sale_comes_before_operators(control: Control) -> None:
    assert phase_at(STARTS, SCHEDULE, control, FOR_SALE) is Phase.CLOSED
    assert phase_at(OPENS, SCHEDULE, control, Stock("closed", 5, 0, 0)) is Phase.CLOSED
    assert phase_at(OPENS, SCHEDULE, control, Stock("cancelled", 5, 0, 0)) is Phase.CLOSED
    assert phase_at(OPENS, SCHEDULE, control, Stock("open", 0, 0, 5)) is Phase.SOLDOUT


def test_what_is_held_may_come_back_and_what_is_cancelled_does() -> None:
    assert phase_at(OPENS, SCHEDULE, Control.SCHEDULE, Stock("open", 0, 1, 4)) is Phase.OPEN
    assert phase_at(OPENS, SCHEDULE, Control.SCHEDULE, Stock("open", 1, 0, 4)) is Phase.OPEN


def test_people_may_join_from_a_set_time_on() -> None:
    schedule = Schedule(OPENS, 0, STARTS, prequeue_at_ms=500)
    before, then = (phase_at(now_ms, schedule, Control.SCHEDULE, FOR_SALE) for now_ms in (499, 500))
    assert (before, then) == (Phase.CLOSED, Phase.PREQUEUE)
    assert opens_later(499, schedule, before)
    assert not opens_later(STARTS, schedule, phase_at(STARTS, schedule, Control.SCHEDULE, FOR_SALE))
    assert phase_at(0, schedule, Control.OPEN, FOR_SALE) is Phase.OPEN


def test_until_the_opening_all_take_part_in_the_draw_unless_the_line_was_opened_by_hand() -> None:
    for control in Control:
        phase = phase_at(0, SCHEDULE, control, FOR_SALE)
        assert collects(0, SCHEDULE, phase) == (control not in {Control.OPEN, Control.IDLE, Control.DRAINING})
        assert not collects(OPENS, SCHEDULE, phase)
