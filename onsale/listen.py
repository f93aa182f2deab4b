"""`onsale listen`: a sandbox key's events, forwarded to an address on this machine as a webhook would bring them."""

import asyncio
import base64
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import httpx
import typer
from standardwebhooks import Webhook

from onsale.records import say
from onsale_client import AsyncClient, FeedEvent, OnsaleError
from ticketing.clock import SystemClock
from ticketing.sandbox import comes_twice

POLL_S = 1.0
FORWARD_S_MAX = 10.0
FAILED = 1


class NotForListening(Exception):
    """The key or the address will not do; the text says why."""


def listen_command(
    url: Annotated[str, typer.Argument(help="Where onsale answers, as http://127.0.0.1:8400.", show_default=False)],
    forward_to: Annotated[
        str, typer.Option(help="Where to send events, as http://127.0.0.1:3000/hook.", show_default=False)
    ],
    key: Annotated[
        str, typer.Option(help="A sandbox key (osk_test_…).", envvar="ONSALE_API_KEY", show_default=False)
    ],
    secret: Annotated[
        str | None, typer.Option(help="Sign with this secret (whsec_…) instead of a new one.", show_default=False)
    ] = None,
) -> None:  # fmt: skip
    """Forward a sandbox key's events to a local address, signed as webhooks are.

    From now on, for as long as it runs; Ctrl-C ends it. What the address says to each is told; nothing is sent twice,
    unless test:duplicate_webhook asks for it.

    Example: onsale listen http://127.0.0.1:8400 --forward-to http://127.0.0.1:3000/hook --key osk_test_...
    """
    secret = secret or f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    try:
        asyncio.run(forward_events(url, key, forward_to, secret, say))
    except (NotForListening, OnsaleError) as error:
        say(str(error))
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


async def forward_events(url: str, key: str, forward_to: str, secret: str, tell: Callable[[str], None]) -> None:
    """Never returns. Raises `NotForListening`, `OnsaleError`."""
    async with AsyncClient(url, api_key=key) as onsale, httpx.AsyncClient(timeout=FORWARD_S_MAX) as http:
        if not (await onsale.whoami()).sandbox:
            raise NotForListening("events of a live key go to webhooks: listen with a sandbox key (osk_test_…)")
        try:
            signer = Webhook(secret)
        except ValueError as error:
            raise NotForListening(f"{secret} is no secret of webhooks: {error}") from error
        page = await onsale.feed()
        while page.has_more:
            page = await onsale.feed(after=page.next_cursor)
        tell(f"forwarding to {forward_to}, signed with {secret}")
        while True:
            page = await onsale.feed(after=page.next_cursor)
            for event in page.data:
                for _ in range(2 if comes_twice(bytes(event.body)) else 1):
                    tell(f"{event.kind} {event.event}: {await _forward(http, forward_to, signer, event)}")
            if not page.has_more:
                await asyncio.sleep(POLL_S)


async def _forward(http: httpx.AsyncClient, to: str, signer: Webhook, event: FeedEvent) -> str:
    """What the address said."""
    text = bytes(event.body).decode()
    now = datetime.fromtimestamp(SystemClock().now_ms() // 1000, UTC)
    headers = {
        "content-type": "application/json",
        "webhook-id": event.event,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signer.sign(event.event, now, text),
    }
    try:
        response = await http.post(to, content=text, headers=headers)
    except httpx.HTTPError as error:
        return f"{type(error).__name__} {error}"
    return f"{response.status_code} {response.reason_phrase}"
