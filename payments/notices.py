"""Notices between a provider and us, signed as Standard Webhooks say: each with an id, a moment and a signature over
both and the body."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta
from standardwebhooks import Webhook

from payments.provider import Charge, Found, Notice, NoticeForged, NoticeUnreadable, State

OLD_MS_MAX = 5 * 60 * 1000
"""How far a notice's moment may be from ours; Standard Webhooks suggest five minutes."""
HEADER_CHARS_MAX = 2_000


# As the log takes it (`ticketing.messages.Payment`): what does not fit there is turned away here.
Text = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*\Z")]


class _Charged(msgspec.Struct, frozen=True):
    reference: Annotated[Text, Meta(min_length=1)]
    amount: Annotated[int, Meta(ge=0, lt=2**53)]
    currency: Text
    method: Text = ""
    payer: Text = ""


class _News(msgspec.Struct, frozen=True):
    attempt: Text
    state: State
    charges: Annotated[tuple[_Charged, ...], Meta(max_length=50)] = ()
    reason: Text = ""


class _Body(msgspec.Struct, frozen=True):
    type: str
    data: _News


def as_secret(raw: bytes) -> str:
    """A signing secret as Standard Webhooks write it: `whsec_` and base64."""
    return "whsec_" + base64.b64encode(raw).decode()


def notice_body(notice: Notice) -> bytes:
    """A notice as JSON: `{"type": "payment.paid", "data": {"attempt", "state", "charges", "reason"}}`."""
    return msgspec.json.encode(_Body(f"payment.{notice.found.state}", _news(notice)))


def encode_news(notice: Notice) -> bytes:
    """What a look-up answers: the `data` of a notice."""
    return msgspec.json.encode(_news(notice))


def decode_news(raw: bytes) -> Found:
    """What a look-up has answered. Raises `NoticeUnreadable`."""
    try:
        return _found(msgspec.json.decode(raw, type=_News))
    except msgspec.DecodeError as error:
        raise NoticeUnreadable(str(error)) from error


def signed(secret: str, notice_id: str, body: bytes, now_ms: int) -> dict[str, str]:
    """The headers of a notice."""
    return {
        "content-type": "application/json",
        "webhook-id": notice_id,
        "webhook-timestamp": str(now_ms // 1000),
        "webhook-signature": _signature(secret, notice_id, now_ms // 1000, body),
    }


def read(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now_ms: int) -> Notice:
    """What a notice tells, signed with any of `secrets`. Raises `NoticeForged`, `NoticeUnreadable`."""
    _check(secrets, headers, body, now_ms)
    try:
        news = msgspec.json.decode(body, type=_Body).data
    except msgspec.DecodeError as error:
        raise NoticeUnreadable(str(error)) from error
    return Notice(news.attempt, _found(news))


def _news(notice: Notice) -> _News:
    found = notice.found
    charges = tuple(_Charged(it.reference, it.amount, it.currency, it.method, it.payer) for it in found.charges)
    return _News(notice.attempt, found.state, charges, found.reason)


def _found(news: _News) -> Found:
    charges = tuple(Charge(it.reference, it.amount, it.currency, it.method, it.payer) for it in news.charges)
    return Found(news.state, charges, news.reason)


def _check(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now_ms: int) -> None:
    id, moment, given = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (id and given and moment.isascii() and moment.isdecimal() and len(moment) <= 11):
        raise NoticeForged("webhook-id, webhook-timestamp and webhook-signature are needed")
    if len(id) + len(given) > HEADER_CHARS_MAX:
        raise NoticeForged("the headers are too long")
    if abs(int(moment) * 1000 - now_ms) > OLD_MS_MAX:
        raise NoticeForged("the notice is not of these minutes")
    try:
        expected = [_signature(secret, id, int(moment), body) for secret in secrets]
    except UnicodeDecodeError as error:
        raise NoticeForged("the notice is not text") from error
    if not any(hmac.compare_digest(one.encode(), it.encode()) for one in given.split(" ") for it in expected):
        raise NoticeForged("the signature is not the provider's")


def _signature(secret: str, notice_id: str, moment_s: int, body: bytes) -> str:
    return Webhook(secret).sign(notice_id, datetime.fromtimestamp(moment_s, UTC), body.decode())
