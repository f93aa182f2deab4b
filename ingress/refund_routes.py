"""Money that goes back, as admins see it."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Struct
from pydantic import BaseModel, Field

from ingress import bodies
from ingress.asgi import Response
from ingress.callers import require_unlimited
from ingress.operations import Call, KeyUse, Operation, Who
from ingress.paging import AfterId, next_link, read_id, write_cursor
from ingress.refund_table import RefundRow, RefundTable
from ingress.refusals import Refused
from ticketing.clock import Clock, rfc3339
from ticketing.telling import Answer
from ticketing.vocabulary import parse_show, reservation_text, show_text

REFUND_ID = {"refund": "the id of a refund: that of the event that says so, evt_…"}


class RefundQuery(BaseModel):
    """Which refunds: by state, of one show."""

    state: Literal["due", "done", "failed"] | None = None
    show: Annotated[str, Field(pattern=r"^shw_[0-9a-f]{10}$")] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    after: AfterId | None = None


class RefundLine(Struct, kw_only=True, omit_defaults=True):
    """`amount` of the payment `reference` goes back, in minor units of the show's currency. `reason`: a problem's code,
    or `show_cancelled`, `booking_cancelled`, `booking_changed`. `state`: `due` (tried until it is done, next at
    `due_at`), `done`, or `failed`: the provider says no, or has not answered for three days."""

    refund: str
    show: str
    reservation: str
    provider: str
    reference: str
    amount: int
    reason: str
    owner: str
    state: str
    tries: int
    created_at: str
    due_at: str | None = None
    settled_at: str | None = None
    provider_refund: str | None = None
    """What the provider calls it."""
    last_error: str | None = None


class RefundsAnswer(Answer, kw_only=True):
    """A page of refunds, by when they were due first."""

    data: list[RefundLine]
    has_more: bool
    next_cursor: str | None = None


class RefundAnswer(Answer, kw_only=True):
    """One refund."""

    data: RefundLine


@dataclass(frozen=True, slots=True)
class Refunds:
    """What these calls need."""

    table: RefundTable
    clock: Clock

    async def page(self, call: Call) -> Response:
        """GET /api/admin/refunds"""
        require_unlimited(call.caller)
        query = call.asked(RefundQuery)
        show = None if query.show is None else parse_show(query.show)
        rows = await self.table.page(read_id(query.after), query.state, show, query.limit + 1)
        shown, has_more = rows[: query.limit], len(rows) > query.limit
        cursor = write_cursor(shown[-1].created_at_ms, shown[-1].refund_id) if has_more else None
        answer = RefundsAnswer(
            message=f"{len(shown)} refunds",
            created_at=rfc3339(self.clock.now_ms()),
            data=[_line(row) for row in shown],
            has_more=has_more,
            next_cursor=cursor,
        )
        headers = [("cache-control", "no-store"), *next_link(call, cursor)]
        return Response(200, bodies.encode(answer), headers=headers)

    async def retry(self, call: Call) -> Response:
        """POST /api/admin/refunds/{refund}/retry"""
        require_unlimited(call.caller)
        refund, now_ms = call.params["refund"], self.clock.now_ms()
        row = await self.table.retry(refund, now_ms) or await self.table.read(refund)
        if row is None:
            raise Refused("not_found", "there is no such refund")
        answer = RefundAnswer(message=f"The refund is {row.state}", created_at=rfc3339(now_ms), data=_line(row))
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store")])

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        return [
            Operation(
                "refunds", "GET", "/api/admin/refunds", self.page, "Money that goes back, and how far it has come",
                {200: RefundsAnswer}, Who.ADMIN, query=RefundQuery,
            ),
            Operation(
                "retry_refund", "POST", "/api/admin/refunds/{refund}/retry", self.retry,
                "Try a refund again now, under its old name; one that is done or under way stays as it is",
                {200: RefundAnswer}, Who.ADMIN, KeyUse.REQUIRED, params=REFUND_ID, refusals=("not_found",),
            ),
        ]  # fmt: skip


def _line(row: RefundRow) -> RefundLine:
    return RefundLine(
        refund=row.refund_id,
        show=show_text(row.show_id),
        reservation=reservation_text(row.show_id, row.reservation_id),
        provider=row.provider,
        reference=row.reference,
        amount=row.amount,
        reason=row.reason,
        owner=row.owner,
        state=row.state,
        tries=row.tries,
        created_at=rfc3339(row.created_at_ms),
        due_at=rfc3339(row.due_at_ms) if row.state == "due" else None,
        settled_at=None if row.settled_at_ms is None else rfc3339(row.settled_at_ms),
        provider_refund=row.provider_refund,
        last_error=row.last_error or None,
    )
