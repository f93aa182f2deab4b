"""What follows from payments: what is taken from the log, who is asked when, and money given back once."""

from collections.abc import Sequence
from typing import Any

import pytest

from notifier.money.cashier import ASKS_MAX, REFUND_AGAIN_S, Cashier
from notifier.money.ports import DueRefund, OpenAttempt
from notifier.money.taking import KINDS, Taken, take
from payments.provider import Charge, Found, ProviderRefused, State
from payments.words import attempt_text
from tests.unit.payments.till import Till, away
from ticketing import messages
from ticketing.clock import ManualClock
from ticketing.messages import AnyOutcome, Reservation, decode_command, encode_outcomes
from ticketing.pseudonyms import Pseudonyms
from ticketing.vocabulary import event_text

pytestmark = pytest.mark.anyio

T0 = 1_800_000_000_000
SHOW, PART, HOLD = 77, 3, b"h" * 16
ATTEMPT = attempt_text(SHOW, HOLD, 2)
PAID = Found(State.PAID, (Charge("c1", 500, "EUR"),))


def hold(status: str, version: int) -> Reservation:
    return Reservation(
        id=HOLD, status=status, version=version, account="ent_anna", amount=500, expires_at_ms=T0 + 180_000
    )


def begun(version: int = 2, **more: Any) -> AnyOutcome:
    reservation = hold("paying", version)
    return messages.PaymentBegun(
        show=SHOW, seq=1, at_ms=T0, offset=9, reservation=reservation, provider="sandbox", **more
    )


def failed(version: int) -> AnyOutcome:
    return messages.PaymentFailed(show=SHOW, seq=1, at_ms=T0, offset=9, reservation=hold("held", version))


def confirmed(version: int) -> AnyOutcome:
    return messages.BookingConfirmed(show=SHOW, seq=1, at_ms=T0, offset=9, reservation=hold("booked", version))


def booked_before() -> list[AnyOutcome]:
    """What happens to a booking afterwards."""
    changed = messages.BookingChanged(show=SHOW, seq=1, at_ms=T0, offset=9, reservation=hold("booked", 4))
    return [changed, messages.BookingCancelled(show=SHOW, seq=1, at_ms=T0, offset=9, reservation=hold("cancelled", 4))]


def due(**more: Any) -> AnyOutcome:
    return messages.RefundDue(
        show=SHOW, seq=1, at_ms=T0, offset=9, index=1, reservation_id=HOLD, provider="sandbox", reference="c1",
        amount=500, reason="already_booked", owner="ent_anna", **more,
    )  # fmt: skip


def taken(*outcomes: AnyOutcome) -> Taken:
    into = Taken()
    take(outcomes, PART, 2, into)
    return into


# --- what the log says


def test_a_payment_that_begins_is_to_be_asked_about() -> None:
    (one,) = taken(begun()).begun
    assert (one.attempt, one.part, one.show, one.provider) == (ATTEMPT, PART, SHOW, "sandbox")
    assert one.lapses_at_ms == T0 + 180_000


def test_its_end_ends_that_attempt_and_not_the_next_one() -> None:
    story = taken(begun(2), failed(3), begun(4))
    assert ([one.attempt for one in story.begun], story.ended) == ([ATTEMPT, attempt_text(SHOW, HOLD, 4)], [ATTEMPT])
    assert taken(confirmed(3)).ended == [ATTEMPT]


def test_a_refund_is_named_by_the_event_that_says_so() -> None:
    (one,) = taken(due()).refunds
    assert one.refund == event_text(PART, 2, 9, 1)
    assert (one.provider, one.reference, one.amount, one.reason) == ("sandbox", "c1", 500, "already_booked")
    assert one.owner == "ent_anna"


def test_what_is_told_again_happened_before() -> None:
    story = taken(begun(repeat=True), due(repeat=True))
    assert (story.begun, story.refunds) == ([], [])


def test_each_kind_that_is_taken_is_named_in_the_packed_batch() -> None:
    for outcome, kind in zip((begun(), failed(3), due(), confirmed(3), *booked_before()), KINDS, strict=True):
        assert kind in encode_outcomes([outcome])


# --- who is asked, and what comes of it


class Book:
    """As `MoneyStore`: what is due is given once, and what was settled is kept."""

    def __init__(self, *, attempts: Sequence[OpenAttempt] = (), refunds: Sequence[DueRefund] = ()) -> None:
        self.attempts, self.refunds = list(attempts), list(refunds)
        self.asked: list[tuple[str, int, str]] = []
        self.given: list[tuple[str, int, str, str]] = []
        self.claims = 0

    async def capture(self, now_ms: int) -> int:
        return 7

    async def claim_attempts(self, providers: Sequence[str], now_ms: int, limit: int) -> list[OpenAttempt]:
        self.claims += 1
        mine, self.attempts = self.attempts, []
        return mine

    async def settle_attempt(self, one: OpenAttempt, state: str, due_at_ms: int, error: str) -> None:
        self.asked.append((state, due_at_ms, error))

    async def claim_refunds(self, providers: Sequence[str], now_ms: int, limit: int) -> list[DueRefund]:
        self.claims += 1
        mine, self.refunds = self.refunds, []
        return mine

    async def settle_refund(
        self, one: DueRefund, state: str, due_at_ms: int, now_ms: int, *, named: str = "", error: str = ""
    ) -> None:
        self.given.append((state, due_at_ms, named, error))


