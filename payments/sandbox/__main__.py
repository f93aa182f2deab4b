"""`python -m payments.sandbox`: the sandbox alone in a process. For trying things out only: whoever can open its pages
can pay with nothing."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from payments.sandbox.app import sandbox_app
from payments.sandbox.book import Book
from payments.sandbox.client import REQUEST_S, access_token, notice_secret
from payments.sandbox.telling import Teller
from payments.settings import PaymentSettings
from runtime import logs
from runtime.postgres import open_pool, room_url
from runtime.process import RunningRoom, run, serve
from ticketing.clock import SystemClock

ROOM = "sandbox"


@asynccontextmanager
async def open_room(settings: PaymentSettings) -> AsyncIterator[RunningRoom]:
    """The room with its connections, which are closed on the way out."""
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            open_pool(
                room_url(settings.postgres_url, f"onsale_{ROOM}", settings.secrets[0]),
                min_size=1,
                max_size=4,
                application_name=ROOM,
                statement_timeout_s=settings.postgres_statement_timeout_s,
                lock_timeout_s=settings.postgres_lock_timeout_s,
            )
        )
        clock, book = SystemClock(), Book(pool)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=2 * REQUEST_S, trust_env=False))
        teller = Teller(book=book, http=http, clock=clock, secret=notice_secret(settings.secrets[0]))
        access = tuple(access_token(secret) for secret in settings.secrets)
        yield RunningRoom(name=ROOM, app=sandbox_app(book, clock, access), prefixes=("/sandbox",), tasks=[teller.run])


def main() -> int:
    """Run until told to stop."""
    settings = PaymentSettings()
    logs.configure(settings.log_level, settings.log_json)
    return run(serve(ROOM, open_room, settings))


if __name__ == "__main__":
    sys.exit(main())
