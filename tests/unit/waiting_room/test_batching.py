"""Many askers, few calls; and rows that are written behind the answers."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress

import pytest

from runtime.retry import Backoff
from waiting_room.batching import Batches, Busy
from waiting_room.ports import LedgerUnavailable, Line
from waiting_room.writing import LedgerWriter

LINE = Line(1, "general")


async def test_who_asks_in_one_turn_is_answered_by_one_call_in_order() -> None:
    calls: list[list[int]] = []

    async def call(_line: Line, asks: list[int]) -> Awaitable[list[int]]:
        calls.append(asks)
        return answered([ask * 10 for ask in asks])

    batches = Batches(call, batch_max=4, waiting_max=100)
    assert await asyncio.gather(*(batches.ask(LINE, ask) for ask in range(6))) == [0, 10, 20, 30, 40, 50]
    assert calls == [[0, 1, 2, 3], [4, 5]]


async def test_a_call_under_way_gathers_the_next_one() -> None:
    calls: list[list[int]] = []
    begun, gate = asyncio.Event(), asyncio.Event()

    async def call(_line: Line, asks: list[int]) -> Awaitable[list[int]]:
        calls.append(asks)
        begun.set()
        await gate.wait()
        return answered(asks)

    batches = Batches(call, batch_max=10, waiting_max=3)
    first = asyncio.create_task(batches.ask(LINE, 1))
    await begun.wait()
    rest = [asyncio.create_task(batches.ask(LINE, ask)) for ask in (2, 3, 4)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await batches.ask(LINE, 5)
    gate.set()
    assert await asyncio.gather(first, *rest) == [1, 2, 3, 4]
    assert calls == [[1], [2, 3, 4]]


async def test_what_a_call_raises_its_askers_get_and_the_next_ones_do_not() -> None:
    async def call(_line: Line, asks: list[str]) -> Awaitable[list[str]]:
        if "early" in asks:
            raise ValueError("before")
        return late(asks)

    async def late(asks: list[str]) -> list[str]:
        if "late" in asks:
            raise ValueError("after")
        return asks

    batches = Batches(call, batch_max=1, waiting_max=10)
    answers = await asyncio.gather(
        *(batches.ask(LINE, ask) for ask in ("early", "late", "fine")), return_exceptions=True
    )
    assert [str(answer) for answer in answers] == ["before", "after", "fine"]


async def test_somebody_who_leaves_does_not_disturb_the_others() -> None:
    async def call(_line: Line, asks: list[int]) -> Awaitable[list[int]]:
        return answered(asks)

    batches = Batches(call, batch_max=10, waiting_max=10)
    gone, stays = (asyncio.create_task(batches.ask(LINE, ask)) for ask in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == 2
    with pytest.raises(asyncio.CancelledError):
        await gone


async def answered(answers: list[int]) -> list[int]:
    return answers


class Ledger:
    def __init__(self) -> None:
        self.away = 0
        self.back = asyncio.Event()
        self.written: list[tuple[tuple[int, ...], bool]] = []

    async def write(self, _line: Line, rows: Sequence[int], maybe_there: bool) -> list[int]:
        if self.away:
            self.away -= 1
            if self.away == 0:
                self.back.set()
            raise LedgerUnavailable("away")
        self.written.append((tuple(rows), maybe_there))
        return [row for row in rows if row < 0]


async def test_rows_that_gather_are_written_together_and_what_is_kept_is_told() -> None:
    ledger = Ledger()
    writer = LedgerWriter(ledger.write, rows_max=10, wait_s=5, backoff=Backoff(lambda: 0.99))
    running = asyncio.create_task(writer.run())
    writer.add(LINE, [1, 2], maybe_there=False)
    writer.add(LINE, [-3], maybe_there=False)
    assert await writer.settled() == {LINE: [-3]}
    assert await writer.settled() == {}
    assert ledger.written == [((1, 2, -3), False)]
    await stop(running)


async def test_rows_are_written_again_until_they_are_kept_and_nobody_waits_for_ever() -> None:
    ledger = Ledger()
    ledger.away = 2
    writer = LedgerWriter(ledger.write, rows_max=3, wait_s=0.01, backoff=Backoff(lambda: 0.0, first_s=0.05))
    running = asyncio.create_task(writer.run())
    writer.add(LINE, [1, 2, 3], maybe_there=False)
    assert writer.full
    assert await writer.settled() is None
    await ledger.back.wait()
    writer.add(LINE, [4], maybe_there=False)
    while len(ledger.written) < 2:
        await writer.settled()
    assert ledger.written[0] == ((1, 2, 3), True)
    await stop(running)


async def stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
