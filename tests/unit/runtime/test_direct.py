"""Requests that are answered without the application, and those that look alike and are not: on real connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from starlette.types import Message, Receive, Scope, Send

from runtime.direct import DirectRoutes, Exchange
from runtime.http import HttpServer, listen
from runtime.http_limits import DEFAULTS, HttpLimits
from tests.unit.runtime.raw_http import Client, client

pytestmark = pytest.mark.anyio


def post(body: bytes = b"{}", *headers: bytes, target: bytes = b"/direct", version: bytes = b"1.1") -> bytes:
    """A request with its length."""
    lines = (b"POST %b HTTP/%b" % (target, version), b"Host: x", b"Content-Length: %d" % len(body), *headers)
    return b"\r\n".join([*lines, b"", body])


@dataclass
class Counter:
    """What stands at the door: takes direct requests (at once, later, or not at all) beside an application."""

    at_once: bool = True
    takes: bool = True
    open: list[Exchange] = field(default_factory=list)
    seen: list[Exchange] = field(default_factory=list)
    gone: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    to_app: list[tuple[str, bytes, dict[bytes, bytes]]] = field(default_factory=list)

    def routes(self) -> DirectRoutes:
        return {(b"POST", b"/direct"): self.take, (b"POST", b"/halls/{hall}/seats/{seat}"): self.take}

    def take(self, exchange: Exchange) -> bool:
        if not self.takes:
            return False
        exchange.on_gone = self._gone
        self.open.append(exchange)
        self.seen.append(exchange)
        self.came.set()
        if self.at_once:
            self.answer()
        return True

    def answer(self) -> None:
        """Answer the oldest."""
        exchange = self.open.pop(0)
        body = b"direct " + bytes(exchange.body)
        exchange.answer(201, b"x-way: direct\r\ncontent-length: %d\r\n" % len(body), body)

    def _gone(self) -> None:
        self.gone += 1
        self.left.set()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Says the body back."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.to_app.append((scope["path"], body, dict(scope["headers"])))
        said = b"app " + body
        start: Message = {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", b"%d" % len(said))],
        }
        await send(start)
        await send({"type": "http.response.body", "body": said})


@asynccontextmanager
async def serving(
    counter: Counter, limits: HttpLimits = DEFAULTS
) -> AsyncIterator[tuple[int, HttpServer, "asyncio.Task[None]"]]:
    listener, started = listen("127.0.0.1", 0), asyncio.Event()
    server = HttpServer(counter.app, listener, started.set, limits, counter.routes())
    task = asyncio.create_task(server.run_until_told())
    await started.wait()
    try:
        yield listener.getsockname()[1], server, task
    finally:
        await server.stop(task)
        listener.close()


@asynccontextmanager
async def calling(counter: Counter) -> AsyncIterator[Client]:
    async with serving(counter) as (port, _, _), client(port) as caller:
        yield caller


async def said(caller: Client) -> bytes:
    _, _, body = await caller.answer()
    return body


async def test_one_after_the_other_on_one_connection() -> None:
    async with calling(Counter()) as caller:
        for body in (b"one", b"", b"three"):
            await caller.say(post(body))
            status, headers, answer = await caller.answer()
            assert (status, headers[b"x-way"], answer) == (201, b"direct", b"direct " + body)


async def test_whatever_is_not_plain_is_for_the_application() -> None:
    counter = Counter()
    async with calling(counter) as caller:
        for request in (
            post(b"get", target=b"/direct?x=1"),
            post(b"other", target=b"/directly"),
            post(b"old", b"connection: keep-alive", version=b"1.0"),
        ):
            await caller.say(request)
            assert (await said(caller)).startswith(b"app ")
            if b"/1.0" in request:
                assert await caller.rest() == b""
    assert [path for path, _, _ in counter.to_app] == ["/direct", "/directly", "/direct"]
    assert counter.open == []


async def test_a_target_with_names_is_taken_with_its_words_where_it_is_plain() -> None:
    counter = Counter()
    async with calling(counter) as caller:
        for target in (b"/halls/h_1/seats/7", b"/halls/x/seats/%b" % (b"9" * 100)):
            await caller.say(post(b"named", target=target))
            assert await said(caller) == b"direct named"
        for target in (
            b"/halls/{hall}/seats/{seat}",
            b"/halls//seats/7",
            b"/halls/h-1/seats/7",
            b"/halls/a/b/seats/7",
            b"/halls/h_1/seats/7?x=1",
            b"/halls/h_1/seats/7/",
            b"/halls/x/seats/%b" % (b"9" * 101),
        ):
            await caller.say(post(b"named", target=target))
            assert await said(caller) == b"app named", target
    assert [(each.method, dict(each.words)) for each in counter.seen if each.words] == [
        (b"POST", {"hall": b"h_1", "seat": b"7"}),
        (b"POST", {"hall": b"x", "seat": b"9" * 100}),
    ]


async def test_a_body_in_pieces_is_for_the_application_which_gets_all_of_it() -> None:
    counter = Counter()
    async with calling(counter) as caller:
        whole = post(b"0123456789", b"X-Mine: yes")
        for cut in (len(whole) - 10, len(whole) - 4, 30):
            await caller.say(whole[:cut])
            await asyncio.sleep(0.02)  # another read of the server's
            await caller.say(whole[cut:])
            # A head that comes in two pieces is whole with the second one, and its body with it.
            assert await said(caller) == (b"direct " if cut == 30 else b"app ") + b"0123456789"
        await caller.say(post(b"again"))
        assert await said(caller) == b"direct again"
    assert [headers[b"x-mine"] for _, _, headers in counter.to_app] == [b"yes", b"yes"]


async def test_a_body_in_chunks_is_taken_when_it_is_there() -> None:
    async with calling(Counter()) as caller:
        head = b"POST /direct HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        await caller.say(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert await said(caller) == b"direct abcde"


async def test_whoever_asks_whether_to_go_on_is_told_to() -> None:
    async with calling(Counter()) as caller:
        whole = post(b"big", b"Expect: 100-continue")
        await caller.say(whole[:-3])
        async with asyncio.timeout(5):
            assert await caller.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await caller.say(whole[-3:])
        assert await said(caller) == b"app big"


async def test_what_is_not_taken_goes_to_the_application_as_it_came() -> None:
    counter = Counter(takes=False)
    async with calling(counter) as caller:
        await caller.say(post(b"body", b"X-Mine: yes") + post(b"next"))
        assert [await said(caller), await said(caller)] == [b"app body", b"app next"]
    assert counter.to_app[0][2][b"x-mine"] == b"yes"


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    counter = Counter(at_once=False)
    async with calling(counter) as caller:
        await caller.say(post(b"first") + post(b"second") + post(b"third", target=b"/x"))
        await counter.came.wait()
        await asyncio.sleep(0.02)  # the others have every chance to overtake
        assert counter.to_app == []
        counter.answer()
        assert [await said(caller) for _ in range(3)] == [b"direct first", b"app second", b"app third"]
        await caller.say(post(b"fourth"))
        await asyncio.sleep(0.02)
        counter.answer()
        assert await said(caller) == b"direct fourth"


async def test_a_direct_request_waits_for_an_answer_of_the_application() -> None:
    async with calling(Counter()) as caller:
        await caller.say(post(b"slow", target=b"/x") + post(b"fast"))
        assert [await said(caller), await said(caller)] == [b"app slow", b"app fast"]


async def test_nothing_behind_the_wish_to_close_is_done() -> None:
    counter = Counter()
    async with calling(counter) as caller:
        await caller.say(post(b"last", b"Connection: close") + post(b"beyond") + post(b"beyond", target=b"/x"))
        status, headers, body = await caller.answer()
        assert (status, headers[b"connection"], body) == (201, b"close", b"direct last")
        assert await caller.rest() == b""
    assert (counter.open, counter.to_app) == ([], [])


async def test_whoever_hangs_up_is_not_waited_for() -> None:
    counter = Counter(at_once=False)
    async with serving(counter) as (port, _, _):
        async with client(port) as caller:
            await caller.say(post())
            await counter.came.wait()
        async with asyncio.timeout(5):
            await counter.left.wait()
        counter.answer()
        assert counter.gone == 1
        async with client(port) as other:
            await other.say(post(b"x"))
            await asyncio.sleep(0.02)
            counter.answer()
            assert await said(other) == b"direct x"
    assert counter.gone == 1


async def test_an_orderly_stop_waits_for_the_answer_and_closes_behind_it() -> None:
    counter = Counter(at_once=False)
    async with serving(counter) as (port, server, task), client(port) as caller:
        await caller.say(post(b"x"))
        await counter.came.wait()
        stopping = asyncio.create_task(server.stop(task))
        await asyncio.sleep(0.2)  # uvicorn looks for its connections every tenth of a second
        assert not stopping.done()
        counter.answer()
        status, headers, _ = await caller.answer()
        assert (status, headers[b"connection"]) == (201, b"close")
        assert await caller.rest() == b""
        await stopping


async def test_nonsense_behind_a_request_does_not_take_its_answer_away() -> None:
    counter = Counter(at_once=False)
    async with calling(counter) as caller:
        await caller.say(post(b"x"))
        await counter.came.wait()
        await caller.say(b"NONSENSE\r\n\r\n")
        # As with the application: the connection ends, and who works for it is told so.
        await caller.rest()
        async with asyncio.timeout(5):
            await counter.left.wait()
        counter.answer()
    assert counter.gone == 1


async def test_a_connection_ends_when_it_has_been_idle_for_long_enough_and_not_while_it_is_used() -> None:
    counter = Counter(at_once=False)
    limits = HttpLimits(head_s=0.3, idle_s=1)
    loop = asyncio.get_running_loop()
    answered_s = loop.time()
    async with serving(counter, limits) as (port, _, _), client(port) as caller, asyncio.timeout(15):
        for wait_s in (0.7, 0.7, 1.5):
            await caller.say(post(b"x"))
            await counter.came.wait()
            counter.came.clear()
            if wait_s > limits.idle_s:
                await asyncio.sleep(wait_s)  # the server is the one who takes time
            counter.answer()
            assert await said(caller) == b"direct x"
            answered_s = loop.time()
            if wait_s < limits.idle_s:
                await asyncio.sleep(wait_s)  # idle, but not for as long as is allowed
        assert await caller.rest() == b""
        assert 0.9 < loop.time() - answered_s < 2


async def test_an_idle_connection_may_go_from_one_way_to_the_other() -> None:
    async with serving(Counter(), HttpLimits(idle_s=1)) as (port, _, _), client(port) as caller, asyncio.timeout(15):
        for target in (b"/direct", b"/x", b"/direct", b"/x"):
            await caller.say(post(b"y", target=target))
            assert (await said(caller)).endswith(b" y")
            await asyncio.sleep(0.6)  # together longer than a connection may be idle
        assert await caller.rest() == b""
