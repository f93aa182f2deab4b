"""A door answers before anything is parsed, where a request may begin and nowhere else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest
from starlette.types import Receive, Scope, Send

from runtime.door import REFUSALS_A_TURN, SHARE_A_TURN, Door, DoorProtocol, Refusals
from runtime.http import HttpServer, listen
from runtime.http_limits import HttpLimits

pytestmark = pytest.mark.anyio

GET = b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"
IDLE_S = 1


class Room:
    """Echoes bodies; answers only when `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message.get("body", b""), message.get("more_body", False)
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


def door(data: bytes) -> bytes | None:
    """Turns away whoever asks for /x."""
    return BUSY if data == GET else None


@asynccontextmanager
async def caller(room: Room) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    listener, started = listen("127.0.0.1", 0), asyncio.Event()
    server = HttpServer(room, listener, started.set, HttpLimits(head_s=IDLE_S / 2, idle_s=IDLE_S), doors=[Door(door)])
    task = asyncio.create_task(server.run_until_told())
    await started.wait()
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        room.go.set()
        await server.stop(task)
        listener.close()


async def test_the_connection_goes_on_after_a_refusal() -> None:
    async with caller(Room()) as (reader, writer), asyncio.timeout(5):
        for _ in range(2):
            writer.write(GET)
            assert await reader.readexactly(len(BUSY)) == BUSY
            writer.write(GET.replace(b"/x", b"/y"))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


async def test_whoever_is_refused_is_not_taken_for_somebody_who_says_nothing() -> None:
    async with caller(Room()) as (reader, writer), asyncio.timeout(10):
        for _ in range(4):
            writer.write(GET)
            assert await reader.readexactly(len(BUSY)) == BUSY
            await asyncio.sleep(IDLE_S / 2)
        began_s = asyncio.get_running_loop().time()
        assert await reader.read() == b""
        assert asyncio.get_running_loop().time() - began_s < 2 * IDLE_S


async def test_after_a_refusal_the_door_is_asked_where_a_request_begins_and_nowhere_else() -> None:
    room = Room()
    async with caller(room) as (reader, writer), asyncio.timeout(5):
        writer.write(GET)
        assert await reader.readexactly(len(BUSY)) == BUSY
        room.go.clear()
        for piece in (GET.replace(b"/x", b"/y"), GET):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)  # two reads at the server
        room.go.set()
        for _ in range(2):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.write(GET)
        assert await reader.readexactly(len(BUSY)) == BUSY
        for piece in (b"POST /y HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(GET), GET):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert await reader.readexactly(len(GET)) == GET


async def test_a_body_is_a_body_whatever_it_looks_like() -> None:
    async with caller(Room()) as (reader, writer), asyncio.timeout(5):
        writer.write(b"POST /y HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(GET))
        # Two reads at the server: its loop must have had the first one before the second is sent.
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(GET)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert await reader.readexactly(len(GET)) == GET


async def test_answers_keep_the_order_of_the_requests() -> None:
    room = Room()
    room.go.clear()
    async with caller(room) as (reader, writer), asyncio.timeout(5):
        writer.write(GET.replace(b"/x", b"/y"))
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(GET)
        await asyncio.sleep(0.05)
        room.go.set()
        for _ in range(2):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


class Refused:
    """Stands for a connection that is refused; notes in `told` when it is told so."""

    def __init__(self, name: int, told: list[int | str], loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop or asyncio.get_running_loop()
        self._name = name
        self._told = told

    def tell_refused(self) -> None:
        self._told.append(self._name)


async def test_a_crowd_is_told_in_its_order_and_leaves_every_turn_to_others() -> None:
    refusals, told = Refusals(), list[int | str]()
    for number in range(2 * REFUSALS_A_TURN + 1):
        refusals.add(cast(DoorProtocol, Refused(number, told)))
    assert not told
    others = 0
    while len(told) - others <= 2 * REFUSALS_A_TURN:
        before = len(told)
        await asyncio.sleep(0)
        assert 0 < len(told) - before <= REFUSALS_A_TURN
        told.append("somebody else")
        others += 1
    assert others == 3
    assert [each for each in told if each != "somebody else"] == list(range(2 * REFUSALS_A_TURN + 1))


async def test_however_many_come_each_turn_those_who_wait_for_their_refusal_do_not_become_ever_more() -> None:
    refusals, told = Refusals(), list[int | str]()
    a_turn, came = 3 * REFUSALS_A_TURN, 0
    for _ in range(50):
        for number in range(came, came + a_turn):
            refusals.add(cast(DoorProtocol, Refused(number, told)))
        came += a_turn
        await asyncio.sleep(0)
        assert came - len(told) < SHARE_A_TURN * a_turn
    assert told == list(range(len(told)))


async def test_a_new_crowd_is_told_after_the_first_has_gone() -> None:
    refusals, told = Refusals(), list[int | str]()
    for number in range(2):
        refusals.add(cast(DoorProtocol, Refused(number, told)))
        await asyncio.sleep(0)
        assert told == list(range(number + 1))


class Later:
    """Stands for a loop; calls only what is called later, each time that it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, after_s: float, do: Callable[[], None]) -> None:
        self.asked.append((after_s, do))

    def pass_time(self) -> float:
        """To the next call; how much time that is."""
        after_s, do = self.asked.pop()
        do()
        return after_s


def test_where_there_is_a_pause_some_are_told_after_each() -> None:
    later, told = Later(), list[int | str]()
    refusals = Refusals(0.1)
    for number in range(2 * REFUSALS_A_TURN + 1):
        refusals.add(cast(DoorProtocol, Refused(number, told, cast(asyncio.AbstractEventLoop, later))))
    assert not told
    for several in (1, 2):
        assert later.pass_time() == 0.1
        assert told == list(range(several * REFUSALS_A_TURN))
    later.pass_time()
    assert told == list(range(2 * REFUSALS_A_TURN + 1))
    assert not later.asked


async def test_whoever_says_no_more_is_told_all_the_same() -> None:
    async with caller(Room()) as (reader, writer), asyncio.timeout(5):
        writer.write(GET)
        writer.write_eof()
        assert await reader.read() == BUSY


async def test_whoever_asks_on_is_told_in_the_order_of_asking() -> None:
    listener, started = listen("127.0.0.1", 0), asyncio.Event()
    never = Never()
    server = HttpServer(Room(), listener, started.set, doors=[Door(door, never)])
    task = asyncio.create_task(server.run_until_told())
    await started.wait()
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    async with asyncio.timeout(5):
        for number in range(1, 3):
            writer.write(GET)
            await never.until(number)
        writer.write(GET.replace(b"/x", b"/y"))
        assert await reader.readexactly(2 * len(BUSY)) == 2 * BUSY
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.write(GET)
        await never.until(3)
        await server.stop(task)
        assert await reader.read() == BUSY
    writer.close()
    listener.close()


class Never(Refusals):
    """Does not come to telling anybody by itself."""

    def __init__(self) -> None:
        self._count = 0
        self._more = asyncio.Event()

    def add(self, refused: DoorProtocol) -> None:
        self._count += 1
        self._more.set()

    async def until(self, count: int) -> None:
        """Return when `count` were refused."""
        while self._count < count:
            self._more.clear()
            await self._more.wait()
