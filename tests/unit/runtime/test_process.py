"""Rooms as a process: who answers which path, what a stop looks like, what a failed loop does."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from runtime.health import ProcessApp
from runtime.process import OpenRoom, RunningRoom, run, serve_together


def room_app(name: str) -> ASGIApp:
    """Says its name on every path, and on every socket until it is closed."""

    async def say(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(name)

    async def talk(caller: WebSocket) -> None:
        await caller.accept()
        await caller.send_text(name)
        await caller.receive_text()

    return Starlette(routes=[WebSocketRoute("/{path:path}", talk), Route("/{path:path}", say)])


@dataclass
class Story:
    """What happened, in order."""

    events: list[str] = field(default_factory=list)

    def room(
        self,
        name: str,
        *tasks: Callable[[], Awaitable[None]],
        request_stop: Callable[[], None] | None = None,
        reasons: tuple[str, ...] = (),
    ) -> OpenRoom:
        """A room that notes when it is opened and closed."""

        @asynccontextmanager
        async def opened() -> AsyncIterator[RunningRoom]:
            self.events.append(f"{name} open")
            try:
                yield RunningRoom(
                    name=name,
                    app=room_app(name),
                    prefixes=(f"/{name}",),
                    tasks=tasks,
                    ready=lambda: list(reasons),
                    request_stop=request_stop,
                )
            finally:
                self.events.append(f"{name} closed")

        return opened

    async def until_cancelled(self) -> None:
        """A loop that only a cancellation ends."""
        try:
            await asyncio.Event().wait()
        finally:
            self.events.append("loop cancelled")


async def listening(*rooms: OpenRoom, stop_grace_s: float = 5.0) -> "tuple[asyncio.Task[None], int]":
    """The process as a task of this test, and the port it answers on."""
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    process = asyncio.create_task(
        serve_together(rooms, "127.0.0.1", 0, stop_grace_s=stop_grace_s, on_listening=port.set_result)
    )
    async with asyncio.timeout(10):
        return process, await port


def browser(app: ASGIApp) -> httpx.AsyncClient:
    """Talks to an application without a server between."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def first_word_on(app: ASGIApp, path: str) -> Message:
    """What an application does with a socket that is opened at `path` and then closed."""
    told: list[Message] = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
    said: list[Message] = []

    async def receive() -> Message:
        return told.pop(0)

    async def send(message: Message) -> None:
        said.append(message)

    scope = {"type": "websocket", "path": path, "headers": [], "query_string": b"", "subprotocols": []}
    with suppress(WebSocketDisconnect):
        await app(scope, receive, send)
    return next(message for message in said if message["type"] != "websocket.accept")


async def test_paths_go_to_the_room_with_the_longest_prefix() -> None:
    routes = {prefix: room_app(prefix) for prefix in ("/api", "/api/room", "/")}
    app = ProcessApp(routes, lambda: {}, CollectorRegistry())
    async with browser(app) as client:
        paths = ("/api", "/api/x", "/api/room/1", "/apix", "/", "/api/roomy")
        found = {path: (await client.get(path)).text for path in paths}
    assert await first_word_on(app, "/api/room/ws") == {"type": "websocket.send", "text": "/api/room"}
    assert found == {
        "/api": "/api",
        "/api/x": "/api",
        "/api/room/1": "/api/room",
        "/apix": "/",
        "/": "/",
        "/api/roomy": "/api",
    }


async def test_what_belongs_to_nobody_is_refused() -> None:
    app = ProcessApp({"/api": room_app("api")}, lambda: {}, CollectorRegistry())
    async with browser(app) as client:
        answer = await client.get("/other")
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await first_word_on(app, "/other"))["type"] == "websocket.close"


async def test_health_says_who_is_not_ready_and_why() -> None:
    reasons: dict[str, list[str]] = {"allocator": ["Postgres is away"], "ingress": []}
    registry = CollectorRegistry()
    Counter("sold", "Seats sold.", registry=registry).inc(3)
    async with browser(ProcessApp({}, lambda: reasons, registry)) as client:
        not_ready = await client.get("/readyz")
        assert (not_ready.status_code, not_ready.json()["reasons"]) == (503, {"allocator": ["Postgres is away"]})
        reasons["allocator"] = []
        assert [(await client.get(path)).status_code for path in ("/readyz", "/livez")] == [200, 200]
        assert "sold_total 3.0" in (await client.get("/metrics")).text
        assert (await client.post("/livez")).status_code == 405


