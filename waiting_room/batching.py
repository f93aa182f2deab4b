"""Many askers, few calls: what gathers while one call is under way goes out together in the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from waiting_room.ports import Line

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")


class Busy(Exception):
    """As many are waiting already as may wait."""


class Batches(Generic[Ask, Answer]):
    """One call at a time for each line, for at most `batch_max` askers; at most `waiting_max` of a line wait.

    `call` gives back what is still to be awaited, for which the next call does not wait: the answers, in the order of
    the asks. What either raises, each of the askers gets.
    """

    def __init__(
        self, call: Callable[[Line, list[Ask]], Awaitable[Awaitable[list[Answer]]]], *, batch_max: int, waiting_max: int
    ) -> None:
        self._call = call
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: dict[Line, deque[tuple[Ask, asyncio.Future[Answer]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, line: Line, ask: Ask) -> Answer:
        """Raises `Busy`, and what the call raises."""
        queue = self._waiting.get(line)
        if queue is None:
            queue = self._waiting[line] = deque()
            self._start(self._drain(line, queue))
        if len(queue) >= self._waiting_max:
            raise Busy(f"{len(queue)} are waiting for line {line.name}")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        queue.append((ask, future))
        return await future

    async def _drain(self, line: Line, queue: deque[tuple[Ask, asyncio.Future[Answer]]]) -> None:
        # A task begins after what is running now, so everybody who asks in this turn of the loop is in the first call.
        while queue:
            batch = [queue.popleft() for _ in range(min(self._batch_max, len(queue)))]
            try:
                answers = await self._call(line, [ask for ask, _ in batch])
            except Exception as error:  # whatever it is, the askers are to have it
                _fail(batch, error)
            else:
                self._start(self._tell(batch, answers))
        del self._waiting[line]

    async def _tell(self, batch: list[tuple[Ask, asyncio.Future[Answer]]], answers: Awaitable[list[Answer]]) -> None:
        try:
            found = await answers
        except Exception as error:  # as above
            _fail(batch, error)
            return
        for (_, future), answer in zip(batch, found, strict=True):
            if not future.done():
                future.set_result(answer)

    def _start(self, work: "Awaitable[None]") -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _fail(batch: list[tuple[Ask, asyncio.Future[Answer]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
