"""A room, or several, as one process: signals, tasks, one HTTP server with health, orderly stop."""

import asyncio
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
import uvloop
from prometheus_client import Histogram
from starlette.types import ASGIApp

from runtime import logs
from runtime.collecting import collect_on
from runtime.direct import DirectRoutes
from runtime.door import Door
from runtime.health import ProcessApp
from runtime.http import HttpServer, listen
from runtime.http_limits import DEFAULTS, HttpLimits
from runtime.metrics_door import open_metrics_door
from runtime.settings import ServerSettings

log = structlog.get_logger(__name__)

LOOP_LAG = Histogram(
    "runtime_event_loop_lag_seconds",
    "How late the event loop wakes a sleeper: the longest that something ran without letting others have a turn.",
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
)
LAG_EVERY_S = 0.1
GC_NEW_OBJECTS = 50_000
"""New container objects between two looks of the cycle collector; by the clock it looks as well (`collecting.py`)."""

Settings = TypeVar("Settings", bound=ServerSettings)


@dataclass(frozen=True)
class RunningRoom:
    """A room that is open and ready to be run.

    `app` answers every path under `prefixes` (http and websocket; none given means all); `direct` comes before it, for
    the few requests that need no ASGI (`runtime/direct.py`), and `doors` before both. `farewell` is called when an
    orderly stop begins, while its connections are still open. `tasks` are loops that run as
    long as the process: one that raises ends the process. `ready` names the reasons why the room cannot serve now;
    none means ready; `degraded` what it does without while it serves on. `request_stop`: asks the loops to return by
    themselves, which they get `stop_grace_s` for before they are cancelled; without it they are cancelled at once.
    """

    name: str
    app: ASGIApp | None = None
    prefixes: tuple[str, ...] = ()
    tasks: Sequence[Callable[[], Awaitable[None]]] = ()
    ready: Callable[[], list[str]] = field(default=list)
    degraded: Callable[[], list[str]] = field(default=list)
    request_stop: Callable[[], None] | None = None
    direct: DirectRoutes = field(default_factory=dict)
    doors: Sequence[Door] = ()
    farewell: Callable[[], None] | None = None


OpenRoom = Callable[[], AbstractAsyncContextManager[RunningRoom]]


async def serve(
    room_name: str,
    open_room: Callable[[Settings], AbstractAsyncContextManager[RunningRoom]],
    settings: Settings,
    *,
    on_listening: Callable[[int], None] | None = None,
) -> None:
    """Run one room until SIGTERM or SIGINT, with the address and logs of its settings; see `serve_together`."""
    logs.configure(settings.log_level, settings.log_json)
    structlog.contextvars.bind_contextvars(room=room_name)
    async with open_metrics_door(settings):
        await serve_together(
            [lambda: open_room(settings)],
            settings.host,
            settings.port,
            port_shared=settings.port_shared,
            limits=settings.http_limits(),
            stop_grace_s=settings.stop_grace_s,
            on_listening=on_listening,
        )


async def serve_together(
    rooms: Sequence[OpenRoom],
    host: str,
    port: int,
    *,
    port_shared: bool = False,
    limits: HttpLimits = DEFAULTS,
    stop_grace_s: float = 10.0,
    on_listening: Callable[[int], None] | None = None,
    listener: socket.socket | None = None,
) -> None:
    """Run several rooms behind one HTTP server until SIGTERM or SIGINT; returns after an orderly stop.

    `rooms`: each opens one room (`functools.partial(open_room, settings)`); opened in order, closed in reverse.
    `port_shared`: other processes may listen on the same port. `limits`: what each HTTP connection is granted.
    `on_listening` is told the bound port once requests are answered. `listener`: bound already, for whoever must know
    the port before; then host and port are only what the log says. `/livez`, `/readyz` and `/metrics` belong to the
    process. A room's loop that raises, or that somebody else cancels, stops the whole process, and its exception is
    raised from here.

    An orderly stop ends HTTP first (`/readyz` says so at once), then the loops, then closes the rooms.
    """
    me = asyncio.current_task()
    assert me is not None
    stopping = asyncio.Event()
    is_open = False

    def stop() -> None:
        stopping.set()
        if not is_open:
            me.cancel()

    with _on_signals(stop):
        try:
            async with AsyncExitStack() as stack:
                running = [await stack.enter_async_context(open_room()) for open_room in rooms]
                is_open = True
                await _run_rooms(
                    running,
                    host,
                    port,
                    port_shared=port_shared,
                    limits=limits,
                    stopping=stopping,
                    stop_grace_s=stop_grace_s,
                    on_listening=on_listening,
                    listener=listener,
                )
        except asyncio.CancelledError:
            if is_open or not stopping.is_set() or me.uncancel() > 0:
                raise
    log.info("process.stopped")


