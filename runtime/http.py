"""One uvicorn server inside a process that minds its own signals."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from runtime.direct import DirectLookup, DirectRoutes
from runtime.door import Door, DoorProtocol
from runtime.http_limits import DEFAULTS, HttpLimits
from runtime.websocket import SocketProtocol

MESSAGE_BYTES_MAX = 64 * 1024
"""Largest message a client may send over a socket."""
UNSENT_BYTES_MAX = 32 * 1024
"""What the kernel takes of an answer, or of a socket's frames, beyond what the peer has room for. Left to itself it
takes 3 to 4 MB from whoever writes to a peer that reads nothing, and nobody notices before that."""
ACCEPTS_A_TURN = 32
"""New connections that are taken in one turn of the event loop. libuv takes one for each listening descriptor: with a
single one, whoever comes while the loop is busy waits for as many turns as there are people before them."""
DRAIN_S = 3
"""How long a stopping server waits for open requests and sockets to end."""


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket bound to `host` and `port` (0: a free one). Raises OSError.

    `shared`: other processes of this user that say so as well may listen there, too; the kernel gives each connection
    to one of those that do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Connections inherit both. asyncio (not uvloop) leaves Nagle's algorithm on for a socket that was made without
        # naming its protocol: an answer in two writes then waits 40 ms for the other side's delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX)
        listener.bind((host, port))
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


class HttpServer(uvicorn.Server):
    """Serves `app` on `listener` until `should_exit`; `on_started` is called when requests are answered.

    `direct`: requests that are answered without the application, see `runtime/direct.py`; `doors` answer before
    that, see `runtime/door.py`.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        on_started: Callable[[], None],
        limits: HttpLimits = DEFAULTS,
        direct: DirectRoutes | None = None,
        *,
        doors: Sequence[Door] = (),
    ) -> None:
        protocol = partial(DoorProtocol, limits=limits, direct=DirectLookup(direct or {}), doors=doors)
        super().__init__(
            uvicorn.Config(
                # uvicorn types an application by its own events, starlette by plain dictionaries.
                cast(Any, app),
                http=cast(Any, protocol),
                ws=cast(Any, SocketProtocol),
                ws_max_size=MESSAGE_BYTES_MAX,
                ws_per_message_deflate=False,
                ws_ping_interval=20.0,
                ws_ping_timeout=20.0,
                interface="asgi3",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                # It would believe whoever sits at 127.0.0.1; addresses.py asks who is a proxy of ours.
                proxy_headers=False,
                # Of requests that run; a connection too many is turned away before it has any.
                limit_concurrency=limits.connections_max + 1,
                backlog=4096,
                timeout_keep_alive=limits.idle_s,
                timeout_graceful_shutdown=DRAIN_S,
            )
        )
        self._listener = listener
        self._on_started = on_started

    async def run_until_told(self) -> None:
        """Serve; set `should_exit` to end it."""
        again = [self._listener.dup() for _ in range(ACCEPTS_A_TURN - 1)]
        await self.serve(sockets=[self._listener, *again])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, and tell."""
        await super().startup(sockets)
        self._on_started()

    async def stop(self, task: "asyncio.Task[None]") -> None:
        """End `task`, which runs `run_until_told`: no new connections, open ones get `DRAIN_S`."""
        self.should_exit = True
        done, _ = await asyncio.wait({task}, timeout=DRAIN_S + 2)
        if not done:
            task.cancel()
            await asyncio.wait({task})

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process: it stops its loops, too."""
        yield
