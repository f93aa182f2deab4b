"""Lines that count: moving them, giving them numbers ahead, and starting them again after their store was lost."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import structlog

from ticketing.clock import Clock
from waiting_room.ports import Counters, Ledger, Position, Reservations, StoreLost, StoreUnavailable
from waiting_room.queues import Queue

log = structlog.get_logger("waiting_room")

ATTEMPTS_MAX = 8
"""Of one batch: a store that is lost again and again while it is being mended is left to the client's next try, and
the numbers reserved at a time are doubled often enough for the largest batch."""

T = TypeVar("T")


class Mender:
    """Keeps lines counting. Any number of instances may do so at once."""

    def __init__(self, counters: Counters, ledger: Ledger, clock: Clock) -> None:
        self._counters = counters
        self._ledger = ledger
        self._clock = clock

    async def move(
        self, queue: Queue, *, rate_per_min: int = -1, burst: int = 0, pass_through: bool = False
    ) -> Position:
        """Move the line on by what is due; without a rate, only look. Raises `StoreLost`, `StoreUnavailable`."""
        position = await self._counters.advance(
            queue.line,
            queue.position.gen,
            rate_per_min=rate_per_min,
            burst=burst,
            pass_through=pass_through,
            seen=queue.position.serving,
        )
        queue.saw(position, self._clock.now_ms())
        return position

    async def mending(self, queue: Queue, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` answers once the line counts. Raises `StoreUnavailable`, `LedgerUnavailable`."""
        for _ in range(ATTEMPTS_MAX):
            try:
                return await ask()
            except StoreLost:
                await self.secure(queue)
        raise StoreUnavailable("the line was lost again while it was being mended")

    async def secure(self, queue: Queue) -> None:
        """See to it that the line counts and has numbers left to give. Raises `LedgerUnavailable`, `StoreUnavailable`.

        A generation's numbers are its own, whatever else happens: it is installed at most once, and only the latest
        one gets more. So no number is given twice, even by counters that were lost between any two of these steps.
        What counts with an earlier generation than the ledger's latest is an old copy, and is as good as lost.
        """
        async with self._ledger.alone_with(queue.line) as numbers:
            try:
                await self.move(queue)
            except StoreLost:
                await self._restart(queue, numbers)
                return
            gen = queue.position.gen
            more = queue.reserve(self._clock.now_ms()) if queue.runs_out else 0
            ceiling = await numbers.extend(gen, more)
            if ceiling is None:
                await self._restart(queue, numbers)
                return
            with suppress(StoreLost):  # whoever asks next finds out
                await self._counters.extend(queue.line, gen, ceiling)
                await self.move(queue)

    async def _restart(self, queue: Queue, numbers: Reservations) -> None:
        generation = await numbers.new_generation(queue.reserve(self._clock.now_ms()))
        await self._counters.install(queue.line, generation)
        if generation.gen > 1:
            line = queue.line
            log.warning(
                "room.store_lost", show=line.show, line=line.name, gen=generation.gen, restarts_at=generation.issued
            )
        with suppress(StoreLost):
            await self.move(queue)
