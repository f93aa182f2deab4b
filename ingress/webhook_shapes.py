"""What is said of webhooks, both ways."""

from typing import Annotated, Literal

from msgspec import Struct
from pydantic import AnyUrl, BaseModel, Field, UrlConstraints

from ingress.paging import AfterId, AfterNumber
from ingress.webhook_table import DeliveryRow, WebhookRow
from ticketing.clock import rfc3339
from ticketing.layout import Body
from ticketing.telling import Answer

OVERLAP_S_DEFAULT = 24 * 3600
OVERLAP_S_MAX = 7 * 24 * 3600

EventName = Literal[
    "request_decided", "booking_confirmed", "booking_changed", "booking_cancelled", "reservation_expired", "refund_due",
    "allocation_returned",
]  # fmt: skip
WebhookUrl = Annotated[AnyUrl, UrlConstraints(max_length=500, allowed_schemes=["https", "http"])]
Events = Annotated[list[EventName], Field(max_length=20, description="which events; none means all")]
Description = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]


class WebhookBody(Body):
    """Where to send events. `account`: whose (a key's id); only admins may name another than their own."""

    url: WebhookUrl
    events: Events = []
    description: Description = ""
    account: Annotated[str, Field(pattern=r"^key_[0-9a-f]{16}$")] | None = None


class WebhookChange(Body):
    """What is left out stays as it is. `enabled`: true also takes back that it was switched off because of a 410."""

    url: WebhookUrl | None = None
    events: Events | None = None
    description: Description | None = None
    enabled: bool | None = None


class RotateSecretBody(Body):
    """`overlap_s`: how long the secret before signs as well."""

    overlap_s: Annotated[int, Field(ge=0, le=OVERLAP_S_MAX)] = OVERLAP_S_DEFAULT


class WebhooksQuery(BaseModel):
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: AfterId | None = None


class DeliveriesQuery(BaseModel):
    """The newest first."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: AfterNumber | None = None
    state: Literal["due", "done", "failed"] | None = None


class WebhookShown(Struct, kw_only=True, omit_defaults=True):
    """A webhook without its secret."""

    webhook: str
    account: str
    url: str
    events: list[str]
    enabled: bool
    made_at: str
    description: str = ""
    previous_until: str | None = None
    """Until then the secret before the last rotation signs as well."""
    disabled_at: str | None = None
    disabled_why: str | None = None


class WebhookAnswer(Answer, kw_only=True):
    """A webhook. `secret` (`whsec_…`) verifies what is sent: shown in this answer and never again."""

    data: WebhookShown
    secret: str | None = None


class WebhooksAnswer(Answer, kw_only=True):
    """A page of webhooks."""

    data: list[WebhookShown]
    has_more: bool
    next_cursor: str | None = None


class DeliveryShown(Struct, kw_only=True, omit_defaults=True):
    """An event on its way: `due` (again at `due_at`), `done`, or `failed` for good."""

    event: str
    type: str
    decided_at: str
    state: str
    attempts: int
    due_at: str | None = None
    last_status: int | None = None
    last_error: str | None = None
    settled_at: str | None = None


class DeliveriesAnswer(Answer, kw_only=True):
    """A page of deliveries, the newest first."""

    data: list[DeliveryShown]
    has_more: bool
    next_cursor: str | None = None


class WebhookGone(Answer, kw_only=True):
    """It was removed."""

    webhook: str


class SentAgain(Answer, kw_only=True):
    """It will be sent once more, under its old id."""

    webhook: str
    event: str


def shown_webhook(row: WebhookRow) -> WebhookShown:
    """A webhook as its owner sees it."""
    return WebhookShown(
        webhook=row.webhook_id,
        account=row.account,
        url=row.url,
        events=list(row.events),
        enabled=row.disabled_at_ms is None,
        made_at=rfc3339(row.created_at_ms),
        description=row.description,
        previous_until=_moment(row.previous_ends_at_ms),
        disabled_at=_moment(row.disabled_at_ms),
        disabled_why=row.disabled_why,
    )


def shown_delivery(row: DeliveryRow) -> DeliveryShown:
    """A delivery as its owner sees it."""
    return DeliveryShown(
        event=row.event_id,
        type=row.kind,
        decided_at=rfc3339(row.decided_at_ms),
        state=row.state,
        attempts=row.attempts,
        due_at=rfc3339(row.due_at_ms) if row.state == "due" else None,
        last_status=row.last_status,
        last_error=row.last_error,
        settled_at=_moment(row.settled_at_ms),
    )


def _moment(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)
