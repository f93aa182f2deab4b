"""The checker sees each kind of wrong table: the log is clean, one row of a table does not fit it."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from onsale.verify.findings import Check
from tests.unit.onsale import ledger as sale
from tests.unit.onsale.ledger import SHOW, Ledger, check

Breakage = Callable[[Ledger], None]


def the_cursor_is_ahead(ledger: Ledger) -> None:
    assert ledger.cursor is not None
    ledger.cursor = replace(ledger.cursor, batch_seq=5)


def the_cursor_is_at_another_offset(ledger: Ledger) -> None:
    assert ledger.cursor is not None
    ledger.cursor = replace(ledger.cursor, next_offset=16)


def more_is_published_than_committed(ledger: Ledger) -> None:
    assert ledger.cursor is not None
    ledger.cursor = replace(ledger.cursor, published_seq=9)


def the_cursor_is_gone(ledger: Ledger) -> None:
    ledger.cursor = None


def the_cursor_has_another_chain(ledger: Ledger) -> None:
    assert ledger.cursor is not None
    ledger.cursor = replace(ledger.cursor, chain=bytes(32))


def the_last_batch_is_cut_off(ledger: Ledger) -> None:
    ledger.batches.pop()


def a_show_is_open_again(ledger: Ledger) -> None:
    ledger.shows = [replace(ledger.shows[0], status="open")]


def a_show_has_other_rules(ledger: Ledger) -> None:
    ledger.shows = [replace(ledger.shows[0], policy='{"hold_s": 61, "payment_required": false}')]


def a_show_is_gone(ledger: Ledger) -> None:
    ledger.shows = []


def a_show_is_of_no_log(ledger: Ledger) -> None:
    ledger.shows.append(replace(ledger.shows[0], show=SHOW + 1))


def a_reservation_is_booked_by_hand(ledger: Ledger) -> None:
    ledger.reservations[2] = msgspec.structs.replace(sale.CLEO_EXTENDED, status="booked")


def an_ended_reservation_has_another_status(ledger: Ledger) -> None:
    ledger.reservations[1] = msgspec.structs.replace(sale.BEN_EXPIRED, status="released")


def an_ended_reservation_has_another_amount(ledger: Ledger) -> None:
    ledger.reservations[1] = msgspec.structs.replace(sale.BEN_EXPIRED, amount=1)


def a_reservation_is_gone(ledger: Ledger) -> None:
    ledger.reservations.pop(0)


def a_reservation_is_of_no_log(ledger: Ledger) -> None:
    ledger.reservations.append(sale.reservation("nobody", "expired", 2))


def a_seat_has_another_owner(ledger: Ledger) -> None:
    ledger.seats[0] = sale.CLEO.id


def a_seat_is_free_by_hand(ledger: Ledger) -> None:
    del ledger.seats[3]


def a_seat_is_taken_by_nobody_known(ledger: Ledger) -> None:
    ledger.seats[9] = sale.BEN.id


def an_area_counts_one_more(ledger: Ledger) -> None:
    ledger.areas = [replace(ledger.areas[0], taken=3)]


def an_area_is_gone(ledger: Ledger) -> None:
    ledger.areas = []


def a_payment_has_another_amount(ledger: Ledger) -> None:
    ledger.payments = [replace(ledger.payments[0], amount=1)]


def a_payment_is_gone(ledger: Ledger) -> None:
    ledger.payments = []


def a_payment_is_of_no_log(ledger: Ledger) -> None:
    ledger.payments.append(replace(ledger.payments[0], reference="p-9"))


def an_area_holds_more_than_planned(ledger: Ledger) -> None:
    ledger.areas = [replace(ledger.areas[0], capacity=5)]


def a_seat_is_not_in_the_layout(ledger: Ledger) -> None:
    ledger.seats[10] = sale.ANNA.id


def the_layout_is_another_one(ledger: Ledger) -> None:
    ledger.document = sale.DOCUMENT.replace(b"floor", b"fleur")


def the_layout_is_gone(ledger: Ledger) -> None:
    ledger.document = None


@pytest.mark.parametrize(
    ("breakage", "expected"),
    [
        (the_cursor_is_ahead, Check.CURSOR_TABLE),
        (the_cursor_is_at_another_offset, Check.CURSOR_TABLE),
        (more_is_published_than_committed, Check.CURSOR_TABLE),
        (the_cursor_is_gone, Check.CURSOR_TABLE),
        (the_cursor_has_another_chain, Check.CHAIN),
        (the_last_batch_is_cut_off, Check.CHAIN),
        (a_show_is_open_again, Check.SHOW_TABLE),
        (a_show_has_other_rules, Check.SHOW_TABLE),
        (a_show_is_gone, Check.SHOW_TABLE),
        (a_show_is_of_no_log, Check.SHOW_TABLE),
        (a_reservation_is_booked_by_hand, Check.RESERVATION_TABLE),
        (an_ended_reservation_has_another_status, Check.RESERVATION_TABLE),
        (an_ended_reservation_has_another_amount, Check.RESERVATION_TABLE),
        (a_reservation_is_gone, Check.RESERVATION_TABLE),
        (a_reservation_is_of_no_log, Check.RESERVATION_TABLE),
        (a_seat_has_another_owner, Check.SEAT_TABLE),
        (a_seat_is_free_by_hand, Check.SEAT_TABLE),
        (a_seat_is_taken_by_nobody_known, Check.SEAT_TABLE),
        (an_area_counts_one_more, Check.AREA_TABLE),
        (an_area_is_gone, Check.AREA_TABLE),
        (a_payment_has_another_amount, Check.PAYMENT_TABLE),
        (a_payment_is_gone, Check.PAYMENT_TABLE),
        (a_payment_is_of_no_log, Check.PAYMENT_TABLE),
        (an_area_holds_more_than_planned, Check.LAYOUT),
        (a_seat_is_not_in_the_layout, Check.LAYOUT),
        (the_layout_is_another_one, Check.LAYOUT),
        (the_layout_is_gone, Check.LAYOUT),
    ],
)
def test_a_row_that_does_not_fit_the_log_is_seen_by_its_check(breakage: Breakage, expected: Check) -> None:
    ledger = Ledger()
    breakage(ledger)
    assert expected in check(ledger).failed
