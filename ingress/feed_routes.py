"""The feed: a caller's own events, in order, for whoever would rather ask than be told."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Struct
from pydantic import BaseModel, Field

from ingress import bodies
from ingress.asgi import Response
from ingress.callers import Identity
from ingress.operations import Call, Operation, Who
from ingress.paging import AfterNumber, next_link, read_number, write_cursor
from ingress.refusals import Refused
from ingress.webhook_table import WebhookTable
from ticketing.clock import Clock, rfc3339
from ticketing.telling import Answer

FEED_MAX = 500


class FeedQuery(BaseModel):
    """`after`: the `next_cursor` of the page before; without it, from the oldest that is kept (30 days)."""

    limit: Annotated[int, Field(ge=1, le=FEED_MAX)] = 100
    after: AfterNumber | None = None


class FeedEvent(Struct, kw_only=True):
    """One event, as a webhook gets it; `event` is the id that is the same wherever it is told."""

    event: str
    body: msgspec.Raw


class FeedAnswer(Answer, kw_only=True):
    """A page of events. `next_cursor` is always there: asked with it later, the feed goes on behind this page."""

    data: list[FeedEvent]
    has_more: bool
    next_cursor: str


@dataclass(frozen=True, slots=True)
class Feed:
    """What the feed needs."""

    table: WebhookTable
    clock: Clock

    async def read(self, call: Call) -> Response:
        """GET /api/events-feed"""
        account = key_account(call.caller)
        query = call.asked(FeedQuery)
        after = read_number(query.after, 0)
        rows = await self.table.feed(account, after, query.limit + 1)
        shown = rows[: query.limit]
        cursor = write_cursor(shown[-1].event_no if shown else after)
        has_more = len(rows) > query.limit
        answer = FeedAnswer(
            message=f"{len(shown)} events",
            created_at=rfc3339(self.clock.now_ms()),
            data=[FeedEvent(event=row.event_id, body=msgspec.Raw(row.body)) for row in shown],
            has_more=has_more,
            next_cursor=cursor,
        )
        headers = [("cache-control", "no-store"), *next_link(call, cursor if has_more else None)]
        return Response(200, bodies.encode(answer), headers=headers)

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        return [
            Operation(
                "events_feed", "GET", "/api/events-feed", self.read, "One's own events, in order", {200: FeedAnswer},
                Who.SIGNED_IN, query=FeedQuery,
            ),
        ]  # fmt: skip


def key_account(identity: Identity) -> str:
    """The account of an API key, or of an admin at our pages. Raises `Refused` (403) for anybody else."""
    if identity.key is None and not identity.admin:
        raise Refused("insufficient_scope", "events are told to API keys")
    return identity.caller.account
