"""What may go of a partition's log, and what must stay."""

import pytest

from onsale.verify.history import LoggedBatch
from onsale.verify.pruning import Archived, Scan, Span, last_to_go, why_kept
from tests.unit.onsale.ledger import PART, SHOW, T0, log, seal

DAY_MS = 24 * 3600 * 1000
OLD, LATELY, BEFORE = T0, T0 + 40 * DAY_MS, T0 + 10 * DAY_MS
CHAIN = b"c" * 32


def archived(batch_seq: int = 9, chain: bytes = CHAIN) -> Archived:
    return Archived(SHOW, PART, batch_seq, chain, b"file")


def closed(at_ms: int | None = OLD, last_seq: int = 9) -> Span:
    return Span(1, last_seq, OLD, at_ms)


@pytest.mark.parametrize(
    ("span", "proof", "chain", "starts_at_ms", "why"),
    [
        (closed(), archived(), CHAIN, OLD, ""),
        (closed(None), archived(), CHAIN, OLD, "not closed"),
        (closed(LATELY), archived(), CHAIN, OLD, "over not long enough ago"),
        (closed(), archived(), CHAIN, LATELY, "over not long enough ago"),
        (closed(), None, None, OLD, "no archive of it was named"),
        (closed(), archived(), b"x" * 32, OLD, "its archive does not end with this log's chain"),
        (closed(), archived(), None, OLD, "its archive does not end with this log's chain"),
        (closed(last_seq=10), archived(), CHAIN, OLD, "it went on after it was archived: archive it again"),
        (Span(3, 3, OLD), None, None, None, ""),
        (Span(3, 3, LATELY), None, None, None, "asked for lately, though there is no such show"),
    ],
)
def test_a_show_may_go_when_it_is_over_old_and_archived_to_its_end(
    span: Span, proof: Archived | None, chain: bytes | None, starts_at_ms: int | None, why: str
) -> None:
    assert why_kept(span, proof, chain, starts_at_ms, BEFORE) == why


def spans(**of: tuple[int, int]) -> dict[int, Span]:
    return {ord(name): Span(first, last, OLD) for name, (first, last) in of.items()}


@pytest.mark.parametrize(
    ("of", "staying", "end_seq", "last_seq"),
    [
        (spans(a=(1, 4), b=(5, 9)), "", 9, 9),
        (spans(a=(1, 4), b=(5, 9)), "b", 9, 4),
        (spans(a=(1, 4), b=(5, 9)), "a", 9, 0),
        # One that could go, but reaches into what stays, stays whole; and so does what it reaches into in turn.
        (spans(a=(1, 2), b=(3, 8), c=(7, 9)), "c", 9, 2),
        (spans(a=(1, 4), b=(3, 8), c=(7, 9)), "c", 9, 0),
        (spans(a=(1, 2), b=(3, 4)), "", 3, 2),
        (spans(a=(1, 4)), "", 3, 0),
        ({}, "", 0, 0),
    ],
)
def test_only_a_beginning_goes_that_cuts_no_show(
    of: dict[int, Span], staying: str, end_seq: int, last_seq: int
) -> None:
    assert last_to_go(of, map(ord, staying), end_seq) == last_seq


def test_a_scan_knows_where_each_show_begins_and_ends_and_when_it_was_closed() -> None:
    batches: list[LoggedBatch] = seal(log())
    scan = Scan()
    for batch in batches:
        scan.see(batch, [archived(batch_seq=3)])
    assert scan.spans == {SHOW: Span(1, 4, T0, T0)}
    assert scan.chains == {3: batches[2].chain}
