"""Webhooks as they arrive: whether they are from onsale, and what they say (Standard Webhooks)."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, convert
from standardwebhooks import Webhook, WebhookVerificationError

from onsale_client.errors import OnsaleError


class SignatureWrong(OnsaleError):
    """It is not from onsale, or too old: answer 401 and act on nothing."""


class WebhookEvent(Struct, kw_only=True):
    """`id` is the same however often an event is sent: act on each once. `data` is as in the feed."""

    id: str
    type: str
    timestamp: str
    data: dict[str, Any]


def verify_webhook(secret: str, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
    """The event of a request to a webhook, if it is signed with `secret` (`whsec_…`). Raises `SignatureWrong`."""
    try:
        said = Webhook(secret).verify(body, dict(headers))
    except WebhookVerificationError as error:
        raise SignatureWrong(str(error)) from error
    names = {name.lower(): value for name, value in headers.items()}
    return convert({**said, "id": names["webhook-id"]}, WebhookEvent)
