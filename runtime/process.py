"""A room, or several, as one process: signals, tasks, one HTTP server with health, orderly stop."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.types import ASGIApp

from runtime.settings import ServerSettings

Settings = TypeVar("Settings", bound=ServerSettings)


@dataclass(frozen=True)
class RunningRoom:
    """A room that is open and ready to be run.

    `app` answers every path under `prefixes` (http and websocket). `tasks` are loops that run as long as the process:
    one that raises ends the process. `ready` names the reasons why the room cannot serve now; none means ready.
    `request_stop`: asks the loops to return by themselves, which they get `stop_grace_s` for before they are
    cancelled; without it they are cancelled at once.
    """

    name: str
    app: ASGIApp | None = None
    prefixes: tuple[str, ...] = ()
    tasks: Sequence[Callable[[], Awaitable[None]]] = ()
    ready: Callable[[], list[str]] = field(default=list)
    request_stop: Callable[[], None] | None = None


OpenRoom = Callable[[], AbstractAsyncContextManager[RunningRoom]]


async def serve(
    room_name: str,
    open_room: Callable[[Settings], AbstractAsyncContextManager[RunningRoom]],
    settings: Settings,
    *,
    on_listening: Callable[[int], None] | None = None,
) -> None:
    """Run one room until SIGTERM or SIGINT; see `serve_together`."""
    raise NotImplementedError


async def serve_together(
    rooms: Sequence[OpenRoom],
    host: str,
    port: int,
    *,
    stop_grace_s: float = 10.0,
    on_listening: Callable[[int], None] | None = None,
) -> None:
    """Run several rooms behind one HTTP server until SIGTERM or SIGINT; returns after an orderly stop.

    `rooms`: each opens one room (`functools.partial(open_room, settings)`); opened in order, closed in reverse.
    `on_listening` is told the bound port once requests are answered. `/livez`, `/readyz` and `/metrics` belong to the
    process. A room's loop that raises stops the whole process, and its exception is raised from here.
    """
    raise NotImplementedError


def run(main: Coroutine[Any, Any, None]) -> int:
    """Run `main` on uvloop; the exit code: 0 after an orderly stop, 1 after an exception, which is logged."""
    raise NotImplementedError
