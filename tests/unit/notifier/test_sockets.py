"""The room's ASGI application behind the server that carries it: real sockets, everything behind them a fake."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from notifier.hall import Hall
from notifier.ports import Limits
from notifier.reception import Reception
from notifier.sockets import SocketApp
from notifier.watcher import Watcher
from runtime.addresses import ClientAddresses
from runtime.health import ProcessApp
from tests.unit.notifier.house import PASS, House
from tests.unit.notifier.theatre import SHOW, T0, VENUE
from tests.unit.runtime.raw_http import served
from ticketing.messages import HoldRefused, RoomStatusNow
from ticketing.socket_frames import Message
from ticketing.vocabulary import show_text

pytestmark = pytest.mark.anyio

BIG = Message(code="noise", text="x" * 20_000, closes_at="")
PATH = f"/ws/venues/{VENUE}/shows/{show_text(SHOW)}"


@asynccontextmanager
async def serving(house: House) -> AsyncIterator[int]:
    """The notifier's sockets on a free port."""
    app = ProcessApp({"/ws": SocketApp(house.reception, house.lounges, house.store, ClientAddresses([]))}, dict)
    async with served(app) as port:
        yield port


async def hear(client: ClientConnection) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(await asyncio.wait_for(client.recv(), 5))
    return frame


