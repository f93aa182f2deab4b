"""A partner's own server, which is sent webhooks."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runtime.http import HttpServer, listen

HEARD_WITHIN_S = 20


@dataclass
class Partner:
    """Keeps what it is sent, and answers what it is told to."""

    url: str = ""
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hook(self, request: Request) -> Response:
        async with self.heard:
            self.got.append((dict(request.headers), await request.body()))
            self.heard.notify_all()
        return Response(status_code=self.status)

    async def until(self, count: int) -> None:
        """Until so many deliveries have come."""
        async with asyncio.timeout(HEARD_WITHIN_S), self.heard:
            await self.heard.wait_for(lambda: len(self.got) >= count)

    async def until_each(self, events: Collection[str]) -> None:
        """Until each of these events has come, perhaps some of them twice: what is answered late is sent again."""
        async with asyncio.timeout(HEARD_WITHIN_S), self.heard:
            await self.heard.wait_for(lambda: set(events) <= {headers["webhook-id"] for headers, _ in self.got})


@asynccontextmanager
async def partner_server() -> AsyncIterator[Partner]:
    """It is running, at `url`."""
    partner = Partner()
    listener, started = listen("127.0.0.1", 0), asyncio.Event()
    app = Starlette(routes=[Route("/hook", partner.hook, methods=["POST"])])
    server = HttpServer(app, listener, started.set)
    serving = asyncio.create_task(server.run_until_told())
    await started.wait()
    partner.url = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
    try:
        yield partner
    finally:
        await server.stop(serving)
        listener.close()
