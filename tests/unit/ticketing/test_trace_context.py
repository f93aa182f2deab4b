"""What a `traceparent` says, and what it does not."""

import pytest

from ticketing.trace_context import read_traceparent, traceparent

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACE = bytes.fromhex(TRACE_ID + SPAN_ID)


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("02", False), ("03", True), ("ff", True)])
def test_the_example_of_the_standard_is_read(flags: str, sampled: bool) -> None:
    found = read_traceparent(f" 00-{TRACE_ID}-{SPAN_ID}-{flags} ".encode())
    assert found is not None
    assert (found.trace, found.sampled) == (TRACE, sampled)


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    found = read_traceparent(f"cc-{TRACE_ID}-{SPAN_ID}-01-what-the-future-will-be".encode())
    assert found is not None and found.trace == TRACE


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"00-{TRACE_ID}-{SPAN_ID}",
        f"00-{TRACE_ID}-{SPAN_ID}-01-more",
        f"00-{TRACE_ID}-{SPAN_ID}-01x",
        f"ff-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{TRACE_ID.upper()}-{SPAN_ID}-01",
        f"00-{'0' * 32}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-01\n00",
    ],
)
def test_what_cannot_be_followed_is_not(header: str) -> None:
    assert read_traceparent(header.encode()) is None


def test_what_is_carried_is_told_as_it_was_read() -> None:
    told = traceparent(TRACE)
    assert told == f"00-{TRACE_ID}-{SPAN_ID}-01"
    found = read_traceparent(told.encode())
    assert found is not None and found.trace == TRACE
    assert traceparent(b"") is None
