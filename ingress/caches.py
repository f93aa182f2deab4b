"""Keeping what was fetched: bounded by weight, and fetched once however many want it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """What was used last, up to `weight_max` (one thing may weigh more, alone). Nothing that is kept is None."""

    def __init__(self, weight_max: int) -> None:
        self._weight_max = weight_max
        self._weight = 0
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._weights: dict[K, int] = {}
        """Those of more than 1: a pair for each thing would be one more object for the cycle collector to look at."""

    def get(self, key: K) -> V | None:
        """What is kept under `key`."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Keep `value`; the ones used longest ago make room."""
        self.forget(key)
        self._kept[key] = value
        self._weight += weight
        if weight != 1:
            self._weights[key] = weight
        while self._weight > self._weight_max and len(self._kept) > 1:
            self.forget(next(iter(self._kept)))

    def forget(self, key: K) -> None:
        """Keep nothing under `key` any longer."""
        if self._kept.pop(key, None) is not None:
            self._weight -= self._weights.pop(key, 1)

    def drop(self, unwanted: Callable[[V], bool]) -> None:
        """Keep no longer what is `unwanted`."""
        for key in [key for key, value in self._kept.items() if unwanted(value)]:
            self.forget(key)


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


class Briefly(Generic[K, V]):
    """What was fetched a moment ago, believed for `fresh_ms`; while its source is `away`, for `stale_ms`."""

    def __init__(self, *, fresh_ms: int, stale_ms: int, entries_max: int, away: type[Exception]) -> None:
        self._fresh_ms = fresh_ms
        self._stale_ms = stale_ms
        self._away = away
        self._kept: Lru[K, tuple[int, V]] = Lru(entries_max)
        self._fetching: OnceAtATime[K, V] = OnceAtATime()

    def fresh(self, key: K, now_ms: int) -> V | None:
        """What is believed of `key` without asking."""
        kept = self._kept.get(key)
        return kept[1] if kept is not None and now_ms - kept[0] < self._fresh_ms else None

    async def get(self, key: K, fetch: Callable[[], Awaitable[V]], now_ms: int) -> V:
        """What is known under `key`, fetched anew where that is too old. Raises what `fetch` raises."""
        kept = self._kept.get(key)
        if kept is not None and now_ms - kept[0] < self._fresh_ms:
            return kept[1]
        try:
            found = await self._fetching.run(key, fetch)
        except self._away:
            if kept is not None and now_ms - kept[0] < self._stale_ms:
                return kept[1]
            raise
        self._kept.put(key, (now_ms, found))
        return found
