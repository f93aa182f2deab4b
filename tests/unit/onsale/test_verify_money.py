"""The checker follows the money: what paid for what, and that nobody is given back more or less than is theirs."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from onsale.verify.findings import Check
from onsale.verify.tables import PaymentRow
from tests.unit.onsale import ledger as sale
from tests.unit.onsale.ledger import ANNA, CARD, EMIL, SHOW, T0, Ledger, Log, check
from ticketing.messages import BookingCancelled, BookingConfirmed, HoldExpired, RefundDue
from ticketing.vocabulary import reservation_text

LATE = msgspec.structs.replace(CARD, reference="p-late", amount=500)


def due(seq: int, reference: str, amount: int, reservation: bytes, offset: int = 14) -> RefundDue:
    return RefundDue(
        show=SHOW, seq=seq, at_ms=T0, offset=offset, index=1, reservation_id=reservation, provider=CARD.provider,
        reference=reference, amount=amount,
    )  # fmt: skip


def paid_and_cancelled() -> Log:
    """Emil's booking was paid for, and cancelled; and a payment for it came once more."""
    outcomes = sale.log()
    paid = msgspec.structs.replace(CARD, reference="p-2", amount=500)
    outcomes[3] = [
        outcomes[3][0],
        BookingConfirmed(show=SHOW, seq=11, at_ms=T0, offset=12, reservation=sale.EMIL_BOOKED, payment=paid),
        BookingCancelled(show=SHOW, seq=12, at_ms=T0, offset=13, reservation=sale.EMIL_CANCELLED),
        due(13, "p-2", 500, EMIL.id, 13),
        due(14, "p-late", 500, EMIL.id),
        msgspec.structs.replace(outcomes[3][3], seq=15),
    ]
    return outcomes


def a_ledger(outcomes: Log) -> Ledger:
    ledger = Ledger()
    ledger.relog(outcomes)
    ledger.batches[3] = replace(ledger.batches[3], next_offset=16)
    assert ledger.cursor is not None
    ledger.cursor = replace(ledger.cursor, next_offset=16)
    ledger.batches[3:] = [replace(ledger.batches[3], next_offset=ledger.batches[3].next_offset)]
    ledger.shows = [replace(ledger.shows[0], seq=15)]
    ledger.payments += [
        PaymentRow(SHOW, CARD.provider, "p-2", EMIL.id, 500, True, 500),
        PaymentRow(SHOW, CARD.provider, "p-late", EMIL.id, 500, False, 500),
    ]
    return ledger


def test_money_that_goes_back_once_and_whole_is_as_it_should_be() -> None:
    findings = check(a_ledger(paid_and_cancelled()))
    assert findings.total == 0, findings.examples


def nothing_goes_back(outcomes: Log) -> None:
    outcomes[3][3] = due(13, "p-3", 500, EMIL.id, 13)


def half_goes_back(outcomes: Log) -> None:
    outcomes[3][3] = due(13, "p-2", 250, EMIL.id, 13)


def more_goes_back_than_came(outcomes: Log) -> None:
    outcomes[3][3] = due(13, "p-2", 501, EMIL.id, 13)


def it_goes_back_twice(outcomes: Log) -> None:
    outcomes[3][4] = due(14, "p-2", 500, EMIL.id)


def it_goes_back_for_another(outcomes: Log) -> None:
    outcomes[3][4] = due(14, "p-1", 1, EMIL.id)


@pytest.mark.parametrize(
    "spoil",
    [nothing_goes_back, half_goes_back, more_goes_back_than_came, it_goes_back_twice, it_goes_back_for_another],
)
def test_money_that_goes_back_wrongly_is_seen(spoil: Callable[[Log], None]) -> None:
    outcomes = paid_and_cancelled()
    spoil(outcomes)
    assert Check.REFUND in check(a_ledger(outcomes)).failed


def test_a_booking_that_was_paid_with_another_amount_is_seen() -> None:
    outcomes = sale.log()
    outcomes[1][0] = BookingConfirmed(
        show=SHOW, seq=4, at_ms=T0, offset=4, reservation=sale.ANNA_BOOKED,
        payment=msgspec.structs.replace(CARD, amount=999),
    )  # fmt: skip
    ledger = Ledger()
    ledger.relog(outcomes)
    assert Check.PAYMENT in check(ledger).failed


def test_a_payment_that_came_back_from_vain_is_seen() -> None:
    outcomes = sale.log()
    outcomes[1].insert(0, due(4, CARD.reference, CARD.amount, ANNA.id, 4))
    outcomes[1] = [
        it if isinstance(it, RefundDue) else msgspec.structs.replace(it, seq=it.seq + 1) for it in outcomes[1]
    ]
    outcomes[2:] = [[msgspec.structs.replace(it, seq=it.seq + 1) for it in batch] for batch in outcomes[2:]]
    assert isinstance(outcomes[1][2], HoldExpired)
    ledger = Ledger()
    ledger.relog(outcomes)
    assert Check.PAYMENT in check(ledger).failed


@pytest.mark.parametrize("changes", [{"refund_due": 0}, {"accepted": False}])
def test_a_row_that_tells_another_story_of_the_money_is_seen(changes: dict[str, int]) -> None:
    ledger = a_ledger(paid_and_cancelled())
    ledger.payments[1] = replace(ledger.payments[1], **changes)  # type: ignore[arg-type]  # by name
    findings = check(ledger)
    assert findings.failed == [Check.PAYMENT_TABLE]
    assert reservation_text(SHOW, EMIL.id) in str(findings.examples)
