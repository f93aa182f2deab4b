"""What is looked at before anything is parsed: refusals that must cost next to nothing, then plain direct requests.

An event loop reads whatever has arrived before anything else has its turn again. Behind a crowd of four thousand that
is all of them, a tenth of a second of answers; and whoever is inside needs several turns, to the log, back from it and
out. So refusals are written a few at a time: the crowd waits for its answer, those inside do not wait for the crowd,
and nobody who was not answered asks again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from runtime.direct import DirectLookup
from runtime.http_bounds import BoundedHttpProtocol
from runtime.http_limits import HttpLimits

REFUSALS_A_TURN = 100
"""At least, if so many wait: about two milliseconds of writing."""
SHARE_A_TURN = 4
"""And at least a quarter of those who wait. A number alone is a ceiling, as how many turns there are in a second
depends on all that is done in them; and where more are refused than are told, all others wait in their sockets, too."""


class Refusals:
    """Those who are refused and have not been told yet, in the order in which they came.

    Some are told in each turn of their loop, or, where there is a pause, every `pause_s`.
    """

    def __init__(self, pause_s: float = 0) -> None:
        self.pause_s = pause_s
        self._waiting: deque[DoorProtocol] = deque()

    def add(self, refused: "DoorProtocol") -> None:
        """Have it told: when the next are told, or the next after them."""
        if not self._waiting:
            self._tell_next(refused.loop)
        self._waiting.append(refused)

    def _tell_next(self, loop: asyncio.AbstractEventLoop) -> None:
        if self.pause_s:
            loop.call_later(self.pause_s, self._tell)
        else:
            loop.call_soon(self._tell)

    def _tell(self) -> None:
        waiting = self._waiting
        loop = waiting[0].loop
        for _ in range(min(len(waiting), max(REFUSALS_A_TURN, len(waiting) // SHARE_A_TURN))):
            waiting.popleft().tell_refused()
        if waiting:
            self._tell_next(loop)


@dataclass(frozen=True, slots=True)
class Door:
    """`look` is asked about what was read where a request may begin. It gives the whole answer, or None: it is to be
    parsed. It must answer only what is one whole request and nothing else. `refusals`: whom it answered."""

    look: Callable[[bytes], bytes | None]
    refusals: Refusals = field(default_factory=Refusals)


class DoorProtocol(BoundedHttpProtocol):
    """One connection, with `doors` that are asked in turn.

    Of a crowd of thousands nothing is in the processor's cache any more when one of them asks again, so a refusal costs
    about as much as it looks at. Who was refused and has been told is therefore known to be `_at_rest`, and not looked
    at again: a request may begin, no timer runs but the one for idle connections, and no answer is underway.
    """

    __slots__ = ("_at_rest", "_doors", "_untold")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: HttpLimits,
        direct: DirectLookup,
        doors: Sequence[Door],
    ) -> None:
        super().__init__(config, server_state, app_state, _loop, limits=limits, direct=direct)
        self._doors = doors
        self._untold: bytes | None = None
        self._at_rest = False

    def data_received(self, data: bytes) -> None:
        """Ask the doors and the direct routes, then read it as ever."""
        if self._untold is not None:
            self.tell_refused()  # it did not wait for that answer; what it says now has the next one
        if self._at_rest or self.awaits_request():
            for door in self._doors:
                answer = door.look(data)
                if answer is not None:
                    self._refuse_untold(answer)
                    door.refusals.add(self)
                    return
            if self.take_plain(data):
                self._at_rest = False
                return
        self._at_rest = False
        super().data_received(data)

    def pause_writing(self) -> None:
        """As uvicorn does."""
        self._at_rest = False
        super().pause_writing()

    def tell_refused(self) -> None:
        """Write the answer of the door, unless that was done; then the connection is as it is after any answer."""
        answer, self._untold = self._untold, None
        if answer is None or self.transport.is_closing():
            return
        self._at_rest = True
        self.transport.write(answer)
        self.begin_idle()

    def eof_received(self) -> None:
        """Nothing more is said; what is owed is told before the connection closes."""
        self.tell_refused()
        super().eof_received()

    def shutdown(self) -> None:
        """The server stops: what is owed is told."""
        self.tell_refused()
        super().shutdown()

    def _refuse_untold(self, answer: bytes) -> None:
        if self._at_rest:
            self._idle_since_s = None
        else:
            self._unset_keepalive_if_required()
            self._expect_nothing()
        self._untold = answer
