"""A show over a websocket. `_sync_live.py` is made from this file by `make_sync.py`: change this one."""

import asyncio
import random
from collections.abc import AsyncGenerator

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from onsale_client._picture import SUBPROTOCOL, Frame, Picture, why_closed


class AsyncLive:
    """Frames, and the picture that they draw. A socket that is lost is opened again, and goes on where it left off:
    public frames are gapless or begin with a snapshot, personal ones are told again (tell them apart by `id`)."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        self._url = url
        self._token = token
        self.picture = Picture()

    async def frames(self) -> AsyncGenerator[Frame, None]:
        """Each frame as it comes, for as long as the caller goes on. Raises `SocketClosed` where the server says that
        this token will not do."""
        while True:
            try:
                async with connect(self._url, subprotocols=[SUBPROTOCOL], max_size=None) as socket:
                    await socket.send(self.picture.hello(self._token))
                    while True:
                        yield self.picture.take(await socket.recv())
            except (ConnectionClosed, InvalidHandshake, OSError) as error:
                await asyncio.sleep(self.picture.lost(*why_closed(error), chance=random.random()))
