"""Sends one delivery: signed as Standard Webhooks say, to a public address only, without following redirects.

The name is resolved here, and the request goes to an address that was looked at: a name that points elsewhere a moment
later leads nowhere (DNS rebinding).
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx
import msgspec
from standardwebhooks import Webhook

from notifier.outbox.ports import Answered, Due
from runtime.tracing import Span, Tracer
from ticketing.trace_context import read_traceparent, traceparent

ATTEMPT_S_MAX = 15.0
USER_AGENT = "onsale-webhooks/1"
TRACED = b'"traceparent":"'
"""Stands in the body of what belongs to a trace; elsewhere only where a caller noted such a name beside a hold."""

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]


async def resolve(host: str, port: int) -> list[Address]:
    """The addresses of a name. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(address[0]) for *_, address in found]


def is_public(address: Address) -> bool:
    """Whether it may be reached on behalf of a stranger: neither ours, nor private, nor the machine's own."""
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) and address.ipv4_mapped else address
    return inner.is_global and not inner.is_multicast


class _Traced(msgspec.Struct):
    traceparent: str = ""


class _Body(msgspec.Struct):
    data: _Traced


class HttpWire:
    """`notifier.outbox.ports.Wire`. `private_allowed`: http and private addresses, for installations that say so. What
    belongs to a trace has a span for each attempt, of which the other side is told."""

    def __init__(
        self, http: httpx.AsyncClient, *, private_allowed: bool, tracer: Tracer, resolve: Resolve = resolve
    ) -> None:
        self._http = http
        self._tracer = tracer
        self._private_allowed = private_allowed
        self._resolve = resolve

    async def post(self, due: Due, now_ms: int) -> Answered:
        """What came of it; never raises for what the other side does."""
        span = self._span(due)
        answered = await self._try(due, now_ms, {} if span is None else {"traceparent": traceparent(span.trace) or ""})
        if span is not None:
            status = answered.status or 0
            failed = not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
            span.end("webhook", failed=failed, told=due.event_id, attempt=due.attempt, status=status)
        return answered

    def _span(self, due: Due) -> Span | None:
        if TRACED not in due.body:
            return None
        parent = read_traceparent(msgspec.json.decode(due.body, type=_Body).data.traceparent.encode())
        return None if parent is None else self._tracer.below(parent.trace, "client")

    async def _try(self, due: Due, now_ms: int, headers: dict[str, str]) -> Answered:
        try:
            async with asyncio.timeout(ATTEMPT_S_MAX):
                return await self._post(due, now_ms, headers)
        except TimeoutError:
            return Answered(None, f"no answer within {ATTEMPT_S_MAX:.0f} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Answered(None, f"{type(error).__name__}: {error}"[:200])

    async def _post(self, due: Due, now_ms: int, headers: dict[str, str]) -> Answered:
        url = httpx.URL(due.url)
        if url.scheme != "https" and not self._private_allowed:
            return Answered(None, "only https is sent to")
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = [
            address
            for address in await self._resolve(url.host, port)
            if self._private_allowed or is_public(address)
        ]  # fmt: skip
        if not addresses:
            return Answered(None, "the name has no public address")
        request = httpx.Request(
            "POST",
            url.copy_with(host=str(addresses[0])),
            headers=signed(due, now_ms) | headers | {"host": url.netloc.decode("ascii")},
            content=due.body,
            extensions={"sni_hostname": url.host, "timeout": httpx.Timeout(ATTEMPT_S_MAX).as_dict()},
        )
        # Nothing of the body is read: the status says it all, and a body can be endless.
        response = await self._http.send(request, stream=True)
        try:
            asked = response.headers.get("retry-after", "")
            return Answered(
                response.status_code,
                "" if response.is_success else response.reason_phrase[:200],
                float(asked) if asked.isdigit() else 0.0,
            )
        finally:
            await response.aclose()


def open_http(connections_max: int) -> httpx.AsyncClient:
    """The client for `HttpWire`. No proxy of the environment stands between the address looked at and the one
    reached."""
    return httpx.AsyncClient(limits=httpx.Limits(max_connections=connections_max), trust_env=False)


def signed(due: Due, now_ms: int) -> dict[str, str]:
    """The headers of Standard Webhooks; while a secret is being changed, a signature by each."""
    at = datetime.fromtimestamp(now_ms // 1000, UTC)
    signatures = [Webhook(secret).sign(due.event_id, at, due.body.decode()) for secret in due.secrets]
    return {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "webhook-id": due.event_id,
        "webhook-timestamp": str(now_ms // 1000),
        "webhook-signature": " ".join(signatures),
    }
