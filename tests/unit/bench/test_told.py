"""What a bench's clients were told, as the history checker reads it."""

from bench.sale import get, post
from bench.told import history
from onsale.histories import Ids, Operation, Result, decode_operation
from onsale.verify.client_history import ClientHistory
from onsale.verify.findings import TOLD, Check, Findings
from ticketing.vocabulary import booking_text, parse_reservation, reservation_text, show_text

SHOW = 7
RESERVATION = bytes(range(16))
SHOW_TEXT, RSV, BKG = show_text(SHOW), reservation_text(SHOW, RESERVATION), booking_text(SHOW, RESERVATION)
HOLD = post("/api/reservations", "token of anna", "0" * 32, b'{"show":"%b"}' % SHOW_TEXT.encode())
CONFIRM = post("/api/bookings", "token of anna", "1" * 32, b'{"reservation":"%b"}' % RSV.encode())


def answer(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()


HELD = answer("201 Created", f'{{"reservation":"{RSV}","show":"{SHOW_TEXT}","message":"held"}}')
BOOKED = answer("201 Created", f'{{"reservation":"{RSV}","booking":"{BKG}","message":"booked"}}')
BUSY = answer("503 Service Unavailable", '{"code":"busy","retry_after_s":1}')
LOST = answer("409 Conflict", '{"code":"seats_unavailable"}')


def operations(*exchanges: tuple[float, float, bytes, bytes]) -> list[Operation]:
    return [decode_operation(line) for line in history(exchanges).splitlines()]


def test_what_was_asked_and_told() -> None:
    held, booked = operations((1.0, 1.5, HOLD, HELD), (2.0, 2.25, CONFIRM, BOOKED))
    assert (held.op, held.result, held.status, held.key) == ("hold", Result.OK, 201, "0" * 32)
    assert (held.invoke_ms, held.end_ms, held.ids) == (1000, 1500, Ids(show=SHOW_TEXT, reservation=RSV))
    assert (booked.op, booked.result) == ("confirm", Result.OK)
    assert booked.ids == Ids(reservation=RSV, booking=BKG)
    assert held.client == booked.client != "token of anna"


def test_a_refusal_is_told_and_everything_else_is_unknown() -> None:
    told = operations((1, 2, HOLD, LOST), (1, 2, HOLD, BUSY), (1, 2, HOLD, b""), (1, 2, get("/livez"), BUSY))
    assert [(it.op, it.result, it.status, it.code) for it in told] == [
        ("hold", Result.FAIL, 409, "seats_unavailable"),
        ("hold", Result.UNKNOWN, 503, "busy"),
        ("hold", Result.UNKNOWN, 0, ""),
        ("/livez", Result.UNKNOWN, 503, "busy"),
    ]


def test_the_checker_finds_a_confirmation_that_is_lost() -> None:
    for status, failed in (("booked", []), ("expired", [Check.ACKNOWLEDGED])):
        checker = ClientHistory(Findings(TOLD))
        for number, line in enumerate(history([(1, 2, CONFIRM, BOOKED)]).splitlines(), 1):
            checker.read(number, line)
        checker.judge_statuses(checker.claims, {parse_reservation(RSV): status})
        assert checker.findings.failed == failed
