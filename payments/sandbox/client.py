"""The sandbox as `payments.provider.PaymentProvider`: asked over HTTP, as a stranger would be."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import httpx
import msgspec

from payments import notices
from payments.provider import Checkout, Found, Notice, NoticeUnreadable, Order, ProviderAway, ProviderRefused, Refund
from ticketing.tokens import derive_key

NAME = "sandbox"
ATTEMPTS = "/sandbox/api/attempts"
REFUNDS = "/sandbox/api/refunds"
CONNECTIONS_MAX = 100
REQUEST_S = 2.5
TOO_MANY = 429

T = TypeVar("T")


class _Begun(msgspec.Struct):
    pay_at: str


class _Refunded(msgspec.Struct):
    refund: str


def access_token(secret: str) -> str:
    """What whoever may ask the sandbox for payments has to show it."""
    return derive_key(secret, "onsale-sandbox-access").hex()


def notice_secret(secret: str) -> str:
    """What the sandbox signs its notices with."""
    return notices.as_secret(derive_key(secret, "onsale-sandbox-notices"))


class Sandbox:
    """`http` has the sandbox's address for its base; `secrets` are the installation's; `public_url` is where notices go
    to, at `notices_at` (a path)."""

    def __init__(self, http: httpx.AsyncClient, *, secrets: Sequence[str], public_url: str, notices_at: str) -> None:
        self._http = http
        self._headers = {"authorization": f"Bearer {access_token(secrets[0])}"}
        self._notice_secrets = [notice_secret(secret) for secret in secrets]
        self._public_url = public_url
        self._notify_at = public_url + notices_at

    @property
    def name(self) -> str:
        return NAME

    async def begin(self, order: Order) -> Checkout:
        # Its pages and ours have one origin, whatever name the payer's browser knows it by.
        return_to = order.return_to.removeprefix(self._public_url)
        asked = {**msgspec.to_builtins(order), "return_to": return_to, "notify_at": self._notify_at}
        answer = await self._ask("POST", ATTEMPTS, json=asked)
        return Checkout(_read(answer, _Begun).pay_at)

    async def find(self, attempt: str) -> Found:
        answer = await self._ask("GET", ATTEMPTS, params={"attempt": attempt})
        try:
            return notices.decode_news(answer)
        except NoticeUnreadable as error:
            raise ProviderAway(str(error)) from error

    async def refund(self, refund: Refund) -> str:
        answer = await self._ask("POST", REFUNDS, json=msgspec.to_builtins(refund))
        return _read(answer, _Refunded).refund

    def read_notice(self, headers: Mapping[str, str], body: bytes, now_ms: int) -> Notice:
        return notices.read(self._notice_secrets, headers, body, now_ms)

    async def _ask(
        self, method: str, path: str, *, json: object = None, params: Mapping[str, str] | None = None
    ) -> bytes:
        try:
            answer = await self._http.request(method, path, json=json, params=params, headers=self._headers)
        except httpx.HTTPError as error:
            raise ProviderAway(f"{type(error).__name__}: {error}"[:200]) from error
        if answer.is_success:
            return answer.content
        said = f"{answer.status_code}: {answer.text[:150]}"
        # An answer that no program of theirs has given says nothing about the payment.
        if answer.is_server_error or answer.is_redirect or answer.status_code == TOO_MANY:
            raise ProviderAway(said)
        raise ProviderRefused(said)


def open_http(base_url: str) -> httpx.AsyncClient:
    """The client for `Sandbox`."""
    return httpx.AsyncClient(
        base_url=base_url,
        timeout=httpx.Timeout(REQUEST_S),
        limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
        trust_env=False,
    )


def _read(answer: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer, type=kind)
    except msgspec.DecodeError as error:
        raise ProviderAway(f"the answer cannot be read: {error}"[:200]) from error
