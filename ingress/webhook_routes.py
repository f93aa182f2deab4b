"""Webhooks: where a key's events are sent, what became of each, and once more. A key sees its own, an admin all."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import AnyUrl

from ingress import bodies
from ingress.asgi import Response
from ingress.feed_routes import key_account
from ingress.operations import Call, Operation, Who
from ingress.paging import next_link, read_id, read_number, write_cursor
from ingress.refusals import FieldError, Refused
from ingress.webhook_shapes import (
    DeliveriesAnswer,
    DeliveriesQuery,
    RotateSecretBody,
    SentAgain,
    WebhookAnswer,
    WebhookBody,
    WebhookChange,
    WebhookGone,
    WebhooksAnswer,
    WebhooksQuery,
    shown_delivery,
    shown_webhook,
)
from ingress.webhook_table import WebhookRow, WebhookTable
from ticketing.clock import Clock, rfc3339

WEBHOOKS_MAX = 20
"""Of one account."""
SECRET_BYTES = 32
LAST = 2**62
WEBHOOK_ID = {"webhook": "the id of a webhook: whk_…"}
EVENT_ID = {"event": "the id of an event: evt_…"}


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What the calls about webhooks need. `entropy(n)` gives n random bytes; `plain_allowed`: http will do as well."""

    table: WebhookTable
    clock: Clock
    entropy: Callable[[int], bytes]
    plain_allowed: bool

    async def make(self, call: Call) -> Response:
        """POST /api/admin/webhooks"""
        body = call.read(WebhookBody)
        own = key_account(call.caller)
        account = body.account or own
        if account != own and not call.caller.admin:
            raise Refused("insufficient_scope", "a webhook for another key is made by an admin")
        if await self.table.count(account) >= WEBHOOKS_MAX:
            raise Refused("too_many_webhooks", f"a key has {WEBHOOKS_MAX} webhooks at most")
        now_ms = self.clock.now_ms()
        name = f"whk_{self.entropy(8).hex()}"
        row = WebhookRow(name, account, self._address(body.url), tuple(body.events), body.description, now_ms)
        secret = self._secret()
        if not await self.table.add(row, secret):
            raise Refused("not_found", "there is no such key")
        return self._answer(201, row, "Keep the secret: it is shown this once", secret)

    async def page(self, call: Call) -> Response:
        """GET /api/admin/webhooks"""
        query = call.asked(WebhooksQuery)
        rows = await self.table.page(
            _whose(call), read_id(query.after), query.limit + 1
        )  # fmt: skip
        shown = rows[: query.limit]
        cursor = write_cursor(shown[-1].created_at_ms, shown[-1].webhook_id) if len(rows) > query.limit else None
        answer = WebhooksAnswer(
            message=f"{len(shown)} webhooks",
            created_at=self._now(),
            data=[shown_webhook(row) for row in shown],
            has_more=cursor is not None,
            next_cursor=cursor,
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store"), *next_link(call, cursor)])

    async def read(self, call: Call) -> Response:
        """GET /api/admin/webhooks/{webhook}"""
        return self._answer(200, await self._row(call), "The webhook as it is")

    async def change(self, call: Call) -> Response:
        """PATCH /api/admin/webhooks/{webhook}"""
        body = call.read(WebhookChange)
        row = await self._row(call)
        row = replace(
            row,
            url=row.url if body.url is None else self._address(body.url),
            events=row.events if body.events is None else tuple(body.events),
            description=row.description if body.description is None else body.description,
        )
        if body.enabled is True:
            row = replace(row, disabled_at_ms=None, disabled_why=None)
        elif body.enabled is False and row.disabled_at_ms is None:
            row = replace(row, disabled_at_ms=self.clock.now_ms(), disabled_why="switched off")
        await self.table.change(row)
        return self._answer(200, row, "Changed")

    async def remove(self, call: Call) -> Response:
        """DELETE /api/admin/webhooks/{webhook}"""
        row = await self._row(call)
        await self.table.remove(row.webhook_id)
        answer = WebhookGone(message="Removed", created_at=self._now(), webhook=row.webhook_id)
        return Response(200, bodies.encode(answer))

    async def rotate(self, call: Call) -> Response:
        """POST /api/admin/webhooks/{webhook}/rotate"""
        row = await self._row(call)
        secret = self._secret()
        ends_at_ms = self.clock.now_ms() + 1000 * call.read(RotateSecretBody).overlap_s
        await self.table.rotate(row.webhook_id, secret, ends_at_ms)
        row = replace(row, previous_ends_at_ms=ends_at_ms)
        return self._answer(200, row, "Keep the secret: it is shown this once", secret)

    async def deliveries(self, call: Call) -> Response:
        """GET /api/admin/webhooks/{webhook}/deliveries"""
        row = await self._row(call)
        query = call.asked(DeliveriesQuery)
        before = read_number(query.after, LAST)
        rows = await self.table.deliveries(row.webhook_id, before, query.state, query.limit + 1)
        shown = rows[: query.limit]
        cursor = write_cursor(shown[-1].event_no) if len(rows) > query.limit else None
        answer = DeliveriesAnswer(
            message=f"{len(shown)} deliveries",
            created_at=self._now(),
            data=[shown_delivery(one) for one in shown],
            has_more=cursor is not None,
            next_cursor=cursor,
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store"), *next_link(call, cursor)])

    async def send_again(self, call: Call) -> Response:
        """POST /api/admin/webhooks/{webhook}/deliveries/{event}/resend"""
        row = await self._row(call)
        event = call.params["event"]
        if not await self.table.send_again(row.webhook_id, event, self.clock.now_ms()):
            raise Refused("not_found", "this webhook has no such delivery")
        answer = SentAgain(message="It is sent again", created_at=self._now(), webhook=row.webhook_id, event=event)
        return Response(200, bodies.encode(answer))

    async def _row(self, call: Call) -> WebhookRow:
        row = await self.table.read(_whose(call), call.params["webhook"])
        if row is None:
            raise Refused("not_found", "there is no such webhook")
        return row

    def _address(self, url: AnyUrl) -> str:
        if url.scheme != "https" and not self.plain_allowed:
            raise _invalid_url("https_needed", "events are sent over https only")
        if url.username is not None or url.password is not None:
            raise _invalid_url("no_credentials", "the signature says who sends; leave name and password out")
        return str(url)

    def _secret(self) -> str:
        return f"whsec_{base64.b64encode(self.entropy(SECRET_BYTES)).decode()}"

    def _now(self) -> str:
        return rfc3339(self.clock.now_ms())

    def _answer(self, status: int, row: WebhookRow, message: str, secret: str | None = None) -> Response:
        answer = WebhookAnswer(message=message, created_at=self._now(), data=shown_webhook(row), secret=secret)
        return Response(status, bodies.encode(answer), headers=[("cache-control", "no-store")])

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        path = "/api/admin/webhooks/{webhook}"
        return [
            Operation(
                "make_webhook", "POST", "/api/admin/webhooks", self.make,
                "Send a key's events to an address; the secret that signs them is shown this once",
                {201: WebhookAnswer}, Who.SIGNED_IN, body=WebhookBody, refusals=("too_many_webhooks", "not_found"),
            ),
            Operation(
                "list_webhooks", "GET", "/api/admin/webhooks", self.page, "Webhooks, without their secrets",
                {200: WebhooksAnswer}, Who.SIGNED_IN, query=WebhooksQuery,
            ),
            Operation(
                "read_webhook", "GET", path, self.read, "One webhook, without its secret", {200: WebhookAnswer},
                Who.SIGNED_IN, params=WEBHOOK_ID, refusals=("not_found",),
            ),
            Operation(
                "change_webhook", "PATCH", path, self.change, "Change a webhook, switch it on or off",
                {200: WebhookAnswer}, Who.SIGNED_IN, body=WebhookChange, params=WEBHOOK_ID, refusals=("not_found",),
            ),
            Operation(
                "remove_webhook", "DELETE", path, self.remove, "Remove a webhook with its deliveries",
                {200: WebhookGone}, Who.SIGNED_IN, params=WEBHOOK_ID, refusals=("not_found",),
            ),
            Operation(
                "rotate_webhook", "POST", f"{path}/rotate", self.rotate,
                "Give a webhook a new secret; the one before signs as well for a while", {200: WebhookAnswer},
                Who.SIGNED_IN, body=RotateSecretBody, body_needed=False, params=WEBHOOK_ID, refusals=("not_found",),
            ),
            Operation(
                "list_deliveries", "GET", f"{path}/deliveries", self.deliveries, "What became of each event",
                {200: DeliveriesAnswer}, Who.SIGNED_IN, query=DeliveriesQuery, params=WEBHOOK_ID,
                refusals=("not_found",),
            ),
            Operation(
                "resend_delivery", "POST", f"{path}/deliveries/{{event}}/resend", self.send_again,
                "Send an event once more, under its old id", {200: SentAgain}, Who.SIGNED_IN,
                params=WEBHOOK_ID | EVENT_ID, refusals=("not_found",),
            ),
        ]  # fmt: skip


def _whose(call: Call) -> str | None:
    """The account whose webhooks the caller may see; None: all. Raises `Refused`."""
    account = key_account(call.caller)
    return None if call.caller.admin else account


def _invalid_url(code: str, detail: str) -> Refused:
    return Refused("invalid_request", detail, errors=[FieldError(pointer="/url", code=code)])
