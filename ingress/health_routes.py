"""How this installation is, as this process sees it: for admins, in more words than /readyz has."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from ingress import bodies
from ingress.asgi import Response
from ingress.condition import Condition
from ingress.operations import Call, Operation, Who
from ticketing.clock import Clock, rfc3339
from ticketing.telling import Answer
from ticketing.vocabulary import show_text

SHOWS_TOLD_MAX = 200


class PartHealth(Struct, kw_only=True, omit_defaults=True):
    """One partition. `status`: `ok`; `silent`, its allocator owes us an answer for `silent_ms`; `refusing`, it says
    that it cannot write."""

    partition: int
    status: str
    silent_ms: int | None = None


class ShowLag(Struct, kw_only=True):
    """How long the oldest undecided command of a show has waited, by its allocator's word."""

    show: str
    lag_ms: int


class HealthAnswer(Answer, kw_only=True):
    """`status`: `ok` or `degraded`, and then why (`reasons`). `shows`: those that lag, up to 200, the worst first."""

    status: str
    postgres: str
    log: str
    reasons: list[str]
    partitions: list[PartHealth]
    shows: list[ShowLag]
    request_log_waiting: int


@dataclass(frozen=True, slots=True)
class HealthCall:
    """What is looked at. `reasons()`: what callers are told to come back for, and what is not shared; `silent_ms`: from
    when on an allocator is silent; `waiting()`: requests that are not in the request log yet."""

    condition: Condition
    reasons: Callable[[], list[str]]
    waiting: Callable[[], int]
    clock: Clock
    elapsed: Clock
    silent_ms: int

    async def read(self, call: Call) -> Response:
        """GET /api/admin/health"""
        condition, now_ms, reasons = self.condition, self.clock.now_ms(), self.reasons()
        parts = sorted(
            {*condition.log_gens, *condition.unanswered_since_ms, *condition.parts_refused, *condition.parts_away}
        )
        lags = sorted(condition.lag_ms.items(), key=lambda lag: (-lag[1], lag[0]))
        answer = HealthAnswer(
            message="All is well" if not reasons else "Something is not as it should be",
            created_at=rfc3339(now_ms),
            status="degraded" if reasons else "ok",
            postgres="away" if condition.postgres_away else "ok",
            log="away" if condition.log_away else "ok",
            reasons=reasons,
            partitions=[self._part(part, self.elapsed.now_ms()) for part in parts],
            shows=[ShowLag(show=show_text(show), lag_ms=lag) for show, lag in lags[:SHOWS_TOLD_MAX] if lag > 0],
            request_log_waiting=self.waiting(),
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store")])

    def _part(self, part: int, elapsed_ms: int) -> PartHealth:
        if self.condition.is_paused(part):
            return PartHealth(partition=part, status="refusing")
        since_ms = self.condition.unanswered_since_ms.get(part)
        if since_ms is not None and elapsed_ms - since_ms > self.silent_ms:
            return PartHealth(partition=part, status="silent", silent_ms=elapsed_ms - since_ms)
        return PartHealth(partition=part, status="ok")

    def operations(self) -> list[Operation]:
        """The row of the table that this module answers."""
        return [
            Operation(
                "health", "GET", "/api/admin/health", self.read, "How the installation is, seen from here",
                {200: HealthAnswer}, Who.ADMIN,
            ),
        ]  # fmt: skip
