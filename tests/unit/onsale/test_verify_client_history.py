"""What clients wrote down, judged: a clean history passes, each lie is seen by its check."""

from typing import Any

import pytest

from onsale.histories import Ids, Operation, Result, decode_operation, encode_operation
from onsale.verify.client_history import ClientHistory, Place, Reserved
from onsale.verify.findings import TOLD, Check, Findings
from ticketing.messages import AnyOutcome, HoldRefused, Reservation, SeatsHeld
from ticketing.vocabulary import ReservationStatus, booking_text, request_text, reservation_text, show_text

SHOW = 7
ANNAS, BENS = bytes(15) + b"a", bytes(15) + b"b"
PLACE: Place = (3, 0, 41)


def told(op: str, at_ms: float = 0, *, of: bytes | None = ANNAS, **fields: Any) -> Operation:
    """One operation that took 10 ms and was granted, unless `fields` say otherwise."""
    ids = Ids(show=show_text(SHOW), reservation=reservation_text(SHOW, of) if of else "")
    given: dict[str, Any] = {"client": "anna", "end_ms": at_ms + 10, "result": Result.OK, "ids": ids, **fields}
    return Operation(op=op, invoke_ms=at_ms, **given)


def judge(*operations: Operation | bytes, **statuses: str) -> Findings:
    """All that can be said without a log; `statuses`: what the table has, by name."""
    history = read(*operations)
    rows: dict[Reserved, str] = {(SHOW, {"anna": ANNAS, "ben": BENS}[name]): was for name, was in statuses.items()}
    history.judge_statuses(list(history.claims), rows)
    history.judge_reads()
    return history.findings


def read(*operations: Operation | bytes) -> ClientHistory:
    history = ClientHistory(Findings(TOLD))
    for number, operation in enumerate(operations, 1):
        history.read(number, operation if isinstance(operation, bytes) else encode_operation(operation))
    return history


CLEAN = (
    told("read", 0, of=None, seq=4),
    told("hold", 10, key="one"),
    told("hold", 20, key="one"),
    told("read", 30, of=None, seq=5),
    told("confirm", 40, key="two"),
    told("release", 50, of=BENS, client="ben", key="two"),
    told("hold", 60, of=None, key="three", result=Result.FAIL, status=409, code="seats_unavailable"),
    told("hold", 70, of=None, key="four", result=Result.UNKNOWN),
    told("something else", 80, key="five"),
)


def test_a_clean_history_passes() -> None:
    assert judge(*CLEAN, b"\n", anna="booked", ben="released").failed == []


def test_a_line_is_what_the_paper_says() -> None:
    line = (
        b'{"client":"fan-1","op":"confirm","key":"k","invoke_ms":1.5,"end_ms":3,"result":"ok","status":201,'
        b'"ids":{"booking":"bkg_1"},"a field of their own":[]}'
    )
    operation = decode_operation(line)
    assert (operation.client, operation.result, operation.ids.booking, operation.seq) == ("fan-1", "ok", "bkg_1", None)
    assert decode_operation(encode_operation(operation)) == operation


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b'{"client": "anna"}\n',
        encode_operation(told("hold", result=Result.OK)).replace(b'"ok"', b'"perhaps"'),
        encode_operation(told("hold", end_ms=-1)),
        encode_operation(told("hold", ids=Ids(reservation="rsv_of_mine"))),
        encode_operation(told("hold", ids=Ids(request="req_0"))),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: bytes) -> None:
    findings = judge(*CLEAN, line, anna="booked", ben="released")
    assert findings.failed == [Check.HISTORY_FORM]
    assert findings.examples[Check.HISTORY_FORM][0].where == "line 10"


@pytest.mark.parametrize(
    ("op", "status"),
    [
        ("confirm", "held"),
        ("confirm", "released"),
        ("confirm", "expired"),
        ("release", "held"),
        ("release", "booked"),
        ("cancel", "booked"),
    ],
)
def test_what_was_acknowledged_and_is_not_so_is_seen(op: str, status: str) -> None:
    findings = judge(told(op), anna=status)
    assert findings.failed == [Check.ACKNOWLEDGED]
    assert f"which is {status}" in findings.examples[Check.ACKNOWLEDGED][0].what


@pytest.mark.parametrize("op", ["hold", "extend", "confirm", "release", "cancel"])
def test_what_was_acknowledged_and_is_not_there_is_seen(op: str) -> None:
    findings = judge(told(op))
    assert findings.failed == [Check.ACKNOWLEDGED]
    assert "which is not there" in findings.examples[Check.ACKNOWLEDGED][0].what


