"""The open loop's figures: a latency counts from when a request was due, and nothing is left out."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bench.load import pack
from bench.open_load import generate
from bench.open_plan import Plan, Seen, Stream
from onsale.histories import Result, decode_operation

pytestmark = pytest.mark.anyio

REQUEST = b"POST /a HTTP/1.1\r\nidempotency-key: " + b"0" * 32 + b"\r\ncontent-length: 0\r\n\r\n"
DONE = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok"
STALL_S = 0.5


@asynccontextmanager
async def server(answer: Callable[[bytes], bytes], *, stalled_s: float = 0.0) -> AsyncIterator[int]:
    """Answers each request by `answer`; the first one, and who comes meanwhile, only after `stalled_s`. Its port."""
    goes_on_s = 0.0
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal goes_on_s
        writers.append(writer)
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                now_s = asyncio.get_running_loop().time()
                goes_on_s = goes_on_s or now_s + stalled_s
                await asyncio.sleep(goes_on_s - now_s)
                said = answer(request)
                if not said:
                    break
                # In two pieces, as uvicorn writes head and body.
                for piece in (said[:9], said[9:]):
                    writer.write(piece)
                    await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
    for writer in writers:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


async def seen_by(tmp_path: Path, port: int, *, connections: int, requests: int = 1_000, told: str = "") -> Seen:
    path = tmp_path / "requests"
    path.write_bytes(pack([REQUEST] * requests))
    stream = Stream(name="a", ports=[port], connections=connections, rate_per_s=400, requests=str(path), told=told)
    return (await generate(Plan(warm_s=0, measure_s=1.0, streams=[stream]), lambda: None))["a"]


async def test_a_stall_is_in_the_latency_of_all_who_came_meanwhile(tmp_path: Path) -> None:
    async with server(lambda _: DONE, stalled_s=STALL_S) as port:
        seen = await seen_by(tmp_path, port, connections=2)
    answers = seen.answers[201]
    # A closed loop would have seen two slow requests. Here half of all fell due in the stall.
    assert answers.count == seen.due > 300
    assert answers.p95_ms > 400
    assert seen.unanswered == 0


async def test_used_up_requests_are_sent_again_under_new_keys(tmp_path: Path) -> None:
    keys: list[bytes] = []

    def note(request: bytes) -> bytes:
        keys.append(request[request.index(b"key: ") + 5 :][:32])
        return DONE

    async with server(note) as port:
        seen = await seen_by(tmp_path, port, connections=20, requests=5)
    assert keys[:5] == [b"0" * 32] * 5
    assert len(set(keys[5:])) == len(keys) - 5 == seen.due - 5 > 0


async def test_closed_connections_are_counted_and_replaced(tmp_path: Path) -> None:
    answers = iter(range(10_000))
    async with server(lambda _: b"" if next(answers) % 10 == 0 else DONE) as port:
        seen = await seen_by(tmp_path, port, connections=20)
    assert seen.answers[0].count + seen.answers[201].count == seen.due
    assert seen.answers[0].count >= seen.due // 11


async def test_each_request_that_was_sent_is_in_the_history(tmp_path: Path) -> None:
    answers = iter(range(10_000))
    told = tmp_path / "told"
    async with server(lambda _: b"" if next(answers) % 10 == 0 else DONE) as port:
        seen = await seen_by(tmp_path, port, connections=20, told=str(told))
    lines = [decode_operation(line) for line in told.read_bytes().splitlines()]
    by_result = Counter(line.result for line in lines)
    assert by_result == {Result.OK: seen.answers[201].count, Result.UNKNOWN: seen.answers[0].count}
    assert all(line.invoke_ms <= line.end_ms and line.op == "/a" for line in lines)
