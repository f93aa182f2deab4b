"""What counts quickly is scraped as prometheus_client's own are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from ingress.counting import Counts, Timings

BUCKETS = (0.005, 0.5, 1, 10)


def scraped(registry: CollectorRegistry) -> list[str]:
    """Without the moments at which the library's own were made."""
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


@given(st.lists(st.sampled_from([("holds", 201), ("holds", 503), ("looks", 200)])))
def test_counts_are_told_as_the_library_tells_them(events: list[tuple[str, int]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    counts = Counts("answers_total", "Answers.", ["call", "status"], ours)
    counter = Counter("answers_total", "Answers.", ["call", "status"], registry=theirs)
    for event in events:
        counts.labels(*event).inc()
        counter.labels(*event).inc()
    assert scraped(ours) == scraped(theirs)


@given(st.lists(st.sampled_from([0.0, 0.005, 0.0051, 0.25, 1.0, 7.5, 10.0, 11.0])))
def test_timings_are_told_as_the_library_tells_them(times_s: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    timings = Timings("took_seconds", "How long.", BUCKETS, ours)
    histogram = Histogram("took_seconds", "How long.", buckets=BUCKETS, registry=theirs)
    for seconds in times_s:
        timings.observe(seconds)
        histogram.observe(seconds)
    assert scraped(ours) == scraped(theirs)


def test_a_count_has_all_its_labels_and_a_name_of_its_own() -> None:
    registry = CollectorRegistry()
    counts = Counts("answers_total", "Answers.", ["call", "status"], registry)
    with pytest.raises(ValueError, match="call, status"):
        counts.labels("holds")
    with pytest.raises(ValueError, match="Duplicated"):
        Timings("answers", "The same name.", BUCKETS, registry)
