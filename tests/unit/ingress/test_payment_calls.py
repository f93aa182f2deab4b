"""Paying as callers see it: where to pay, what the provider's notices come to, and what is refused."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import stamina

from payments.provider import Charge, Found, ProviderRefused, State
from payments.words import attempt_text
from tests.unit.ingress.stage import PARTNER_KEY, READER_KEY, SANDBOX_KEY, Reply, Stage
from tests.unit.ingress.tales import PART, SECOND, SHOW, T0, held, reservation
from tests.unit.payments.till import Till, away, notice_of
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome
from ticketing.vocabulary import reservation_text

pytestmark = pytest.mark.anyio

HOLD = b"h" * 16
TEXT = reservation_text(SHOW, HOLD)
PATH = f"/api/reservations/{TEXT}/checkout"
NOTICES = "/api/payments/webhook/sandbox"
ATTEMPT = attempt_text(SHOW, HOLD, 2)
CONTACT = {"name": "Ada Lovelace", "email": "ada@example.org"}


@pytest.fixture(autouse=True)
def _without_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


class Desk:
    """As an allocator would, of one reservation; `refuses`: with this code. What is asked again is told again."""

    def __init__(self, refuses: str = "") -> None:
        self.hold = reservation(HOLD, seats=(0, 1))
        self.refuses = refuses
        self.answers: dict[bytes, AnyOutcome] = {}

    def __call__(self, command: AnyCommand, offset: int) -> list[AnyOutcome]:
        before = self.answers.get(command.key)
        if before is not None:
            again: dict[str, Any] = {"repeat": True, "offset": offset}
            if isinstance(before, messages.PaymentBegun):
                again["reservation"] = self.hold
            return [msgspec.structs.replace(before, **again)]
        self.answers[command.key] = outcome = self._decide(command, offset)
        return [outcome]

    def _decide(self, command: AnyCommand, offset: int) -> AnyOutcome:
        head: dict[str, Any] = {"show": SHOW, "at_ms": T0, "offset": offset, "key": command.key, "seq": offset + 1}
        head["account"] = command.account
        if self.refuses:
            return messages.CommandRejected(**head, code=self.refuses)
        match command:
            case messages.BeginPayment():
                if self.hold.status == "paying":
                    return messages.PaymentBegun(**head, reservation=self.hold, repeat=True)
                self.move("paying")
                return messages.PaymentBegun(**head, reservation=self.hold, provider=command.provider)
            case messages.FailPayment():
                self.move("held")
                return messages.PaymentFailed(**head, reservation=self.hold, reason=command.reason)
            case messages.ConfirmBooking() if self.hold.status == "paying" and command.payment is not None:
                self.move("booked")
                return messages.BookingConfirmed(**head, reservation=self.hold, payment=command.payment)
            case messages.ConfirmBooking() if command.payment is not None:
                return messages.RefundDue(
                    **head, reservation_id=HOLD, amount=command.payment.amount, provider="sandbox"
                )
            case _:
                raise AssertionError(command)

    def move(self, status: str) -> None:
        self.hold = msgspec.structs.replace(self.hold, status=status, version=self.hold.version + 1)


def a_stage(desk: Desk | None = None, till: Till | None = None) -> Stage:
    stage = Stage(decide=desk or Desk(), provider=till or Till())
    stage.views.apply(PART, [held(reservation(HOLD, seats=(0, 1)))])
    return stage


async def checkout(stage: Stage, body: object = None, *, key: str = "k", token: str | None = None) -> Reply:
    return await stage.call("POST", PATH, {} if body is None else body, token=token or stage.fan(), key=key)


async def notice(stage: Stage, found: Found, *, attempt: str = ATTEMPT) -> Reply:
    body, headers = notice_of(attempt, found, stage.clock.now_ms())
    return await stage.call("POST", NOTICES, body, headers=headers)


def paid(amount: int = 10_000, reference: str = "c1", currency: str = "EUR") -> Found:
    return Found(State.PAID, (Charge(reference, amount, currency),))


async def test_the_payment_begins_and_the_payer_is_told_where_to_pay() -> None:
    till = Till()
    stage = a_stage(till=till)
    reply = await checkout(stage, {"contact": CONTACT, "return_to": f"/bookings/{TEXT}"})
    assert (reply.status, reply.body["pay_at"], reply.body["status"]) == (201, f"/pay/{ATTEMPT}", "paying")
    assert (reply.body["total_amount"], reply.body["currency"], reply.body["provider"]) == (10_000, "EUR", "sandbox")
    (command,) = stage.commands
    assert isinstance(command, messages.BeginPayment)
    assert (command.reservation, command.provider, command.account) == (HOLD, "sandbox", "ent_anna")
    (order,) = till.orders.values()
    assert (order.attempt, order.amount, order.currency) == (ATTEMPT, 10_000, "EUR")
    assert order.return_to == f"{stage.settings.public_url}/bookings/{TEXT}"
    assert (order.description, order.lapses_at_ms) == ("2 × A Night", T0 + 300 * SECOND)
    contact = await stage.ledger.contact(PART, SHOW, HOLD)
    assert contact is not None and contact.email == "ada@example.org"


async def test_asked_again_it_is_the_same_payment() -> None:
    till = Till()
    stage = a_stage(till=till)
    first, again, other_key = await checkout(stage), await checkout(stage), await checkout(stage, key="other")
    assert (again.status, again.headers["idempotent-replayed"]) == (201, "true")
    assert first.body["pay_at"] == again.body["pay_at"] and list(till.orders) == [ATTEMPT]
    assert other_key.status == 201


async def test_a_provider_that_does_not_answer_loses_nothing() -> None:
    till = Till(broken=[away()])
    stage = a_stage(till=till)
    reply = await checkout(stage)
    assert (reply.status, reply.body["code"], reply.body["retryable"]) == (503, "payment_unavailable", True)
    assert reply.headers["retry-after"] == "2" and reply.body["request"]
    assert (await checkout(stage)).body["pay_at"] == f"/pay/{ATTEMPT}"


async def test_a_provider_that_says_no_is_not_asked_for_ever() -> None:
    reply = await checkout(a_stage(till=Till(broken=[ProviderRefused("too much")])))
    assert (reply.status, reply.body["code"]) == (409, "payment_refused")


@pytest.mark.parametrize("code", ["hold_expired", "already_booked", "not_yours", "nothing_to_pay", "show_cancelled"])
async def test_what_the_allocator_refuses_reaches_no_provider(code: str) -> None:
    till = Till()
    reply = await checkout(a_stage(Desk(refuses=code), till))
    assert (reply.body["code"], till.asked) == (code, 0)


async def test_where_nobody_takes_payments_none_begins() -> None:
    stage = Stage(decide=Desk())
    reply = await checkout(stage)
    assert (reply.status, reply.body["code"], stage.commands) == (409, "payment_not_offered", [])
    assert (await notice(stage, paid())).status == 404


async def test_a_sandbox_key_moves_nobodys_money() -> None:
    stage = a_stage(till=Till(name="bank"))
    assert (await checkout(stage, token=SANDBOX_KEY)).body["code"] == "payment_not_offered"
    assert stage.commands == []


async def test_who_may_only_read_begins_no_payment() -> None:
    stage = a_stage()
    assert (await checkout(stage, token=READER_KEY)).status == 403
    token = stage.reservation_token(reservation_text(SHOW, b"o" * 16))
    assert (await checkout(stage, token=token)).body["code"] == "not_yours"
    assert (await checkout(stage, token=stage.reservation_token(TEXT))).status == 201


@pytest.mark.parametrize("path", ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a b", "x"])
async def test_the_payer_comes_back_to_this_site_and_no_other(path: str) -> None:
    assert (await checkout(a_stage(), {"return_to": path})).body["code"] == "invalid_request"


async def test_a_strangers_contact_is_not_kept() -> None:
    stage = a_stage()
    await checkout(stage, {"contact": CONTACT}, token=PARTNER_KEY)
    assert await stage.ledger.contact(PART, SHOW, HOLD) is None


# --- what the provider says


async def test_a_payment_books_and_the_same_notice_again_is_answered_the_same() -> None:
    stage = a_stage()
    await checkout(stage)
    first, again = await notice(stage, paid()), await notice(stage, paid())
    assert first.status == again.status == 200
    assert [told["outcome"] for told in first.body["outcomes"]] == ["booking_confirmed"]
    assert [told["outcome"] for told in again.body["outcomes"]] == ["booking_confirmed"]
    confirm = stage.commands[-1]
    assert isinstance(confirm, messages.ConfirmBooking)
    assert confirm.account == "pay_sandbox" and confirm.payment == messages.Payment("sandbox", "c1", 10_000)


async def test_who_paid_twice_gets_one_of_them_back() -> None:
    stage = a_stage()
    await checkout(stage)
    twice = Found(State.PAID, (*paid().charges, *paid(reference="c2").charges))
    reply = await notice(stage, twice)
    assert [told["outcome"] for told in reply.body["outcomes"]] == ["booking_confirmed", "refund_due"]


async def test_declined_is_held_again_and_a_new_payment_begins() -> None:
    till = Till()
    stage = a_stage(till=till)
    await checkout(stage)
    reply = await notice(stage, Found(State.DECLINED, reason="no money"))
    assert [told["outcome"] for told in reply.body["outcomes"]] == ["payment_failed"]
    old = await checkout(stage)
    assert (old.status, old.body["code"]) == (409, "not_paying")
    assert (await checkout(stage, key="new")).body["pay_at"] == f"/pay/{attempt_text(SHOW, HOLD, 4)}"
    assert list(till.orders) == [ATTEMPT, attempt_text(SHOW, HOLD, 4)]


async def test_old_keys_of_a_payment_that_has_ended_say_how() -> None:
    stage = a_stage()
    await checkout(stage)
    await notice(stage, paid())
    assert (await checkout(stage)).body["code"] == "already_booked"


async def test_a_no_of_ours_is_no_reason_to_send_a_notice_again() -> None:
    reply = await notice(a_stage(Desk(refuses="hold_expired")), Found(State.DECLINED))
    assert (reply.status, reply.body["outcomes"][0]["outcome"]) == (200, "hold_expired")


async def test_news_of_which_nothing_follows_are_noted() -> None:
    stage = a_stage()
    reply = await notice(stage, Found(State.OPEN))
    assert (reply.status, reply.body["outcomes"], stage.commands) == (200, [], [])


async def test_what_is_not_signed_by_the_provider_is_refused() -> None:
    stage = a_stage()
    body, headers = notice_of(ATTEMPT, paid(), T0)
    forged = body.replace(b"10000", b"10001")
    for sent, given in ((forged, headers), (body, {}), (body, headers | {"webhook-timestamp": "1"})):
        reply = await stage.call("POST", NOTICES, sent, headers=given)
        assert (reply.status, reply.body["code"]) == (401, "signature_invalid")
    assert (await stage.call("POST", NOTICES.replace("sandbox", "bank"), body, headers=headers)).status == 404
    assert stage.commands == []


async def test_a_signed_notice_of_what_is_not_ours_or_not_money_as_agreed_is_refused() -> None:
    stage = a_stage()
    assert (await notice(stage, paid(), attempt="rsv_1.2")).body["code"] == "reservation_not_found"
    elsewhere = attempt_text(SHOW + 1, HOLD, 2)
    assert (await notice(stage, paid(), attempt=elsewhere)).body["code"] == "reservation_not_found"
    assert (await notice(stage, paid(currency="USD"))).body["code"] == "amount_wrong"
    assert stage.commands == []


async def test_while_nothing_can_be_written_the_provider_is_told_to_come_again() -> None:
    stage = a_stage()
    stage.condition.postgres_away = True
    assert (await notice(stage, paid())).status == 503
    assert (await checkout(stage)).body["code"] == "sales_paused"


async def test_a_verdict_that_takes_long_is_on_the_log_all_the_same() -> None:
    stage = a_stage()
    stage.decide = None
    reply = await notice(stage, paid())
    assert (reply.status, [told["outcome"] for told in reply.body["outcomes"]]) == (202, ["pending"])
    assert (await checkout(stage)).status == 202


async def test_notices_are_not_limited() -> None:
    stage = a_stage()
    for number in range(stage.settings.ingress_address_requests_per_min + 10):
        assert (await notice(stage, Found(State.OPEN))).status == 200, number
