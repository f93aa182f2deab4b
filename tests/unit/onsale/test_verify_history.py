"""The checker sees each kind of wrong history: the log itself is broken, everything around it fits the breakage."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from onsale.verify.findings import EXAMPLES_MAX, Check, Findings
from tests.unit.onsale import ledger as sale
from tests.unit.onsale.ledger import ANNA, BEN, CARD, CLEO, DORA, SHOW, T0, Ledger, check
from ticketing.messages import BookingConfirmed, HoldExtended, ManyHeld, Policy, SeatsHeld, ShowOpened

Breakage = Callable[[Ledger], None]


def test_a_clean_history_has_no_violation() -> None:
    assert check(Ledger()).total == 0


def test_the_history_of_one_show_is_judged_without_the_others() -> None:
    ledger = Ledger()
    outcomes = sale.log()
    outcomes[3].append(SeatsHeld(show=SHOW + 1, seq=9, at_ms=T0, offset=15, reservation=ANNA))
    ledger.relog(outcomes)
    assert Check.SHOW_SEQ in check(ledger).failed
    assert check(ledger, only_show=SHOW).failed == []


def a_batch_is_missing(ledger: Ledger) -> None:
    del ledger.batches[1]


def a_batch_begins_too_late(ledger: Ledger) -> None:
    ledger.batches[1] = replace(ledger.batches[1], first_offset=5)


def a_batch_answers_what_it_did_not_decide(ledger: Ledger) -> None:
    ledger.batches[3] = replace(ledger.batches[3], next_offset=14)
    assert ledger.cursor is not None
    ledger.cursor = replace(ledger.cursor, next_offset=14)


def the_log_generation_goes_back(ledger: Ledger) -> None:
    ledger.batches[1] = replace(ledger.batches[1], log_gen=1)


def one_byte_of_a_payload_differs(ledger: Ledger) -> None:
    payload = ledger.batches[2].payload
    ledger.batches[2] = replace(ledger.batches[2], payload=payload.replace(b"ent_cleo", b"ent_clea"))


def a_payload_is_cut(ledger: Ledger) -> None:
    ledger.batches[0] = replace(ledger.batches[0], payload=ledger.batches[0].payload[:-9])


def a_change_skips_a_number(ledger: Ledger) -> None:
    outcomes = sale.log()
    outcomes[3] = [
        msgspec.structs.replace(outcome, seq=outcome.seq + 1) if outcome.offset > 11 else outcome
        for outcome in outcomes[3]
    ]
    ledger.relog(outcomes)


def a_refusal_speaks_of_what_is_to_come(ledger: Ledger) -> None:
    outcomes = sale.log()
    outcomes[0][3] = msgspec.structs.replace(outcomes[0][3], seq=4)
    ledger.relog(outcomes)


def a_show_sells_before_it_opens(ledger: Ledger) -> None:
    outcomes = sale.log()
    outcomes[0][0] = SeatsHeld(show=SHOW, seq=1, at_ms=T0, offset=0, reservation=DORA)
    ledger.relog(outcomes)


def a_released_hold_is_extended(ledger: Ledger) -> None:
    outcomes = sale.log()
    revived = sale.then(sale.DORA_RELEASED, "held")
    outcomes[3].append(HoldExtended(show=SHOW, seq=14, at_ms=T0, offset=15, reservation=revived))
    ledger.relog(outcomes)


def a_version_is_skipped(ledger: Ledger) -> None:
    outcomes = sale.log()
    skipped = msgspec.structs.replace(sale.CLEO_EXTENDED, version=3)
    outcomes[2][1] = HoldExtended(show=SHOW, seq=7, at_ms=T0, offset=8, reservation=skipped)
    ledger.relog(outcomes)


def a_seat_is_sold_twice(ledger: Ledger) -> None:
    outcomes = sale.log()
    greedy = msgspec.structs.replace(CLEO, seats=(1, 3))
    outcomes[2][0] = SeatsHeld(show=SHOW, seq=6, at_ms=T0, offset=7, reservation=greedy)
    ledger.relog(outcomes)


def a_seat_is_sold_twice_by_one_of_many_holds(ledger: Ledger) -> None:
    outcomes = sale.log()
    outcomes[2][0] = ManyHeld(
        show=SHOW, seq=6, at_ms=T0, offset=7, reservations=(CLEO, sale.reservation("finn", seats=(0,)))
    )
    ledger.relog(outcomes)


def an_area_is_overfull(ledger: Ledger) -> None:
    outcomes = sale.log()
    crowd = msgspec.structs.replace(BEN, areas=((0, 5),))
    outcomes[0][2] = SeatsHeld(show=SHOW, seq=3, at_ms=T0, offset=2, reservation=crowd)
    ledger.relog(outcomes)


def a_booking_is_unpaid_where_payment_is_required(ledger: Ledger) -> None:
    outcomes = sale.log()
    opened = outcomes[0][0]
    assert isinstance(opened, ShowOpened)
    outcomes[0][0] = msgspec.structs.replace(opened, policy=Policy(hold_s=60, payment_required=True))
    ledger.relog(outcomes)


def a_booking_is_paid_twice(ledger: Ledger) -> None:
    outcomes = sale.log()
    again = sale.then(sale.ANNA_BOOKED, "booked", booked_at_ms=T0 + 5_000)
    second = msgspec.structs.replace(CARD, reference="p-2")
    outcomes[3].append(BookingConfirmed(show=SHOW, seq=14, at_ms=T0, offset=15, reservation=again, payment=second))
    ledger.relog(outcomes)


def a_payment_pays_for_two(ledger: Ledger) -> None:
    outcomes = sale.log()
    outcomes[3][1] = BookingConfirmed(
        show=SHOW, seq=11, at_ms=T0, offset=12, reservation=sale.EMIL_BOOKED, payment=CARD
    )
    ledger.relog(outcomes)


@pytest.mark.parametrize(
    ("breakage", "expected"),
    [
        (a_batch_is_missing, Check.BATCH_SEQ),
        (a_batch_begins_too_late, Check.OFFSETS),
        (a_batch_answers_what_it_did_not_decide, Check.OFFSETS),
        (the_log_generation_goes_back, Check.OFFSETS),
        (one_byte_of_a_payload_differs, Check.CHAIN),
        (a_payload_is_cut, Check.PAYLOAD),
        (a_change_skips_a_number, Check.SHOW_SEQ),
        (a_refusal_speaks_of_what_is_to_come, Check.SHOW_SEQ),
        (a_show_sells_before_it_opens, Check.SHOW_SEQ),
        (a_released_hold_is_extended, Check.RESERVATION_PATH),
        (a_version_is_skipped, Check.RESERVATION_PATH),
        (a_seat_is_sold_twice, Check.SEAT_OWNER),
        (a_seat_is_sold_twice_by_one_of_many_holds, Check.SEAT_OWNER),
        (an_area_is_overfull, Check.AREA_CAPACITY),
        (a_booking_is_unpaid_where_payment_is_required, Check.PAYMENT),
        (a_booking_is_paid_twice, Check.PAYMENT),
        (a_payment_pays_for_two, Check.PAYMENT),
    ],
)
def test_a_broken_history_is_seen_by_its_check(breakage: Breakage, expected: Check) -> None:
    ledger = Ledger()
    breakage(ledger)
    assert expected in check(ledger).failed


def test_a_new_log_generation_may_begin_anywhere() -> None:
    ledger = Ledger()
    last = ledger.batches[3]
    ledger.batches[3] = replace(last, log_gen=1, first_offset=11, next_offset=900)
    assert ledger.cursor is not None
    ledger.cursor = replace(ledger.cursor, log_gen=1, next_offset=900)
    assert check(ledger).total == 0


def test_what_is_found_is_counted_whole_and_told_in_part() -> None:
    findings = Findings()
    for number in range(EXAMPLES_MAX + 5):
        findings.add(Check.SEAT_OWNER, f"seat {number}", "has two owners")
    assert findings.total == EXAMPLES_MAX + 5
    assert len(findings.examples[Check.SEAT_OWNER]) == EXAMPLES_MAX