async def test_who_serves_on_without_something_is_ready_and_says_so() -> None:
    lacks: dict[str, list[str]] = {"ingress": ["sales are paused"], "web": []}
    reasons: dict[str, list[str]] = {}
    async with browser(ProcessApp({}, lambda: reasons, CollectorRegistry(), degraded=lambda: lacks)) as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()) == (
            200, {"status": "degraded", "reasons": {}, "degraded": {"ingress": ["sales are paused"]}},
        )  # fmt: skip
        reasons["web"] = ["not yet"]
        assert (await client.get("/readyz")).json()["status"] == "not ready"
        reasons["web"] = lacks["ingress"] = []
        assert (await client.get("/readyz")).json()["status"] == "ready"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_http_then_loops_then_rooms(number: signal.Signals) -> None:
    story, stopping = Story(), asyncio.Event()

    async def polite() -> None:
        await stopping.wait()
        story.events.append("loop ended")

    process, port = await listening(
        story.room("first", story.until_cancelled), story.room("second", polite, request_stop=stopping.set)
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert [(await client.get(path)).text for path in ("/first", "/second/x")] == ["first", "second"]
        headers = (await client.get("/first")).headers
        assert "server" not in headers and "date" not in headers
        assert (await client.get("/readyz")).status_code == 200
        assert "runtime_event_loop_lag_seconds_count" in (await client.get("/metrics")).text
    async with connect(f"ws://127.0.0.1:{port}/second/ws") as talk:
        assert await talk.recv() == "second"
        assert talk.response is not None and "Sec-WebSocket-Extensions" not in talk.response.headers
        os.kill(os.getpid(), number)
        with pytest.raises(ConnectionClosed):
            await talk.recv()
    await process
    assert story.events[:2] == ["first open", "second open"]
    assert sorted(story.events[2:4]) == ["loop cancelled", "loop ended"]
    assert story.events[4:] == ["second closed", "first closed"]
    with pytest.raises(OSError, match="onnect"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_loop_that_fails_ends_the_process_with_its_reason() -> None:
    story, fail = Story(), asyncio.Event()

    async def failing() -> None:
        await fail.wait()
        raise RuntimeError("the tables differ")

    process, _port = await listening(story.room("one", failing, story.until_cancelled))
    fail.set()
    with pytest.raises(RuntimeError, match="the tables differ"):
        await process
    assert story.events == ["one open", "loop cancelled", "one closed"]


async def test_a_loop_that_somebody_else_cancelled_ends_the_process_too() -> None:
    story, fail = Story(), asyncio.Event()

    async def awaiting() -> None:
        await fail.wait()
        taken_back = asyncio.get_running_loop().create_future()
        taken_back.cancel()
        await taken_back

    process, _port = await listening(story.room("one", awaiting, story.until_cancelled))
    fail.set()
    with pytest.raises(RuntimeError, match="a loop of one was cancelled"):
        await process
    assert story.events == ["one open", "loop cancelled", "one closed"]


async def test_a_loop_that_ends_by_itself_ends_nothing() -> None:
    story = Story()

    async def short() -> None:
        story.events.append("done")

    process, port = await listening(story.room("one", short))
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/one")).text == "one"
    os.kill(os.getpid(), signal.SIGTERM)
    await process
    assert story.events == ["one open", "done", "one closed"]


async def test_a_loop_that_does_not_heed_the_request_is_cancelled_after_the_grace() -> None:
    story = Story()
    process, _port = await listening(
        story.room("one", story.until_cancelled, request_stop=lambda: story.events.append("asked")), stop_grace_s=0.1
    )
    os.kill(os.getpid(), signal.SIGTERM)
    await process
    assert story.events == ["one open", "asked", "loop cancelled", "one closed"]


async def test_a_signal_while_opening_closes_what_is_open() -> None:
    story, reached = Story(), asyncio.Event()

    @asynccontextmanager
    async def never_opens() -> AsyncIterator[RunningRoom]:
        reached.set()
        await asyncio.Event().wait()
        yield RunningRoom("never")

    process = asyncio.create_task(serve_together([story.room("one"), never_opens], "127.0.0.1", 0))
    await reached.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    await process
    assert story.events == ["one open", "one closed"]


async def test_a_room_that_cannot_open_closes_the_others_and_says_why() -> None:
    story = Story()

    def broken() -> AbstractAsyncContextManager[RunningRoom]:
        raise OSError("no broker")

    with pytest.raises(OSError, match="no broker"):
        await serve_together([story.room("one"), broken], "127.0.0.1", 0)
    assert story.events == ["one open", "one closed"]


async def test_a_port_that_is_taken_is_an_error() -> None:
    story = Story()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        await serve_together([story.room("one")], "127.0.0.1", taken.getsockname()[1])
    assert story.events == ["one open", "one closed"]


def test_the_exit_code_tells_an_orderly_stop_from_a_failure() -> None:
    async def fine() -> None:
        return

    async def broken() -> None:
        raise RuntimeError("no")

    assert (run(fine()), run(broken())) == (0, 1)
