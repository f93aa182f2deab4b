"""Paying: a payment begins with the provider, and the provider tells what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from msgspec import Struct
from msgspec.structs import replace

from ingress import bodies
from ingress.asgi import Response
from ingress.callers import Identity
from ingress.operations import Call, KeyUse, Operation, Who
from ingress.refusals import Refused, from_not_taken
from ingress.sale_routes import KEEPING, RESERVATION_ID, TAKEN_BACK, Sale
from ingress.service import NotTaken, Pending, Verdict
from ingress.shows import Show
from ingress.verdicts import verdict_response
from ingress.waiters import Decided
from payments import words
from payments.provider import (
    NoticeForged,
    NoticeUnreadable,
    Order,
    PaymentProvider,
    ProviderAway,
    ProviderRefused,
)
from ticketing import intake, messages
from ticketing.asks import CheckoutBody
from ticketing.clock import rfc3339
from ticketing.messages import Refusal, Reservation
from ticketing.telling import Answer
from ticketing.vocabulary import Malformed, ReservationStatus, request_text, reservation_text

log = structlog.get_logger(__name__)

SANDBOX = "sandbox"
NOTICE_WAIT_S = 5.0
RETRY_AFTER_S = 2
PROVIDER_NAME = {"provider": "the provider's name, as in `provider` of a checkout"}
WHY_NOT_PAYING = {
    ReservationStatus.BOOKED: "already_booked",
    ReservationStatus.RELEASED: "hold_released",
    ReservationStatus.EXPIRED: "hold_expired",
    ReservationStatus.CANCELLED: "booking_cancelled",
    ReservationStatus.HELD: "not_paying",
}


class CheckoutAnswer(Answer, kw_only=True):
    """A payment has begun: `pay_at` is where the payer pays it, a URL or a path of ours; until `expires_at` the places
    are kept for it."""

    reservation: str
    show: str
    status: str
    total_amount: int
    currency: str
    expires_at: str
    provider: str
    pay_at: str
    request: str


class NoticedAnswer(Struct, kw_only=True, omit_defaults=True):
    """What came of one payment that a notice tells of: `booking_confirmed`, `refund_due`, `payment_failed`, a problem's
    code, or `pending`."""

    outcome: str
    request: str


class NoticeAnswer(Answer, kw_only=True):
    """The notice has been taken; it need not be sent again."""

    outcomes: list[NoticedAnswer]


@dataclass(frozen=True, slots=True)
class Payments:
    """What these calls need. `provider` None: payments are not taken; `public_url` is ours, without a path."""

    sale: Sale
    provider: PaymentProvider | None
    public_url: str

    async def checkout(self, call: Call) -> Response:
        """POST /api/reservations/{reservation}/checkout"""
        provider = self._provider_for(call.caller)
        show, key = await self.sale.reservation_in_path(call)
        body = call.read(CheckoutBody)
        command = intake.begin_payment(body, show.facts, key, call.caller.caller, call.sent, provider=provider.name)
        command = replace(command, bound=self.sale.bound(show, body))
        turned_away = self.sale.desk.turned_away(command, show.row.part)
        if turned_away is not None:
            raise from_not_taken(turned_away)
        if body.contact is not None:
            await self._save_contact(call, show, key, body)
        verdict = await self.sale.desk.ask(command, show.row.part, call.wait_s)
        if not (isinstance(verdict, Decided) and isinstance(verdict.outcome, messages.PaymentBegun)):
            return verdict_response(verdict, show, self.sale.tokens, self.sale.clock.now_ms())
        request = request_text(verdict.part, verdict.log_gen, verdict.outcome.offset)
        return await self._where_to_pay(show, verdict.outcome, provider, body.return_to, request)

    async def _where_to_pay(
        self, show: Show, outcome: messages.PaymentBegun, provider: PaymentProvider, return_to: str, request: str
    ) -> Response:
        reservation = outcome.reservation
        if reservation.status != ReservationStatus.PAYING:
            # A repeat of a payment that has come to its end since.
            raise Refused(WHY_NOT_PAYING[ReservationStatus(reservation.status)], request=request)
        try:
            checkout = await provider.begin(self._order(show, reservation, return_to))
        except ProviderAway as error:
            log.warning("payments.provider_away", provider=provider.name, error=str(error))
            detail = "the places are kept; repeat the call with the same key"
            raise Refused("payment_unavailable", detail, retry_after_s=RETRY_AFTER_S, request=request) from error
        except ProviderRefused as error:
            log.error("payments.provider_refused", provider=provider.name, error=str(error))
            raise Refused("payment_refused", request=request) from error
        answer = CheckoutAnswer(
            message="The payment has begun",
            created_at=rfc3339(outcome.at_ms),
            reservation=reservation_text(show.row.show, reservation.id),
            show=show.text,
            status=reservation.status,
            total_amount=reservation.amount,
            currency=show.row.currency,
            expires_at=rfc3339(reservation.expires_at_ms),
            provider=provider.name,
            pay_at=checkout.pay_at,
            request=request,
        )
        headers = [("cache-control", "no-store")]
        if outcome.repeat:
            headers.append(("idempotent-replayed", "true"))
        return Response(201, bodies.encode(answer), headers=headers)

    def _order(self, show: Show, reservation: Reservation, return_to: str) -> Order:
        places = len(reservation.seats) + sum(quantity for _, quantity in reservation.areas)
        return Order(
            attempt=words.attempt_text(show.row.show, reservation.id, reservation.version),
            amount=reservation.amount,
            currency=show.row.currency,
            description=f"{places} × {show.row.name}"[:200],
            return_to=self.public_url + return_to,
            lapses_at_ms=reservation.expires_at_ms,
        )

    def _provider_for(self, caller: Identity) -> PaymentProvider:
        # A key for trying things out must not move anybody's money.
        if self.provider is None or (caller.sandbox and self.provider.name != SANDBOX):
            raise Refused("payment_not_offered")
        return self.provider

    async def _save_contact(self, call: Call, show: Show, key: bytes, body: CheckoutBody) -> None:
        found = await self.sale.find(show, key)
        # Only the owner's word counts; the allocator will turn everybody else away.
        if found is not None and found.account == call.caller.caller.account:
            row, hashed, now_ms = show.row, intake.hash_of(body.contact), self.sale.clock.now_ms()
            await self.sale.store.save_contact(row.part, row.show, key, hashed, body, now_ms=now_ms)

    async def notice(self, call: Call) -> Response:
        """POST /api/payments/webhook/{provider}"""
        provider = self.provider
        if provider is None or call.params["provider"] != provider.name:
            raise Refused("not_found", "no such provider is asked for payments here")
        now_ms = self.sale.clock.now_ms()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in call.request.headers.items()}
        try:
            notice = provider.read_notice(headers, call.raw, now_ms)
            number, _, _ = words.parse_attempt(notice.attempt)
        except NoticeForged as error:
            log.warning("payments.notice_forged", provider=provider.name, address=call.request.address)
            raise Refused("signature_invalid", str(error)) from error
        except NoticeUnreadable as error:
            raise Refused("invalid_request", str(error)[:300]) from error
        except Malformed as error:
            raise Refused("reservation_not_found", "the notice is of no payment that was asked for here") from error
        show = await self.sale.shelf.show(number)
        if show is None:
            raise Refused("reservation_not_found")
        try:
            commands = words.said(
                provider.name, notice.attempt, notice.found, show.row.currency, now_ms=now_ms,
                pseudonyms=self.sale.pseudonyms,
            )  # fmt: skip
        except words.CurrencyWrong as error:
            log.error("payments.currency_wrong", attempt=notice.attempt, error=str(error))
            raise Refused("amount_wrong", str(error)) from error
        verdicts = [await self.sale.desk.ask(command, show.row.part, NOTICE_WAIT_S) for command in commands]
        return _noticed(verdicts, now_ms)

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        return [
            Operation(
                "checkout", "POST", "/api/reservations/{reservation}/checkout", self.checkout,
                "Begin to pay for a reservation; the answer says where",
                {201: CheckoutAnswer, 202: bodies.PendingAnswer},
                Who.SIGNED_IN, KeyUse.REQUIRED, waits=True, body=CheckoutBody, body_needed=False,
                params=RESERVATION_ID,
                refusals=(*TAKEN_BACK, *KEEPING, "nothing_to_pay", "not_paying", "show_cancelled", "limit_exceeded",
                          "payment_not_offered", "payment_refused", "payment_unavailable"),
            ),
            Operation(
                "payment_notice", "POST", "/api/payments/webhook/{provider}", self.notice,
                "A payment provider tells what came of a payment; signed by it", {200: NoticeAnswer, 202: NoticeAnswer},
                limited=False, body_raw=True, params=PROVIDER_NAME,
                refusals=("not_found", "signature_invalid", "invalid_request", "reservation_not_found", "amount_wrong",
                          "body_too_large", "body_too_slow", "unsupported_media_type", "busy", "log_unavailable",
                          "sales_paused"),
            ),
        ]  # fmt: skip


def _noticed(verdicts: Sequence[Verdict], now_ms: int) -> Response:
    """What the provider is told: that we have it; or, where a command is not known to be on the log, to come again."""
    outcomes = []
    for verdict in verdicts:
        match verdict:
            case NotTaken():
                raise from_not_taken(verdict)
            case Pending():
                request = request_text(verdict.part, verdict.log_gen, verdict.offset)
                outcomes.append(NoticedAnswer(outcome="pending", request=request))
            case Decided(outcome, part, log_gen):
                request = request_text(part, log_gen, outcome.offset)
                outcomes.append(NoticedAnswer(outcome=_word(outcome), request=request))
    answer = NoticeAnswer(message="Noted", created_at=rfc3339(now_ms), outcomes=outcomes)
    status = 202 if any(isinstance(verdict, Pending) for verdict in verdicts) else 200
    return Response(status, bodies.encode(answer), headers=[("cache-control", "no-store")])


def _word(outcome: messages.AnyOutcome) -> str:
    match outcome:
        case Refusal():
            return outcome.code
        case messages.RefundDue():
            return "refund_due"
        case messages.PaymentFailed():
            return "payment_failed"
        case _:
            return "booking_confirmed"