def run(main: Coroutine[Any, Any, None]) -> int:
    """Run `main` on uvloop; the exit code: 0 after an orderly stop, 1 after an exception, which is logged."""
    # What the imports made stays for ever: the cycle collector need not look at it. And it looks less often than its
    # default of 700 new objects, which a batch makes many times over without a single cycle.
    gc.freeze()
    gc.set_threshold(GC_NEW_OBJECTS)
    try:
        uvloop.run(main)
    except KeyboardInterrupt:
        return 130
    except Exception:
        log.critical("process.failed", exc_info=True)
        return 1
    return 0


async def _run_rooms(
    rooms: Sequence[RunningRoom],
    host: str,
    port: int,
    *,
    port_shared: bool,
    limits: HttpLimits,
    stopping: asyncio.Event,
    stop_grace_s: float,
    on_listening: Callable[[int], None] | None,
    listener: socket.socket | None,
) -> None:
    if listener is None:
        listener = listen(host, port, shared=port_shared)
    bound_port: int = listener.getsockname()[1]

    def started() -> None:
        log.info("process.listening", rooms=[room.name for room in rooms], host=host, port=bound_port)
        if on_listening is not None:
            on_listening(bound_port)

    def reasons() -> dict[str, list[str]]:
        own = ["stopping"] if stopping.is_set() else []
        return {"process": own} | {room.name: room.ready() for room in rooms}

    def degraded() -> dict[str, list[str]]:
        return {room.name: room.degraded() for room in rooms}

    routes = {prefix: room.app for room in rooms if room.app is not None for prefix in room.prefixes or ("/",)}
    direct = {route: take for room in rooms for route, take in room.direct.items()}
    doors = [door for room in rooms for door in room.doors]
    app = ProcessApp(routes, reasons, degraded=degraded)
    server = HttpServer(app, listener, started, limits, direct, doors=doors)
    http = asyncio.create_task(server.run_until_told(), name="http")
    own = {asyncio.create_task(_watch_lag(), name="loop lag"), asyncio.create_task(collect_on(), name="collector")}
    loops = {asyncio.create_task(_loop(room, task()), name=room.name): room for room in rooms for task in room.tasks}
    try:
        await _until_stopped({http, *own, *loops}, http, stopping)
    finally:
        stopping.set()
        _bid_farewell(rooms)
        await server.stop(http)
        await _end_loops(loops, stop_grace_s)
        for task in own:
            task.cancel()
        await asyncio.wait(own)
        listener.close()
    for task in (http, *loops):
        if not task.cancelled() and (failure := task.exception()) is not None:
            raise failure


async def _until_stopped(tasks: "set[asyncio.Task[None]]", http: "asyncio.Task[None]", stopping: asyncio.Event) -> None:
    """Return when told to stop, when HTTP ended, or when any task raised, which is logged."""
    told = asyncio.create_task(_awaited(stopping.wait()), name="told to stop")
    pending = {told, *tasks}
    try:
        while True:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not task.cancelled() and (failure := task.exception()) is not None:
                    log.error("process.task_failed", task=task.get_name(), error=repr(failure))
                    return
            if told in done or http in done:
                return
    finally:
        told.cancel()


def _bid_farewell(rooms: Sequence[RunningRoom]) -> None:
    for room in rooms:
        if room.farewell is not None:
            try:
                room.farewell()
            except Exception:
                log.exception("process.no_farewell", room=room.name)


async def _end_loops(loops: "dict[asyncio.Task[None], RunningRoom]", grace_s: float) -> None:
    """Ask those loops to end that can be asked, give them `grace_s`, then cancel whatever is left."""
    asked = set()
    for room in {id(room): room for room in loops.values()}.values():
        if room.request_stop is not None:
            room.request_stop()
            asked |= {task for task, its_room in loops.items() if its_room is room}
    for task in loops.keys() - asked:
        task.cancel()
    if asked:
        _, late = await asyncio.wait(asked, timeout=grace_s)
        for task in late:
            log.warning("process.task_cancelled", task=task.get_name(), after_s=grace_s)
            task.cancel()
    if loops:
        await asyncio.wait(loops)


async def _watch_lag() -> None:
    clock = asyncio.get_running_loop().time
    while True:
        due_s = clock() + LAG_EVERY_S
        await asyncio.sleep(LAG_EVERY_S)
        LOOP_LAG.observe(max(0.0, clock() - due_s))


async def _loop(room: RunningRoom, work: Awaitable[object]) -> None:
    """What a room does all the time. To be cancelled by anybody but us is to fail: a client that takes back what it was
    asked would otherwise end a loop without a word, and the room would go on without it."""
    try:
        await work
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RuntimeError(f"a loop of {room.name} was cancelled by what it waited for") from error


async def _awaited(work: Awaitable[object]) -> None:
    await work


@contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
