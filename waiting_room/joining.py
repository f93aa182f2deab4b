"""What stands between a fan and a place: too many from one address, a rush, guessed codes. Answers are values."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from ticketing.clock import Clock
from waiting_room.doorstep import Doorstep
from waiting_room.entries import Entries
from waiting_room.places import GENERAL
from waiting_room.records import Tallies
from waiting_room.replies import Place, Refusal, refuse
from waiting_room.threshold import Shown, Threshold

MANY_GUESSES = "many codes that do not exist were tried from your network; try yours again in a few seconds"


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants to join which line, with what, and from where."""

    show: int
    client: UUID
    secret_hash: str
    address: str
    line: str = GENERAL
    code: str | None = None
    shown: Shown = Shown()
    device: str = "program"
    """As `records.device_of` names it."""


class Joining:
    """The way in, the same for pages with and without scripts. `guesses` counts codes that do not exist;
    `network_name(address)`: under which name its network is counted, empty: not at all."""

    def __init__(
        self,
        entries: Entries,
        *,
        clock: Clock,
        threshold: Threshold,
        guesses: Doorstep,
        tallies: Tallies,
        network_name: Callable[[str], str],
    ) -> None:
        self._entries = entries
        self._clock = clock
        self._threshold = threshold
        self._guesses = guesses
        self._tallies = tallies
        self._network_name = network_name

    async def join(self, wish: Wish) -> Place | Refusal:
        """The place, or why there is none yet and what to do about it."""
        joined = await self._try(wish)
        if isinstance(joined, Refusal):
            self._tallies.add(wish.show, "refused", joined.code)
        elif not joined.repeat:
            self._tallies.joined(wish.show, wish.device, self._network_name(wish.address))
        return joined

    async def _try(self, wish: Wish) -> Place | Refusal:
        now_ms = self._clock.now_ms()
        stopped = await self._threshold.stops(wish.show, wish.client, wish.address, wish.shown, now_ms)
        if stopped is not None:
            return stopped
        guessed_s = 0 if wish.code is None else self._guesses.would_wait_s(wish.address, now_ms)
        if guessed_s > 0:
            return refuse("rate_limited", MANY_GUESSES, retry_after_s=guessed_s)
        joined = await self._entries.join(wish.show, wish.client, wish.secret_hash, line=wish.line, code=wish.code)
        if isinstance(joined, Refusal) and joined.code == "code_invalid":
            self._guesses.wait_s(wish.address, now_ms)
        return joined
