"""What a connection may cost: raw sockets against the server, with bounds that are short for a test."""

import asyncio
import json

import msgspec
import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect

from ingress.refusals import ProblemAnswer
from runtime.http_limits import Fault
from tests.unit.runtime.raw_http import Client, Room, client, serving
from ticketing.problems import PROBLEMS

SHORT_S = 0.15
GET = b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n"


async def refused(caller: Client) -> str:
    """The code of the problem with which the server ends the connection."""
    status, headers, body = await caller.answer()
    problem = json.loads(body)
    assert headers[b"content-type"] == b"application/problem+json" and headers[b"connection"] == b"close"
    assert headers[b"x-request-id"].decode() == problem["request_id"]
    assert problem["status"] == status == PROBLEMS[problem["code"]].status
    assert problem["retryable"] == PROBLEMS[problem["code"]].retryable
    assert await caller.rest() == b""
    code: str = problem["code"]
    return code


async def trickle(caller: Client, raw: bytes) -> None:
    """A byte at a time, each well within the bound; ends when the server does."""
    for byte in raw:
        try:
            await caller.say(bytes([byte]))
        except OSError:
            return
        await asyncio.sleep(SHORT_S / 10)


def test_each_fault_is_a_documented_problem() -> None:
    for fault in Fault:
        said = msgspec.json.decode(fault.answer().partition(b"\r\n\r\n")[2], type=ProblemAnswer, strict=True)
        known = PROBLEMS[fault.code]
        assert (said.status, said.title, said.code) == (known.status, known.title, fault.code)
        assert (said.retryable, said.retry_after_s is not None) == (known.retryable, fault.status == 503)


async def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    async with serving(Room(), head_s=SHORT_S) as port, client(port) as caller:
        assert await caller.rest() == b""


@pytest.mark.parametrize("before", [b"", GET], ids=["first request", "second request"])
async def test_a_head_that_trickles_is_cut_off(before: bytes) -> None:
    room = Room()
    async with serving(room, head_s=SHORT_S) as port, client(port) as caller:
        if before:
            await caller.say(before)
            assert (await caller.answer())[0] == 200
        trickling = asyncio.create_task(trickle(caller, b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 1_000))
        assert await refused(caller) == "headers_too_slow"
        await trickling
    assert len(room.bodies) == (1 if before else 0)


async def test_empty_lines_keep_no_connection_open() -> None:
    async with serving(Room(), head_s=SHORT_S) as port, client(port) as caller:
        await caller.say(GET)
        assert (await caller.answer())[0] == 200
        trickling = asyncio.create_task(trickle(caller, b"\r\n" * 1_000))
        assert await caller.rest() == b""
        await trickling


@pytest.mark.parametrize("path", [b"/x", b"/direct"])
async def test_a_body_that_trickles_is_cut_off_and_the_room_is_told(path: bytes) -> None:
    room = Room()
    async with serving(room, body_s=SHORT_S) as port, client(port) as caller:
        await caller.say(b"POST " + path + b" HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n")
        trickling = asyncio.create_task(trickle(caller, b"a" * 1_000))
        assert await refused(caller) == "body_too_slow"
        await trickling
        async with asyncio.timeout(5):
            await room.ended.wait()
    assert room.bodies == []


async def test_a_route_below_the_application_has_the_same_bounds() -> None:
    room = Room()
    whole = b"POST /direct HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"
    async with serving(room, head_s=SHORT_S, idle_s=5) as port:
        async with client(port) as caller:
            await caller.say(whole)
            assert (await caller.answer())[2] == b"direct"
            trickling = asyncio.create_task(trickle(caller, whole.replace(b"host: x", b"x: " + b"y" * 500)))
            assert await refused(caller) == "headers_too_slow"
            await trickling
        async with client(port) as caller:
            await caller.say(whole.replace(b"host: x", b"x: " + b"y" * 32_768))
            assert await refused(caller) == "headers_too_large"
        async with client(port) as caller:
            await caller.say(whole)
            assert (await caller.answer())[2] == b"direct"
            await asyncio.sleep(SHORT_S * 2)
            await caller.say(whole)
            assert (await caller.answer())[2] == b"direct"
    assert room.bodies == []


