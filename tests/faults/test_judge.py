"""The judge is judged: a clean history passes, and each way of being wrong is seen."""

from dataclasses import replace
from pathlib import Path

import msgspec

from tests.faults.history import HistoryFile, Line, Resumed
from tests.faults.judge import Tables, Verdict, judge
from ticketing import messages
from ticketing.messages import AnyOutcome, Reservation
from ticketing.vocabulary import command_key, request_text, reservation_text, show_text

SHOW = 0x51
SHOW_ID = show_text(SHOW)
ACCOUNT = "ent_anna"
HOLD_ID = command_key(account=ACCOUNT, method="POST", path_template="/api/reservations", show=SHOW, key="k1")
RESERVATION = reservation_text(SHOW, HOLD_ID)
HOLD_AT, CONFIRM_AT = request_text(3, 0, 10), request_text(3, 0, 12)


def line(op: int, attempt: int, kind: str, event: str, at_s: float = 1.0, **more: object) -> Line:
    content = {"key": f"k{op}", "show": SHOW_ID, "account": ACCOUNT, **more}
    said = {"at_s": at_s, "op": op, "attempt": attempt, "kind": kind, "event": event, **content}
    return msgspec.convert(said, Line)


def granted(kind: type[messages.SeatsHeld | messages.BookingConfirmed], offset: int, status: str) -> AnyOutcome:
    reservation = Reservation(
        id=HOLD_ID, status=status, version=1, account=ACCOUNT, person="", seats=(), areas=(), prices=(), amount=0,
        held_at_ms=0, expires_at_ms=0, hold_s=0, booked_at_ms=0, external_id="",
    )  # fmt: skip
    return kind(show=SHOW, seq=1, at_ms=0, offset=offset, key=b"", account=ACCOUNT, reservation=reservation)


HISTORY = [
    line(1, 1, "hold", "invoke"),
    line(1, 1, "hold", "unknown", status=202, request=request_text(3, 0, 9)),
    line(1, 2, "hold", "invoke"),
    line(1, 2, "hold", "ok", status=201, request=HOLD_AT, reservation=RESERVATION),
    line(2, 1, "confirm", "invoke"),
    line(2, 1, "confirm", "unknown", code="unreachable"),
    line(2, 2, "confirm", "invoke"),
    line(2, 2, "confirm", "ok", status=201, request=CONFIRM_AT, reservation=RESERVATION),
]
TABLES = Tables(
    reservations={(SHOW, HOLD_ID): "booked"},
    outcomes={
        (3, 0, 9): [granted(messages.SeatsHeld, 9, "held")],
        (3, 0, 10): [granted(messages.SeatsHeld, 10, "held")],
        (3, 0, 12): [granted(messages.BookingConfirmed, 12, "booked")],
    },
)


def judged(history: list[Line] = HISTORY, tables: Tables = TABLES) -> Verdict:
    return judge(history, tables)


def test_a_clean_history_is_clean() -> None:
    verdict = judged()
    assert (verdict.acknowledged, verdict.lost, verdict.doubled, verdict.gone) == (1, 0, 0, set())
    assert dict(verdict.wrong) == {}


def test_an_acknowledged_confirm_that_is_not_booked_is_lost() -> None:
    for rows in ({}, {(SHOW, HOLD_ID): "expired"}):
        verdict = judged(tables=replace(TABLES, reservations=rows))
        assert verdict.lost == 1
        assert "acknowledged and not booked" in verdict.wrong


def test_a_reservation_that_nobody_asked_for_is_one_too_many() -> None:
    rows = {**TABLES.reservations, (SHOW, bytes(16)): "held"}
    assert judged(tables=replace(TABLES, reservations=rows)).doubled == 1
    theirs = replace(TABLES, reservations=rows)
    assert judge(HISTORY, theirs, also_granted=[reservation_text(SHOW, bytes(16))]).doubled == 0
    elsewhere = {**TABLES.reservations, (SHOW + 1, bytes(16)): "held"}
    assert judged(tables=replace(TABLES, reservations=elsewhere)).doubled == 0


def test_one_key_has_one_answer() -> None:
    other = reservation_text(SHOW, bytes(16))
    again = [line(1, 3, "hold", "invoke"), line(1, 3, "hold", "ok", status=201, reservation=other)]
    assert judged([*HISTORY, *again]).doubled == 1
    refused = [line(1, 3, "hold", "invoke"), line(1, 3, "hold", "fail", status=409, code="sold_out")]
    assert judged([*HISTORY, *refused]).doubled == 1


def test_one_request_has_one_outcome_and_it_is_the_one_that_was_told() -> None:
    held = granted(messages.SeatsHeld, 10, "held")
    twice = {**TABLES.outcomes, (3, 0, 10): [held, held]}
    assert judged(tables=replace(TABLES, outcomes=twice)).doubled == 1
    none = {place: outcomes for place, outcomes in TABLES.outcomes.items() if place[2] != 9}
    verdict = judged(tables=replace(TABLES, outcomes=none))
    assert verdict.gone == {request_text(3, 0, 9)}, "the same key got its verdict elsewhere"
    assert "no outcome" in verdict.wrong
    never = judged(HISTORY[:2], tables=replace(TABLES, outcomes=none))
    assert (never.gone, len(never.undecided)) == (set(), 1)
    assert "no outcome, whatever was tried" in never.wrong
    refusal = messages.HoldRefused(
        show=SHOW, seq=1, at_ms=0, offset=10, key=b"", account=ACCOUNT, code="sold_out", detail="", fingerprint=b""
    )
    other = {**TABLES.outcomes, (3, 0, 10): [refusal]}
    assert "another answer than the outcome" in judged(tables=replace(TABLES, outcomes=other)).wrong


def test_an_error_that_is_no_503_is_one() -> None:
    paused = line(3, 1, "hold", "unknown", status=503, code="sales_paused")
    broken = line(3, 1, "hold", "unknown", status=500, code="internal_error")
    assert judged([*HISTORY, paused]).errors == 0
    verdict = judged([*HISTORY, broken])
    assert verdict.errors == 1
    assert verdict.undecided == [f"hold k3 in {SHOW_ID}, 0.0 s: 500"]


def test_resumed_is_when_every_show_decides_requests_made_since() -> None:
    other = show_text(SHOW + 1)
    resumed = Resumed(10.0, frozenset({SHOW_ID, other}))
    resumed.see([line(1, 1, "hold", "invoke", 9.9), line(1, 1, "hold", "ok", 10.1)])
    resumed.see([line(2, 1, "hold", "invoke", 10.2), line(2, 1, "hold", "unknown", 10.5, status=503)])
    assert resumed.by_show == {}
    resumed.see([line(2, 2, "hold", "invoke", 11.0), line(2, 2, "hold", "ok", 11.5)])
    assert resumed.after_s is None
    resumed.see([line(3, 1, "hold", "invoke", 10.6, show=other)])
    resumed.see([line(3, 1, "hold", "fail", 12.0, show=other, code="sold_out", request=HOLD_AT)])
    assert resumed.after_s == 2.0


def test_half_a_line_waits_for_its_other_half(tmp_path: Path) -> None:
    path = tmp_path / "history"
    history = HistoryFile(path)
    assert history.read_on() == []
    raw = msgspec.json.encode(HISTORY[0]) + b"\n" + msgspec.json.encode(HISTORY[1]) + b"\n"
    path.write_bytes(raw[:-7])
    assert history.read_on() == HISTORY[:1]
    path.write_bytes(raw)
    assert history.read_on() == HISTORY[1:2]
    assert history.lines == HISTORY[:2]
