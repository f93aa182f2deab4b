"""A fan's socket: what is said of the show, and what is said to this fan alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from onsale.crowd.habits import Habit
from onsale.crowd.sale import Sale

SUBPROTOCOL = Subprotocol("onsale.v1+json")
CONNECT_TIMEOUT_S = 10.0


@dataclass
class Watcher:
    """What has been heard. `seq` is the show's number up to which the public frames are gapless."""

    sale: Sale
    seq: int | None = None
    warned: set[str] = field(default_factory=set)

    def hear(self, frame: dict[str, Any]) -> None:
        """One frame of the server."""
        data: dict[str, Any] = frame["data"]
        match frame["type"]:
            case "snapshot":
                self.seq = data["seq"]
            case "seat_status_changed":
                if self.seq is not None and data["from_seq"] != self.seq + 1:
                    self.sale.tally.complain(f"socket: from {data['from_seq']}, after {self.seq}")
                self.seq = data["to_seq"]
            case "reservation_expiring":
                if data["reservation"] not in self.warned:
                    self.warned.add(data["reservation"])
                    self.sale.tally.warnings += 1


@asynccontextmanager
async def watching(sale: Sale, token: str) -> AsyncIterator[Watcher]:
    """A socket for as long as the context is open. Without one a fan goes on all the same: it is comfort."""
    watcher = Watcher(sale)
    task = asyncio.create_task(_listen(sale, token, watcher))
    try:
        yield watcher
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _listen(sale: Sale, token: str, watcher: Watcher) -> None:
    address = f"ws://{sale.http.host}:{sale.http.port}/ws/venues/{sale.venue}/shows/{sale.show}"
    with suppress(OSError, TimeoutError, WebSocketException):
        async with connect(
            address, subprotocols=[SUBPROTOCOL], compression=None, open_timeout=CONNECT_TIMEOUT_S, proxy=None
        ) as socket:
            await _converse(socket, token, watcher)


async def _converse(socket: ClientConnection, token: str, watcher: Watcher) -> None:
    await socket.send(msgspec.json.encode({"type": "hello", "token": token}).decode())
    async for raw in socket:
        frame = msgspec.json.decode(raw)
        if frame["type"] == "welcome":
            watcher.sale.tally.did(Habit.WATCH)
        watcher.hear(frame)
