"""A show over a websocket. Made from `_aio_live.py` by `make_sync.py`."""

import random
import time
from collections.abc import Generator

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from onsale_client._picture import SUBPROTOCOL, Frame, Picture, why_closed


class Live:
    """Frames, and the picture that they draw. A socket that is lost is opened again, and goes on where it left off:
    public frames are gapless or begin with a snapshot, personal ones are told again (tell them apart by `id`)."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        self._url = url
        self._token = token
        self.picture = Picture()

    def frames(self) -> Generator[Frame, None, None]:
        """Each frame as it comes, for as long as the caller goes on. Raises `SocketClosed` where the server says that
        this token will not do."""
        while True:
            try:
                with connect(self._url, subprotocols=[SUBPROTOCOL], max_size=None) as socket:
                    socket.send(self.picture.hello(self._token))
                    while True:
                        yield self.picture.take(socket.recv())
            except (ConnectionClosed, InvalidHandshake, OSError) as error:
                time.sleep(self.picture.lost(*why_closed(error), chance=random.random()))