def test_a_booking_is_looked_for_by_its_own_id() -> None:
    confirmed = told("confirm", ids=Ids(booking=booking_text(SHOW, BENS)))
    assert judge(confirmed, ben="cancelled").failed == []
    assert judge(confirmed, anna="booked").failed == [Check.ACKNOWLEDGED]


@pytest.mark.parametrize("result", [Result.FAIL, Result.UNKNOWN])
def test_what_was_not_acknowledged_may_be_missing(result: Result) -> None:
    assert judge(told("confirm", result=result)).failed == []


def test_a_key_that_got_two_reservations_is_seen() -> None:
    findings = judge(told("hold", key="one"), told("hold", 20, of=BENS, key="one"), anna="held", ben="held")
    assert findings.failed == [Check.SAME_KEY]
    assert "in line 1" in findings.examples[Check.SAME_KEY][0].what


def test_the_same_key_of_another_client_or_operation_is_another_one() -> None:
    first = told("hold", key="one")
    others = (told("hold", 20, of=BENS, key="one", client="ben"), told("confirm", 30, of=BENS, key="one"))
    assert judge(first, *others, anna="held", ben="booked").failed == []


def test_a_booking_of_another_reservation_is_seen() -> None:
    ids = Ids(reservation=reservation_text(SHOW, ANNAS), booking=booking_text(SHOW, BENS))
    assert judge(told("confirm", ids=ids), anna="booked", ben="booked").failed == [Check.SAME_KEY]


def look(at_ms: float, seq: int, **fields: Any) -> Operation:
    return told("read", at_ms, of=None, seq=seq, **fields)


def test_a_read_that_goes_back_is_seen() -> None:
    findings = judge(look(0, 5), look(100, 7), look(200, 6))
    assert findings.failed == [Check.READS_FORWARD]
    assert findings.examples[Check.READS_FORWARD][0].where == "line 3 client anna"
    assert "after seq 7 in line 2" in findings.examples[Check.READS_FORWARD][0].what


@pytest.mark.parametrize(
    "reads",
    [
        (look(0, 7, end_ms=100), look(50, 6)),
        (look(0, 7), look(100, 6, client="ben")),
        (look(0, 7), look(100, 6, ids=Ids(show=show_text(SHOW + 1)))),
        (look(0, 7, result=Result.UNKNOWN), look(100, 6)),
        (look(200, 7), look(0, 6)),
        (look(0, 7), look(100, 7)),
    ],
)
def test_reads_that_overlap_or_are_of_others_may_differ(reads: tuple[Operation, ...]) -> None:
    assert judge(*reads).failed == []


HELD = SeatsHeld(
    show=SHOW, seq=2, at_ms=0, offset=41, reservation=Reservation(id=ANNAS, status="held", version=1, account="anna")
)
REFUSED = HoldRefused(show=SHOW, seq=2, at_ms=0, offset=41, code="sold_out")


@pytest.mark.parametrize(
    ("result", "outcomes", "is_true"),
    [
        (Result.OK, [HELD], True),
        (Result.FAIL, [REFUSED], True),
        (Result.UNKNOWN, [HELD], True),
        (Result.UNKNOWN, [REFUSED], True),
        (Result.OK, [REFUSED], False),
        (Result.FAIL, [HELD], False),
        (Result.UNKNOWN, [], False),
        (Result.UNKNOWN, [HELD, HELD], False),
    ],
)
def test_a_request_has_one_outcome_the_one_that_was_told(
    result: Result, outcomes: list[AnyOutcome], is_true: bool
) -> None:
    history = read(told("hold", result=result, ids=Ids(request=request_text(*PLACE))))
    history.judge_request(PLACE, outcomes)
    assert history.findings.failed == ([] if is_true else [Check.REQUEST_OUTCOME])


def test_a_request_that_still_waits_can_have_no_verdict() -> None:
    ids = Ids(request=request_text(*PLACE))
    waiting = read(told("hold", result=Result.UNKNOWN, ids=ids))
    waiting.judge_waiting(PLACE)
    assert (waiting.findings.failed, waiting.waiting) == ([], 1)
    lied = read(told("hold", result=Result.FAIL, ids=ids))
    lied.judge_waiting(PLACE)
    assert lied.findings.failed == [Check.REQUEST_OUTCOME]


@pytest.mark.parametrize(
    ("op", "allowed"),
    [
        ("hold", set(ReservationStatus)),
        ("extend", set(ReservationStatus)),
        ("confirm", {"booked", "cancelled"}),
        ("release", {"released"}),
        ("cancel", {"cancelled"}),
    ],
)
def test_later_commands_may_have_moved_a_reservation_on(op: str, allowed: set[str]) -> None:
    assert {status for status in ReservationStatus if not judge(told(op), anna=status).failed} == allowed
