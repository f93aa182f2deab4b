"""Times as people write them; topics and problems as data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing import topics
from ticketing.clock import ManualClock, SystemClock, parse_rfc3339, rfc3339
from ticketing.problems import PROBLEMS
from ticketing.vocabulary import SeatStatus, ShowStatus

ROOMS = {"waiting_room", "ingress", "allocator", "notifier", "expiry_worker"}


@given(st.integers(0, 253_402_300_799_999))
def test_times_come_back_as_they_went(at_ms: int) -> None:
    assert parse_rfc3339(rfc3339(at_ms)) == at_ms


def test_times_look_as_documented() -> None:
    assert rfc3339(1_772_359_200_000) == "2026-03-01T10:00:00.000Z"
    assert parse_rfc3339("2026-03-01T12:00:00+02:00") == parse_rfc3339("2026-03-01T10:00:00Z") == 1_772_359_200_000


@pytest.mark.parametrize("text", ["2026-03-01T10:00:00", "2026-03-01", "tomorrow", "", "2026-13-01T10:00:00Z"])
def test_a_time_without_an_offset_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- Python words it differently from version to version
        parse_rfc3339(text)


def test_a_manual_clock_moves_when_it_is_told_to() -> None:
    clock = ManualClock(1_000)
    clock.advance(500)
    clock.advance(-2_000)
    assert clock.now_ms() == -500
    assert SystemClock().now_ms() > 1_700_000_000_000


def test_every_topic_is_written_and_read_by_rooms() -> None:
    assert len({topic.name for topic in topics.ALL}) == len(topics.ALL) == 5
    for topic in topics.ALL:
        assert topic.writers and set(topic.writers) <= ROOMS
        assert topic.readers and set(topic.readers) <= ROOMS
        assert topic.purpose and topic.full_name("test-") == f"test-{topic.name}"


def test_the_log_is_stamped_by_the_broker_and_kept_and_outcomes_fit() -> None:
    assert topics.COMMANDS.config["message.timestamp.type"] == "LogAppendTime"
    assert topics.COMMANDS.config["retention.ms"] == "-1"
    assert topics.COMMANDS.partitions is topics.OUTCOMES.partitions is topics.WARNINGS.partitions is None
    assert int(topics.OUTCOMES.config["max.message.bytes"]) == topics.OUTCOME_RECORD_BYTES_MAX


def test_problems_have_client_or_server_statuses_and_say_when_to_come_again() -> None:
    for code, problem in PROBLEMS.items():
        assert code == code.lower() and " " not in code
        assert 400 <= problem.status <= 503 and problem.title
        assert problem.retryable or problem.status != 503


def test_statuses_are_their_own_names() -> None:
    assert [str(status) for status in SeatStatus] == ["available", "held", "booked", "blocked"]
    assert [str(status) for status in ShowStatus] == ["open", "closed", "cancelled"]
