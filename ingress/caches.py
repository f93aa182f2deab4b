"""Keeping what was fetched: bounded by weight, and fetched once however many want it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """What was used last, up to `weight_max` (one thing may weigh more, alone)."""

    def __init__(self, weight_max: int) -> None:
        self._weight_max = weight_max
        self._weight = 0
        self._kept: OrderedDict[K, tuple[int, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """What is kept under `key`."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[1]

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Keep `value`; the ones used longest ago make room."""
        before = self._kept.pop(key, None)
        if before is not None:
            self._weight -= before[0]
        self._kept[key] = (weight, value)
        self._weight += weight
        while self._weight > self._weight_max and len(self._kept) > 1:
            _, (gone, _) = self._kept.popitem(last=False)
            self._weight -= gone


class OnceAtATime(Generic[K, V]):
    """Many who want the same at once share one errand."""

    def __init__(self) -> None:
        self._running: dict[K, asyncio.Task[V]] = {}

    async def run(self, key: K, errand: Callable[[], Awaitable[V]]) -> V:
        """The result of the errand for `key` that is on its way, else of a new one. Raises what the errand raises."""
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(_as_coroutine(errand))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        # Shielded: one caller who leaves must not take the result from the others.
        return await asyncio.shield(task)


async def _as_coroutine(errand: Callable[[], Awaitable[V]]) -> V:
    return await errand()
