"""What is looked at before anything is parsed: refusals that must cost next to nothing, then plain direct requests."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from runtime.direct import DirectRoutes
from runtime.http_bounds import BoundedHttpProtocol
from runtime.http_limits import HttpLimits

Door = Callable[[bytes], bytes | None]
"""Looks at what was read where a request may begin: the whole answer to it, or None: it is to be parsed. It must answer
only what is one whole request and nothing else."""


class DoorProtocol(BoundedHttpProtocol):
    """One connection, with `doors` that are asked in turn."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: HttpLimits,
        direct: DirectRoutes,
        doors: Sequence[Door],
    ) -> None:
        super().__init__(config, server_state, app_state, _loop, limits=limits, direct=direct)
        self._doors = doors

    def data_received(self, data: bytes) -> None:
        """Ask the doors and the direct routes, then read it as ever."""
        if self.awaits_request():
            for door in self._doors:
                answer = door(data)
                if answer is not None:
                    self._answer(answer)
                    return
            if self.take_plain(data):
                return
        super().data_received(data)

    def _answer(self, answer: bytes) -> None:
        """Then the connection is as it is after any answer."""
        self._unset_keepalive_if_required()
        self._expect_nothing()
        self.transport.write(answer)
        self.begin_idle()
