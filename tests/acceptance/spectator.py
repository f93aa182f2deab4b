"""Somebody with a websocket, who keeps to the rules of the protocol and believes what the frames say."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.acceptance.sale import Sale

PATIENCE_S = 15


@dataclass
class Spectator:
    """`seats` and `areas` are the picture that the public frames have drawn so far, up to `seq`."""

    socket: ClientConnection
    seq: int = -1
    seats: dict[str, str] = field(default_factory=dict)
    areas: dict[str, int] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def hello(self, token: str | None = None, after_seq: int | None = None) -> None:
        """Say who it is, and where it left off."""
        said: dict[str, Any] = {"type": "hello"}
        if token is not None:
            said["token"] = token
        if after_seq is not None:
            said["resume"] = {"after_seq": after_seq}
            self.seq = after_seq
        await self.socket.send(json.dumps(said))
        await self.until("welcome")

    async def say(self, kind: str, **content: Any) -> None:
        """Any client frame."""
        await self.socket.send(json.dumps({"type": kind, **content}))

    async def until(self, kind: str, **content: Any) -> dict[str, Any]:
        """The next frame of this type whose data has this content; all on the way are heard."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame = await self._hear()
                if frame["type"] == kind and content.items() <= frame["data"].items():
                    return frame

    async def until_seq(self, seq: int) -> None:
        """Until the picture has reached this number."""
        async with asyncio.timeout(PATIENCE_S):
            while self.seq < seq:
                await self._hear()

    def taken(self) -> dict[str, str]:
        """The seats that cannot be had, and why."""
        return {label: status for label, status in self.seats.items() if status != "available"}

    async def _hear(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await self.socket.recv())
        self.heard.append(frame)
        data = frame["data"]
        if frame["type"] == "snapshot":
            self.seq = data["seq"]
            self.seats = {label: status for status, labels in data["seats"].items() for label in labels}
            self.areas = dict(data["areas"])
        elif frame["type"] == "seat_status_changed":
            assert data["from_seq"] == self.seq + 1, "public frames are gapless"
            self.seq = data["to_seq"]
            for status, labels in data["seats"].items():
                self.seats |= dict.fromkeys(labels, status)
            self.areas |= data["areas"]
        return frame


@asynccontextmanager
async def spectator(sale: Sale, show: dict[str, Any]) -> AsyncIterator[Spectator]:
    """A socket to a show, which has said nothing yet."""
    url = f"{sale.url.replace('http', 'ws', 1)}/ws/venues/{show['venue']}/shows/{show['show']}"
    async with connect(url, max_queue=None) as socket:
        yield Spectator(socket)
