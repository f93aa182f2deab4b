"""Those who watch are watched: their websockets, and the pictures that they share."""

import asyncio

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.faults.pictures import Picture, Pictures
from tests.faults.websocket import Socket

pytestmark = pytest.mark.anyio
TEXTS = ["", "a" * 125, "b" * 126, "c" * 65_000, "d"]


async def test_frames_of_every_size_arrive_in_both_directions() -> None:
    async def echo(connection: ServerConnection) -> None:
        async for text in connection:
            await connection.send(text)

    heard: asyncio.Queue[bytes] = asyncio.Queue()
    opened: asyncio.Future[Socket] = asyncio.get_running_loop().create_future()
    async with serve(echo, "127.0.0.1", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: Socket("/", opened.set_result, heard.put_nowait), "127.0.0.1", port)
        socket = await opened
        for text in TEXTS:
            socket.say(text.encode())
        async with asyncio.timeout(5):
            assert [(await heard.get()).decode() for _ in TEXTS] == TEXTS
        socket.close()
        await socket.ended


def frame(kind: str, **data: object) -> bytes:
    return msgspec.json.encode({"type": kind, "ts": "2026-11-21T10:00:00.000Z", "data": data})


def test_who_believes_the_same_shares_one_picture_and_a_gap_is_seen() -> None:
    pictures = Pictures()
    snapshot = frame("snapshot", seq=4, seats={"held": ["A-1"]})
    change = frame("seat_status_changed", from_seq=5, to_seq=6, seats={"available": ["A-1"], "booked": ["A-2"]})
    begun = pictures.after(Picture(), snapshot)
    assert begun is not None
    assert (begun.seq, begun.taken()) == (4, {"A-1": "held"})
    after = pictures.after(begun, change)
    assert after is not None
    assert (after.seq, after.taken()) == (6, {"A-2": "booked"})
    assert pictures.after(begun, change) is after
    assert pictures.after(after, change) is None
