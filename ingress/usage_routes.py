"""What API keys ask for: sums, and single requests. An admin sees all, a key sees its own."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Struct
from pydantic import BaseModel, Field

from ingress import bodies
from ingress.asgi import Response
from ingress.callers import require_unlimited
from ingress.feed_routes import key_account
from ingress.moments import Moment
from ingress.operations import Call, Operation, Who
from ingress.paging import AfterNumber, next_link, read_number, write_cursor
from ingress.request_log import HOUR_MS, LoggedRequest, Usage
from ingress.request_table import LinesWanted, RequestTable, UsageWanted
from ticketing.clock import Clock, rfc3339
from ticketing.telling import Answer

PERIODS = {"hour": HOUR_MS, "day": 24 * HOUR_MS}
USAGE_DAYS_DEFAULT = 7
FURTHEST_MS = 2**53

KeyName = Annotated[str, Field(pattern=r"^key_[0-9a-z]{1,48}$")]


class UsageQuery(BaseModel):
    """Sums by hour or day, the newest first; without `from`, of the last seven days."""

    key: KeyName | None = None
    by: Literal["hour", "day"] = "day"
    from_: Annotated[Moment | None, Field(alias="from")] = None
    to: Moment | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    after: AfterNumber | None = None


class LogsQuery(BaseModel):
    """Filters; `operation` is an operationId of this document."""

    key: KeyName | None = None
    operation: Annotated[str, Field(pattern=r"^[a-z_]{1,60}$")] | None = None
    status: Annotated[int, Field(ge=100, le=599)] | None = None
    from_: Annotated[Moment | None, Field(alias="from")] = None
    to: Moment | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    after: AfterNumber | None = None


class UsageLine(Struct, kw_only=True):
    """What a key asked of one call since then, for an hour or a day: `refused` was answered with 4xx, `failed` with
    5xx. Milliseconds are from the request to its answer, waiting for a verdict included."""

    since: str
    key: str
    operation: str
    requests: int
    refused: int
    failed: int
    mean_ms: float
    most_ms: int


class UsageAnswer(Answer, kw_only=True):
    """A page of sums; they are a second old."""

    data: list[UsageLine]
    has_more: bool
    next_cursor: str | None = None


class LogLine(Struct, kw_only=True):
    """One request; `request_id` is what its answer said in X-Request-Id."""

    at: str
    key: str
    operation: str
    method: str
    status: int
    ms: int
    address: str
    user_agent: str
    request_id: str


class LogsAnswer(Answer, kw_only=True):
    """A page of requests, the newest first; they are kept for 30 days, unless the installation says otherwise."""

    data: list[LogLine]
    has_more: bool
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class UsageCalls:
    """What these calls need."""

    table: RequestTable
    clock: Clock

    async def usage(self, call: Call) -> Response:
        """GET /api/admin/usage"""
        query, now_ms = call.asked(UsageQuery), self.clock.now_ms()
        skip = read_number(query.after, 0) % FURTHEST_MS
        from_ms = now_ms - USAGE_DAYS_DEFAULT * PERIODS["day"] if query.from_ is None else _ms(query.from_)
        wanted = UsageWanted(
            period_ms=PERIODS[query.by],
            from_ms=from_ms,
            to_ms=FURTHEST_MS if query.to is None else _ms(query.to),
            key_id=_whose(call, query.key),
            skip=skip,
            limit=query.limit + 1,
        )
        found = await self.table.usage(wanted)
        shown = found[: query.limit]
        cursor = write_cursor(skip + len(shown)) if len(found) > query.limit else None
        answer = UsageAnswer(
            message=f"{sum(it.requests for it in shown)} requests",
            created_at=rfc3339(now_ms),
            data=[_usage_line(it) for it in shown],
            has_more=cursor is not None,
            next_cursor=cursor,
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store"), *next_link(call, cursor)])

    async def logs(self, call: Call) -> Response:
        """GET /api/admin/logs"""
        query = call.asked(LogsQuery)
        asked: dict[str, Any] = {
            "key": _whose(call, query.key),
            "operation": query.operation,
            "status": query.status,
            "from": None if query.from_ is None else _ms(query.from_),
            "to": None if query.to is None else _ms(query.to),
            "before": None if query.after is None else read_number(query.after, 0),
        }
        conditions = {name: value for name, value in asked.items() if value is not None}
        found = await self.table.lines(LinesWanted(conditions, query.limit + 1))
        shown = found[: query.limit]
        cursor = write_cursor(shown[-1][0]) if len(found) > query.limit else None
        answer = LogsAnswer(
            message=f"{len(shown)} requests",
            created_at=rfc3339(self.clock.now_ms()),
            data=[_log_line(line) for _, line in shown],
            has_more=cursor is not None,
            next_cursor=cursor,
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store"), *next_link(call, cursor)])

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        return [
            Operation(
                "usage", "GET", "/api/admin/usage", self.usage,
                "What keys ask for, in sums: for admins of all keys, for a key its own", {200: UsageAnswer},
                Who.SIGNED_IN, query=UsageQuery,
            ),
            Operation(
                "logs", "GET", "/api/admin/logs", self.logs,
                "Single requests of keys: for admins of all, for a key its own", {200: LogsAnswer}, Who.SIGNED_IN,
                query=LogsQuery,
            ),
        ]  # fmt: skip


def _whose(call: Call, key: str | None) -> str | None:
    """The key that is asked about; None: all. Raises `Refused`."""
    own = key_account(call.caller)
    if not call.caller.admin:
        return own
    require_unlimited(call.caller)
    return key


def _ms(moment: Moment) -> int:
    return round(moment.timestamp() * 1000)


def _usage_line(it: Usage) -> UsageLine:
    return UsageLine(
        since=rfc3339(it.hour_ms),
        key=it.key_id,
        operation=it.operation,
        requests=it.requests,
        refused=it.refused,
        failed=it.failed,
        mean_ms=round(it.ms_total / max(1, it.requests), 1),
        most_ms=it.ms_most,
    )


def _log_line(it: LoggedRequest) -> LogLine:
    return LogLine(
        at=rfc3339(it.at_ms),
        key=it.key_id,
        operation=it.operation,
        method=it.method,
        status=it.status,
        ms=it.ms,
        address=it.address,
        user_agent=it.user_agent,
        request_id=it.request_id,
    )
