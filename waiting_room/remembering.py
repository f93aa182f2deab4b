"""What the ledger knows of joins and claims that counters which were lost before may have forgotten."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from waiting_room.ports import ClaimRow, EntryRow, Ledger, LedgerUnavailable
from waiting_room.queues import Queue

T = TypeVar("T")


class Memory:
    """Asks the ledger where that is needed, and goes on without it where it is away: a client that lost its ticket
    together with the store may then get a second number, and a pass may run anew."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def entries(self, queue: Queue, entries: Sequence[bytes]) -> dict[bytes, EntryRow]:
        """The kept joins of these entries, once the counters were lost; before that, none."""
        if queue.position.gen == 1:
            return {}
        return await _asked(lambda: self._ledger.entries(queue.line, entries), {})

    async def claims(self, queue: Queue, numbers: Sequence[int]) -> dict[int, ClaimRow]:
        """What is kept of these places, once the counters were lost; before that, nothing."""
        if queue.position.gen == 1:
            return {}
        return await _asked(lambda: self._ledger.claims(queue.line, numbers), {})

    async def leaves(self, queue: Queue, numbers: Sequence[int]) -> dict[int, bytes] | None:
        """The kept leaves of these numbers; None where the ledger is away."""
        return await _asked(lambda: self._ledger.leaves(queue.line, numbers), None)


async def _asked(read: Callable[[], Awaitable[T]], otherwise: T) -> T:
    try:
        return await read()
    except LedgerUnavailable:
        return otherwise
