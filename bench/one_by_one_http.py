"""The transaction-per-request design over HTTP, and an empty handler: `python -m bench.one_by_one_http`.

The same HTTP stack as ours, down to the code: uvicorn, ingress's dispatcher, callers, intake and answers. Only the
desk differs: instead of a command on the log and a verdict from it, one transaction on a connection of the pool. The
empty handler is Starlette's own, as people would write it.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, cast

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response as StarletteResponse
from starlette.routing import Route

from bench import one_by_one
from bench.site import Connection
from ingress.answers import tell
from ingress.app import Api
from ingress.asgi import Response
from ingress.callers import Callers, require_sale
from ingress.catalogue import Catalogue
from ingress.condition import Condition
from ingress.forms import Forms
from ingress.key_table import KeyTable
from ingress.keys import KeyCache
from ingress.operations import Call, KeyUse, Operation, Table, Who
from ingress.recording import Recording
from ingress.refusals import Refused, from_rejection
from ingress.request_log import RequestLog
from ingress.rows import new_limiter
from ingress.session_table import SessionTable
from ingress.sessions import Sessions
from ingress.settings import Settings
from ingress.shelf import Shelf
from ingress.verdicts import answered
from runtime import logs
from runtime.addresses import ClientAddresses
from runtime.clusters import Clusters
from runtime.postgres import open_pool
from runtime.process import RunningRoom, run, serve_together
from ticketing import messages, wishes
from ticketing.asks import HoldBody
from ticketing.clock import SystemClock
from ticketing.intake import Rejection
from ticketing.staff import StaffKeys
from ticketing.tokens import TokenKeys
from ticketing.vocabulary import ReservationStatus, parse_show, request_text

POOL_MAX = 20
HOLD_MS = 300_000

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


@dataclass(frozen=True, slots=True)
class Till:
    """`POST /api/reservations`, sold in one transaction."""

    pool: Pool
    shelf: Shelf
    tokens: TokenKeys

    async def hold(self, call: Call) -> Response:
        """As ingress answers it."""
        body = call.read(HoldBody)
        number = parse_show(body.show)
        show = await self.shelf.show(number)
        if show is None:
            raise Refused("show_not_found")
        require_sale(call.caller, show)
        command = wishes.hold(body, show.facts, call.caller.caller, call.sent)
        if isinstance(command, Rejection):
            raise from_rejection(command)
        (ask,) = one_by_one.asks([command])
        async with self.pool.acquire() as connection:
            if not await one_by_one.take(cast(Connection, connection), ask):
                raise Refused("sold_out")
        outcome = messages.SeatsHeld(
            show=number,
            seq=0,
            at_ms=ask.now_ms,
            offset=0,
            account=ask.account,
            reservation=messages.Reservation(
                id=ask.reservation,
                status=ReservationStatus.HELD,
                version=1,
                account=ask.account,
                areas=command.areas,
                prices=(4500,),
                amount=4500 * ask.quantity,
                held_at_ms=ask.now_ms,
                expires_at_ms=ask.now_ms + HOLD_MS,
            ),
        )
        return answered(tell(outcome, show, request_text(0, 0, 0), self.tokens), outcome)


async def empty(_: Request) -> StarletteResponse:
    """Nothing."""
    return StarletteResponse(status_code=201)


@asynccontextmanager
async def open_till(settings: Settings) -> AsyncIterator[RunningRoom]:
    """The transaction-per-request design as a room; the superuser's connections, since the tables are the bench's."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            open_pool(settings.postgres_url, min_size=POOL_MAX, max_size=POOL_MAX, application_name="one by one")
        )
        catalogue = Catalogue(Clusters.alone(pool))
        shelf = Shelf(catalogue.show, catalogue.document, shows_max=100, places_max=1_000_000)
        tokens = TokenKeys(settings.secrets)
        table = KeyTable(pool)
        keys = KeyCache(table.find, table.find_by_id, fresh_ms=5_000, stale_ms=5_000, keys_max=100)
        till = Till(pool, shelf, tokens)
        hold = Operation(
            name="hold",
            method="POST",
            path="/api/reservations",
            handler=till.hold,
            summary="Hold places of areas",
            answers={201: None},
            who=Who.SIGNED_IN,
            key=KeyUse.REQUIRED,
            body=HoldBody,
        )
        api = Api(
            Table([hold]),
            callers=Callers(
                waves={}, keys=keys, tokens=tokens, clock=clock, tokens_max=settings.ingress_tokens_cached_max
            ),
            sessions=Sessions(SessionTable(pool), keys, StaffKeys(settings.secrets), clock),
            limiter=new_limiter(settings, Condition(), clock),
            forms=Forms(clock, os.urandom, settings.ingress_wait_default_s),
            addresses=ClientAddresses(settings.proxies),
            body_deadline_s=settings.ingress_body_deadline_s,
            recording=Recording(RequestLog(settings.ingress_request_log_backlog_max), clock),
            tracing=None,
        )
        yield RunningRoom(name="till", app=cast(Any, api), prefixes=("/api",))


@asynccontextmanager
async def open_empty() -> AsyncIterator[RunningRoom]:
    """The empty handler as a room."""
    app = Starlette(routes=[Route("/empty", empty, methods=["POST"])])
    yield RunningRoom(name="empty", app=app, prefixes=("/empty",))


def main() -> int:
    """The process's exit code."""
    settings = Settings()
    logs.configure(settings.log_level, settings.log_json)
    return run(serve_together([partial(open_till, settings), open_empty], settings.host, settings.port))


if __name__ == "__main__":
    sys.exit(main())
