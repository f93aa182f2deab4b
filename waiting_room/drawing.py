"""Holding the draws: publish roots while people join, close at the opening, seal, hear the beacon.

Every instance does all of it; each step is written once, so it makes no difference whose came first.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog

from ticketing.clock import Clock
from waiting_room.draw import Tree, seed_of
from waiting_room.draws import Draw, DrawBook, Root, Word
from waiting_room.operating import RoomRow
from waiting_room.phases import collects, phase_at
from waiting_room.ports import Line
from waiting_room.queues import Queue
from waiting_room.rooms import Room

log = structlog.get_logger("waiting_room")

ROOT_EVERY_MS = 10_000
SETTLED_AFTER_MS = 5_000
"""A join that is not kept by then was answered with "ask again"; so nobody who has a ticket is left out."""
CLOSING_MS = 2_000
"""Between closing and sealing: what was on its way when the line closed arrives."""
LEAVES_AT_ONCE = 5_000
NOBODY = Word("none", "", b"\x00", independent=True, note="nobody joined before the opening")


class Beacon(Protocol):
    """Where a draw's chance comes from."""

    @property
    def source(self) -> str:
        """What is announced before anybody joins: where the value will come from."""
        ...

    def commitment(self, line: Line) -> bytes:
        """The hash of our own value for a line, which counts only where the beacon stays silent."""
        ...

    async def word(self, draw: Draw, now_ms: int) -> Word | None:
        """What the beacon says of a sealed draw; None: not yet. Never raises."""
        ...

    async def trouble(self, now_ms: int) -> str | None:
        """Why it should not be relied on; None: it answers. Never raises."""
        ...

    def knows(self, draw: Draw) -> bool:
        """Whether our secrets lead to the value that was committed to."""
        ...


class Drawing:
    """Takes each draw from step to step."""

    def __init__(self, book: DrawBook, beacon: Beacon, clock: Clock) -> None:
        self._book = book
        self._beacon = beacon
        self._clock = clock
        self._trees: dict[Line, Tree] = {}
        self._rooted_ms: dict[Line, int] = {}

    async def begin(self, queue: Queue, row: RoomRow, now_ms: int) -> None:
        """A line that is there before its sale opens has a draw; one that has begun is taken up.

        Raises `LedgerUnavailable`.
        """
        if collects(now_ms, row.schedule, phase_at(now_ms, row.schedule, row.control, None)):
            await self._book.begin(queue.line, self._beacon.commitment(queue.line), self._beacon.source)
        for draw in await self._book.draws():
            if draw.line == queue.line:
                queue.draw = draw

    async def refresh(self, rooms: Mapping[int, Room]) -> None:
        """Learn what other instances have written. Raises `LedgerUnavailable`."""
        if not any(queue.undrawn for room in rooms.values() for queue in room.queues.values()):
            return
        for draw in await self._book.draws():
            room = rooms.get(draw.line.show)
            queue = None if room is None else room.queues.get(draw.line.name)
            if queue is not None:
                queue.draw = draw

    async def step(self, rooms: Mapping[int, Room], issued: Callable[[Queue], Awaitable[int]]) -> None:
        """One step of each draw. `issued` reads how many numbers of a line are given away.

        Raises `LedgerUnavailable`, `StoreUnavailable`.
        """
        before = {queue.line: queue.draw for room in rooms.values() for queue in room.queues.values()}
        for room in list(rooms.values()):
            for queue in room.queues.values():
                if queue.draw is not None and queue.undrawn:
                    await self._step(room, queue, queue.draw, issued)
        await self.refresh(rooms)
        for room in rooms.values():
            for queue in room.queues.values():
                draw, known = queue.draw, before.get(queue.line)
                if draw is not None and known is not None and draw.state != known.state:
                    log.info("room.draw", show=draw.line.show, line=draw.line.name, state=draw.state, size=draw.size)

    async def _step(self, room: Room, queue: Queue, draw: Draw, issued: Callable[[Queue], Awaitable[int]]) -> None:
        now_ms, line = self._clock.now_ms(), queue.line
        phase = room.phase(now_ms)
        if draw.size is None:
            if not collects(now_ms, room.row.schedule, phase):
                await self._book.close(line, await issued(queue), now_ms)
            elif now_ms - self._rooted_ms.get(line, 0) >= ROOT_EVERY_MS:
                self._rooted_ms[line] = now_ms
                await self._publish_root(line, now_ms)
        elif draw.root is None:
            if now_ms >= (draw.closed_at_ms or 0) + CLOSING_MS:
                await self._book.settle_at(line, draw.size)
                tree = await self._grow(line, draw.size)
                await self._book.seal(line, tree.root(), tree.blocks(), now_ms)
                self._trees.pop(line, None)
        else:
            word = NOBODY if draw.size == 0 else await self._beacon.word(draw, now_ms)
            if word is not None:
                await self._book.decide(line, word, seed_of(word.value, draw.root, draw.size), now_ms)

    async def _publish_root(self, line: Line, now_ms: int) -> None:
        latest = await self._book.roots(line, 1)
        if latest and now_ms - latest[0].at_ms < ROOT_EVERY_MS - 1_000:
            # Another instance has done it.
            return
        settled = await self._book.settle(line, now_ms - SETTLED_AFTER_MS)
        if settled == 0 or (latest and settled == latest[0].size):
            return
        tree = await self._grow(line, settled)
        await self._book.add_root(line, Root(settled, now_ms, tree.root()))

    async def _grow(self, line: Line, up_to: int) -> Tree:
        """The tree over the settled leaves up to `up_to`, which never becomes smaller."""
        tree = self._trees.setdefault(line, Tree())
        while tree.size < up_to:
            leaves = await self._book.leaves_after(line, tree.size, up_to, LEAVES_AT_ONCE)
            tree.add(leaves, leaves[-1][0] if len(leaves) == LEAVES_AT_ONCE else up_to)
        return tree
