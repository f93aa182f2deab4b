"""The table of refunds as a dictionary."""

from collections.abc import Sequence
from dataclasses import replace

from ingress.refund_table import RefundRow, RefundTable


class MemoryRefunds(RefundTable):
    """`claimed`: those that a notifier is at."""

    def __init__(self) -> None:
        self.rows: dict[str, RefundRow] = {}
        self.claimed: set[str] = set()

    async def page(
        self, after: tuple[int, str], state: str | None, show: int | None, limit: int
    ) -> Sequence[RefundRow]:
        rows = sorted(self.rows.values(), key=lambda row: (row.created_at_ms, row.refund_id))
        found = [row for row in rows if state in (None, row.state) and show in (None, row.show_id)]
        return [row for row in found if (row.created_at_ms, row.refund_id) > after][:limit]

    async def read(self, refund_id: str) -> RefundRow | None:
        return self.rows.get(refund_id)

    async def retry(self, refund_id: str, now_ms: int) -> RefundRow | None:
        row = self.rows.get(refund_id)
        if row is None or row.state == "done" or refund_id in self.claimed:
            return None
        self.rows[refund_id] = replace(row, state="due", tries=0, due_at_ms=now_ms, settled_at_ms=None)
        return self.rows[refund_id]