async def hello(client: ClientConnection, **content: Any) -> list[str]:
    await client.send(json.dumps({"type": "hello", **content}))
    return [(await hear(client))["type"] for _ in range(2)]


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when a socket has left."""
    event = asyncio.Event()
    leave = Reception.leave

    def told(self: Reception, hall: Hall, watcher: Watcher) -> None:
        leave(self, hall, watcher)
        event.set()

    monkeypatch.setattr(Reception, "leave", told)
    return event


async def gone(left: asyncio.Event) -> None:
    async with asyncio.timeout(5):
        await left.wait()


async def test_a_watcher_hears_the_show_and_itself(left: asyncio.Event) -> None:
    house = House()
    async with (
        serving(house) as port,
        connect(f"ws://127.0.0.1:{port}{PATH}", subprotocols=["onsale.v1+json"]) as client,  # type: ignore[list-item]
    ):
        assert client.subprotocol == "onsale.v1+json"
        assert await hello(client, token=PASS) == ["welcome", "snapshot"]
        house.happens(house.sale.hold("ent_anna", [0]))
        assert [(await hear(client))["type"] for _ in range(2)] == ["request_decided", "seat_status_changed"]
        await client.close()
        await gone(left)
        assert [len(hall.watchers) for hall in house.halls] == [0]


async def test_who_reconnects_goes_on_where_it_was(left: asyncio.Event) -> None:
    house = House()
    async with serving(house) as port:
        async with connect(f"ws://127.0.0.1:{port}{PATH}") as client:
            await hello(client, token=PASS)
            house.happens(house.sale.hold("ent_anna", [0]))
            seen = [await hear(client), await hear(client)][-1]["seq"]
        await gone(left)
        house.happens(house.sale.refused(HoldRefused, "ent_anna", code="sold_out"), house.sale.hold("ent_ben", [1]))
        async with connect(f"ws://127.0.0.1:{port}{PATH}") as client:
            await client.send(json.dumps({"type": "hello", "token": PASS, "resume": {"after_seq": seen}}))
            frames = [await hear(client) for _ in range(4)]
        assert [frame["type"] for frame in frames] == [
            "welcome",
            "request_decided",
            "request_decided",
            "seat_status_changed",
        ]
        assert (frames[3]["data"]["from_seq"], frames[3]["data"]["seats"]) == (2, {"held": ["A-2"]})


async def test_who_waits_hears_how_far_the_line_is_served() -> None:
    house = House()
    async with (
        serving(house) as port,
        connect(f"ws://127.0.0.1:{port}/ws/room/{show_text(SHOW)}", subprotocols=["onsale.v1+json"]) as client,  # type: ignore[list-item]
    ):
        assert client.subprotocol == "onsale.v1+json"
        house.lounges.learn([RoomStatusNow(show=SHOW, at_ms=T0, phase="open", serving=7, issued=20)])
        assert await hello(client) == ["welcome", "serving"]
    assert list(house.lounges) == [], "the room is forgotten with the last one who waits"


@pytest.mark.parametrize(
    "path",
    [
        f"/ws/venues/other/shows/{show_text(SHOW)}",
        f"/ws/venues/{VENUE}/shows/shw_00000000ff",
        "/ws/room/x",
        "/ws/room/shw_00000000ff",
        "/ws",
    ],
)
async def test_a_show_that_there_is_not_refuses_the_socket_with_a_problem(path: str) -> None:
    async with serving(House()) as port:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{port}{path}")
        assert refused.value.response.status_code == 404
        assert json.loads(refused.value.response.body or b"")["code"] == "show_not_found"


async def test_plain_http_gets_a_problem() -> None:
    async with serving(House()) as port, httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}{PATH}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("sent", "code"), [("nonsense", 1008), ('"' + "x" * 20_000 + '"', 1008)])
async def test_rubbish_closes_the_socket_and_nothing_else(sent: str, code: int) -> None:
    house = House()
    async with (
        serving(house) as port,
        connect(f"ws://127.0.0.1:{port}{PATH}") as bystander,
        connect(f"ws://127.0.0.1:{port}{PATH}") as client,
    ):
        await hello(bystander)
        await client.send(sent)
        assert (await hear(client))["type"] == "error"
        with pytest.raises(ConnectionClosed):
            await hear(client)
        assert client.close_code == code
        await bystander.send('{"type":"ping"}')
        assert (await hear(bystander))["type"] == "pong"


async def test_beyond_the_bound_the_socket_is_closed_with_1013() -> None:
    house = House(Limits(sockets_max=1))
    async with (
        serving(house) as port,
        connect(f"ws://127.0.0.1:{port}{PATH}") as first,
        connect(f"ws://127.0.0.1:{port}{PATH}") as second,
    ):
        with pytest.raises(ConnectionClosed):
            await hear(second)
        assert second.close_code == 1013
        assert await hello(first) == ["welcome", "snapshot"]


async def test_a_peer_that_reads_nothing_is_cut_and_delays_nobody(left: asyncio.Event) -> None:
    house = House()
    async with serving(house) as port, connect(f"ws://127.0.0.1:{port}{PATH}", max_queue=None) as quick:
        await hello(quick)
        deaf = await _deaf_peer(port)
        told = 0
        async with asyncio.timeout(20):
            while not any(watcher.wire.busy for hall in house.halls for watcher in hall.watchers):
                # The deaf one's buffers fill at last, the kernel's and the server's.
                for hall in house.halls:
                    for watcher in hall.watchers:
                        watcher.tell(hall.frame("message", BIG, house.clock.now_ms()))
                told += 1
                assert (await hear(quick))["type"] == "message"
        assert told > 1
        house.happens(house.sale.hold("ent_anna", [0]))
        assert (await hear(quick))["type"] == "seat_status_changed"
        house.sweeps_after(1_000)
        house.sweeps_after(9_000)
        await gone(left)
        with deaf:
            received = await _until_the_end(deaf)
        assert len(received) < told * 20_000, "what was waiting for it went with it"


async def test_a_peer_that_reads_again_is_told_what_it_missed() -> None:
    house = House()
    async with serving(house) as port:
        deaf = await _deaf_peer(port)
        (hall,) = house.halls
        (watcher,) = hall.watchers
        async with asyncio.timeout(20):
            while not watcher.wire.busy:
                watcher.tell(hall.frame("message", BIG, house.clock.now_ms()))
                await asyncio.sleep(0)
        for seat in range(4):
            house.happens(house.sale.hold("ent_anna", [seat]))
            house.clock.advance(1_000)
        assert hall.view.seq == 4
        assert [watcher.told_seq for watcher in hall.watchers] == [0]
        with deaf:
            await _until(deaf, b'"from_seq":1,"to_seq":4')
        assert [watcher.told_seq for watcher in hall.watchers] == [4]


async def _deaf_peer(port: int) -> socket.socket:
    """A websocket that has said hello and reads no frame after that."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", port))
    request = (
        f"GET {PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await loop.sock_sendall(raw, request.encode())
    assert (await loop.sock_recv(raw, 1_000)).startswith(b"HTTP/1.1 101")
    said = b'{"type":"hello"}'
    # Masked with zeros, which changes nothing.
    await loop.sock_sendall(raw, bytes([0x81, 0x80 | len(said), 0, 0, 0, 0]) + said)
    assert b"snapshot" in await _until(raw, b'"counts"')
    return raw


async def _until(raw: socket.socket, mark: bytes) -> bytes:
    received = b""
    async with asyncio.timeout(5):
        while mark not in received[-100_000:]:
            received += await asyncio.get_running_loop().sock_recv(raw, 65_536)
    return received


async def _until_the_end(raw: socket.socket) -> bytes:
    received = b""
    async with asyncio.timeout(5):
        while more := await asyncio.get_running_loop().sock_recv(raw, 65_536):
            received += more
    return received
