"""Garbage goes by the clock, and looking for it never takes more than its share."""

import gc
import platform
import weakref
from collections.abc import Callable

import psutil
import pytest

from runtime.collecting import ALL, ALL_EVERY_S, SHARE_MAX, YOUNG, YOUNG_EVERY_S, collect_on, look

pytestmark = pytest.mark.anyio


class Enough(Exception):
    pass


async def looks(
    took_s: float, until_s: float, collect: Callable[[int], object] = id, waited_s: float = 0.0
) -> list[tuple[float, int]]:
    """When it looked, and at what, where looking at everything takes so long, and waits so long for a processor."""
    now_s, spent_s, seen = 0.0, 0.0, list[tuple[float, int]]()

    def look(generation: int) -> None:
        nonlocal now_s, spent_s
        seen.append((now_s, generation))
        collect(generation)
        if generation == ALL:
            spent_s += took_s
            now_s += took_s + waited_s

    async def pause(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds
        if now_s > until_s:
            raise Enough

    with pytest.raises(Enough):
        await collect_on(collect=look, now_s=lambda: now_s, spent_s=lambda: spent_s, pause=pause)
    return seen


async def test_everything_is_looked_at_twice_a_minute_and_what_is_new_in_between() -> None:
    assert await looks(0.0, 60.0) == [
        (10.0, YOUNG), (20.0, YOUNG), (30.0, ALL), (40.0, YOUNG), (50.0, YOUNG), (60.0, ALL),
    ]  # fmt: skip


@pytest.mark.parametrize("took_s", [0.01, 0.1, 1.0])
async def test_the_longer_it_takes_the_rarer_it_is(took_s: float) -> None:
    at_s = [at_s for at_s, generation in await looks(took_s, 10_000.0) if generation == ALL]
    apart_s = [after - before for before, after in zip(at_s, at_s[1:], strict=False)]
    assert min(apart_s) >= max(ALL_EVERY_S, took_s / SHARE_MAX) - 1e-6
    assert max(apart_s) <= max(ALL_EVERY_S, took_s / SHARE_MAX) + took_s + YOUNG_EVERY_S + 1e-6


async def test_a_busy_machine_does_not_make_it_rarer() -> None:
    times = [at_s for at_s, generation in await looks(0.01, 1_000.0, waited_s=1.0) if generation == ALL]
    assert len(times) > 20


async def test_what_refers_to_itself_goes_though_nothing_new_is_made() -> None:
    class Connection:
        def __init__(self) -> None:
            self.protocol = self

    gc.disable()
    try:
        ended = Connection()
        gc.collect()  # it is old when it ends
        kept = weakref.ref(ended)
        del ended
        await looks(0.0, ALL_EVERY_S - 1, gc.collect)
        assert kept() is not None
        await looks(0.0, ALL_EVERY_S, gc.collect)
        assert kept() is None
    finally:
        gc.enable()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no malloc_trim")
def test_pages_that_a_rush_leaves_empty_go_back_to_the_system() -> None:
    blocks, block_bytes = 500, 100_000  # small enough not to be mapped one by one
    process = psutil.Process()
    before = process.memory_info().rss
    rush, kept = [], []
    for _ in range(blocks):
        rush.append(b"\1" * block_bytes)
        kept.append(b"\1" * 1_000)  # it keeps what was put before it from being at the end
    rush.clear()
    left = process.memory_info().rss - before
    look(ALL)
    assert process.memory_info().rss - before < left / 2
    assert len(kept) == blocks