class Log:
    def __init__(self, *, away: bool = False) -> None:
        self.sent: list[tuple[int, messages.AnyCommand]] = []
        self.away = away

    async def send_all(self, records: Sequence[tuple[int, bytes]]) -> list[bool]:
        self.sent += [(part, decode_command(value)) for part, value in records]
        return [not self.away for _ in records]


def attempt(asks: int = 1) -> OpenAttempt:
    return OpenAttempt(ATTEMPT, PART, "sandbox", "EUR", T0 + 180_000, asks, T0 + 60_000)


def cashier(book: Book, till: Till | None, log: Log | None = None, *, at: int = T0) -> Cashier:
    providers = {} if till is None else {till.name: till}
    names = Pseudonyms(["a secret of the tests"])
    return Cashier(store=book, providers=providers, commands=log or Log(), pseudonyms=names, clock=ManualClock(at))


async def asked(found: Found | None, *, asks: int = 1, at: int = T0, log: Log | None = None) -> tuple[str, int, str]:
    """How an attempt was settled; None: the provider does not answer."""
    book, till = Book(attempts=[attempt(asks)]), Till()
    if found is None:
        till.broken = [away()]
    else:
        till.found[ATTEMPT] = found
    assert await cashier(book, till, log, at=at).ask() == 1
    (settled,) = book.asked
    return settled


async def test_what_was_paid_goes_on_the_log_as_if_its_notice_had_come() -> None:
    log = Log()
    assert await asked(PAID, log=log) == ("ended", 0, "")
    ((part, command),) = log.sent
    assert isinstance(command, messages.ConfirmBooking) and part == PART
    assert (command.account, command.payment) == ("pay_sandbox", messages.Payment("sandbox", "c1", 500))


async def test_what_was_declined_is_said() -> None:
    log = Log()
    assert (await asked(Found(State.DECLINED), log=log))[0] == "ended"
    ((_, command),) = log.sent
    assert isinstance(command, messages.FailPayment) and command.version == 2


async def test_what_is_not_on_the_log_is_not_over() -> None:
    assert (await asked(PAID, log=Log(away=True)))[0] == "open"


async def test_while_nothing_is_known_it_is_asked_again_ever_less_often() -> None:
    assert await asked(Found(State.OPEN)) == ("open", T0 + 15_000, "")
    assert await asked(Found(State.OPEN), asks=3) == ("open", T0 + 60_000, "")
    assert await asked(Found(State.OPEN), asks=50) == ("open", T0 + 3_600_000, "")
    assert await asked(None) == ("open", T0 + 15_000, "no answer")
    assert (await asked(None, asks=ASKS_MAX))[0] == "given_up"


async def test_what_lapsed_or_never_was_is_over() -> None:
    assert (await asked(Found(State.LAPSED)))[0] == "ended"
    assert (await asked(Found(State.UNKNOWN)))[0] == "open", "its beginning may be on its way"
    assert (await asked(Found(State.UNKNOWN), at=T0 + 180_001))[0] == "ended"


async def test_other_money_than_agreed_is_for_somebody_to_look_at() -> None:
    log = Log()
    assert (await asked(Found(State.PAID, (Charge("c1", 500, "USD"),)), log=log))[0] == "given_up"
    assert log.sent == []


def refund(tries: int = 1) -> DueRefund:
    return DueRefund("evt_1", "sandbox", "c1", 500, "already_booked", tries, T0 + 60_000)


async def given_back(till: Till, *, tries: int = 1) -> tuple[str, int, str, str]:
    book = Book(refunds=[refund(tries)])
    assert await cashier(book, till).give_back() == 1
    (settled,) = book.given
    return settled


async def test_money_is_given_back_under_the_refunds_own_name() -> None:
    till = Till()
    assert await given_back(till) == ("done", 0, "back_evt_1", "")
    (made,) = till.refunds.values()
    assert (made.name, made.reference, made.amount) == ("evt_1", "c1", 500)


async def test_a_refund_whose_answer_was_lost_is_asked_for_again_and_made_once() -> None:
    till = Till(broken=[away()])
    assert await given_back(till) == ("due", T0 + 10_000, "", "no answer")
    assert (await given_back(till, tries=2))[0] == "done"
    assert list(till.refunds) == ["evt_1"]


async def test_after_three_days_and_after_a_no_an_operator_decides() -> None:
    till = Till(broken=[away()])
    assert (await given_back(till, tries=len(REFUND_AGAIN_S) + 1))[0] == "failed"
    assert sum(REFUND_AGAIN_S) > 3 * 24 * 3600
    till.broken = [ProviderRefused("more than was paid")]
    assert await given_back(till) == ("failed", 0, "", "more than was paid")


async def test_where_there_is_no_provider_nothing_is_claimed() -> None:
    book = Book(attempts=[attempt()], refunds=[refund()])
    alone = cashier(book, None)
    assert (await alone.take(), await alone.ask(), await alone.give_back(), book.claims) == (7, 0, 0, 0)