async def test_a_body_that_nobody_wants_is_not_waited_for() -> None:
    async with serving(Room(unread=True), head_s=SHORT_S) as port, client(port) as caller:
        await caller.say(b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n")
        assert (await caller.answer())[0] == 200
        trickling = asyncio.create_task(trickle(caller, b"a" * 1_000))
        assert await caller.rest() == b""
        await trickling


async def test_who_is_slow_within_the_bounds_is_served() -> None:
    room = Room()
    async with serving(room) as port, client(port) as caller:
        await trickle(caller, b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc")
        assert (await caller.answer())[2] == b"fine"
        await caller.say(GET + GET)
        assert [(await caller.answer())[0] for _ in range(2)] == [200, 200]
    assert room.bodies == [3, 0, 0]


async def test_a_room_takes_longer_than_any_client_may() -> None:
    release = asyncio.Event()

    async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
        await release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async with serving(slow, head_s=SHORT_S, body_s=SHORT_S) as port, client(port) as caller:  # type: ignore[arg-type]
        await caller.say(GET)
        await asyncio.sleep(SHORT_S * 3)
        release.set()
        assert (await caller.answer())[0] == 200


async def test_an_answer_that_nobody_reads_is_given_up() -> None:
    room = Room()
    async with serving(room, unread_s=SHORT_S) as port, client(port) as caller:
        await caller.say(b"GET /huge HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.sleep(SHORT_S * 4)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await caller.answer()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"GET /" + b"a" * 8_192 + b" HTTP/1.1\r\nhost: x\r\n\r\n", "url_too_long"),
        (b"GET /x HTTP/1.1\r\nx: " + b"y" * 32_768 + b"\r\n\r\n", "headers_too_large"),
        (b"GET /x HTTP/1.1\r\n" + b"x: y\r\n" * 101 + b"\r\n", "headers_too_large"),
        (b"\x00\xff nonsense\r\n\r\n", "request_malformed"),
        (b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", "request_malformed"),
        (
            b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "request_malformed",
        ),
    ],
    ids=["url", "one header", "many headers", "nonsense", "negative length", "two lengths"],
)
async def test_a_head_beyond_measure_is_refused(raw: bytes, code: str) -> None:
    room = Room()
    async with serving(room) as port, client(port) as caller:
        await caller.say(raw)
        assert await refused(caller) == code
    assert room.bodies == []


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /x HTTP/1.1\r\nx: ",
        b"GET /x HTTP/1.1\r\n",
        b"POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: ",
    ],
    ids=["value", "name", "trailer"],
)
async def test_a_line_without_an_end_is_not_kept(beginning: bytes) -> None:
    async with serving(Room(), linger_s=5) as port, client(port) as caller:
        await caller.say(beginning)
        # In many reads: what comes in one is the parser's before anybody can count it.
        for _ in range(100):
            await caller.say(b"y" * 4_096)
            await asyncio.sleep(0)
        assert await refused(caller) == "headers_too_large"


async def test_who_goes_on_sending_can_read_why_it_was_refused() -> None:
    async with serving(Room(), linger_s=5) as port, client(port) as caller:
        await caller.say(b"GET /x HTTP/1.1\r\nx: " + b"y" * 200_000)
        for _ in range(10):
            await asyncio.sleep(SHORT_S / 10)
            await caller.say(b"y" * 4_096)
        # Had the server closed at once, what was said after that would have reset the connection by now.
        assert await refused(caller) == "headers_too_large"


async def test_who_goes_on_sending_for_ever_is_cut_off() -> None:
    async with serving(Room(), linger_s=SHORT_S) as port, client(port) as caller:
        await caller.say(b"nonsense\r\n\r\n")
        assert await refused(caller) == "request_malformed"
        async with asyncio.timeout(5):
            with pytest.raises(ConnectionError):
                while True:
                    await caller.say(b"y" * 1_000)
                    await asyncio.sleep(0.01)


async def test_the_largest_head_that_is_allowed_is_served() -> None:
    room = Room()
    async with serving(room) as port, client(port) as caller:
        await caller.say(b"GET /" + b"a" * 8_000 + b" HTTP/1.1\r\n" + b"x: " + b"y" * 30_000 + b"\r\n\r\n")
        assert (await caller.answer())[0] == 200


async def test_one_connection_too_many_is_sent_away_and_the_others_stay() -> None:
    async with serving(Room(), connections_max=2) as port, client(port) as first, client(port) as second:
        for caller in (first, second):
            await caller.say(b"GET")
        async with client(port) as third:
            assert await refused(third) == "busy"
        await first.say(GET.removeprefix(b"GET"))
        assert (await first.answer())[0] == 200


async def test_idle_connections_end() -> None:
    async with serving(Room(), idle_s=0.1) as port, client(port) as caller:
        await caller.say(GET)
        assert (await caller.answer())[0] == 200
        assert await caller.rest() == b""


async def test_a_websocket_outlives_the_bounds_of_requests() -> None:
    async with (
        serving(Room(), head_s=SHORT_S, body_s=SHORT_S, idle_s=1) as port,
        connect(f"ws://127.0.0.1:{port}/ws") as socket,
    ):
        await asyncio.sleep(SHORT_S * 3)
        await asyncio.wait_for(await socket.ping(), 5)
