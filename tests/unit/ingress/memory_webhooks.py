"""The tables of webhooks, deliveries and events as dictionaries."""

from collections.abc import Sequence
from dataclasses import replace

from ingress.webhook_table import DeliveryRow, EventRow, WebhookRow, WebhookTable


class MemoryWebhooks(WebhookTable):
    """`events`: account -> its feed; `sent`: webhook -> its deliveries, the newest last; `strangers`: accounts that
    there are not."""

    def __init__(self) -> None:
        self.rows: dict[str, WebhookRow] = {}
        self.secrets: dict[str, str] = {}
        self.sent: dict[str, list[DeliveryRow]] = {}
        self.events: dict[str, list[EventRow]] = {}
        self.strangers: set[str] = set()

    async def add(self, row: WebhookRow, secret: str) -> bool:
        if row.account in self.strangers:
            return False
        self.rows[row.webhook_id] = row
        self.secrets[row.webhook_id] = secret
        return True

    async def count(self, account: str) -> int:
        return sum(row.account == account for row in self.rows.values())

    async def read(self, account: str | None, webhook_id: str) -> WebhookRow | None:
        row = self.rows.get(webhook_id)
        return row if row is not None and account in (None, row.account) else None

    async def page(self, account: str | None, after: tuple[int, str], limit: int) -> list[WebhookRow]:
        rows = sorted(self.rows.values(), key=lambda row: (row.created_at_ms, row.webhook_id))
        mine = [row for row in rows if account in (None, row.account)]
        return [row for row in mine if (row.created_at_ms, row.webhook_id) > after][:limit]

    async def change(self, row: WebhookRow) -> None:
        self.rows[row.webhook_id] = row

    async def rotate(self, webhook_id: str, secret: str, previous_ends_at_ms: int) -> None:
        self.secrets[webhook_id] = secret
        self.rows[webhook_id] = replace(self.rows[webhook_id], previous_ends_at_ms=previous_ends_at_ms)

    async def remove(self, webhook_id: str) -> None:
        del self.rows[webhook_id]

    async def deliveries(self, webhook_id: str, before: int, state: str | None, limit: int) -> list[DeliveryRow]:
        rows = [row for row in reversed(self.sent.get(webhook_id, [])) if row.event_no < before]
        return [row for row in rows if state in (None, row.state)][:limit]

    async def send_again(self, webhook_id: str, event_id: str, now_ms: int) -> bool:
        rows = self.sent.get(webhook_id, [])
        self.sent[webhook_id] = [
            replace(row, state="due", attempts=0, due_at_ms=now_ms) if row.event_id == event_id else row for row in rows
        ]
        return any(row.event_id == event_id for row in rows)

    async def feed(self, account: str, after: int, limit: int) -> Sequence[EventRow]:
        return [row for row in self.events.get(account, []) if row.event_no > after][:limit]
