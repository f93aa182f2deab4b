"""The load of a soak: one sale after the other, each for a minute, with a crowd at each ingress and some who watch."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import msgspec

from tests.acceptance.sale import Sale
from tests.faults import watching
from tests.faults.crowd import Load
from tests.faults.history import Line
from tests.faults.load import ShowOnSale
from tests.faults.stage import Stage
from tests.faults.talking import open_helper
from tests.soak.rooms import Pair
from ticketing.clock import SystemClock, rfc3339

SHARE = 0.5
PEAK_S = 5.0
HOLD_S = 20
SHOWS = 4
WATCHERS = 50
FINISHES_S = 20.0
"""What a crowd gets to finish what it has begun."""


@dataclass
class Takings:
    """What all the crowds together were told."""

    lines: list[Line] = field(default_factory=list)
    peak_per_s: float = 0.0
    loads_per_s: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    """How often each "no" was told: the allocator remembers most of them for 15 minutes."""
    _ops: int = 0

    def add(self, load: Load) -> None:
        """A crowd has finished."""
        load.history.read_on()
        self.refused.update(line.code for line in load.history.lines if line.event == "fail")
        # Each crowd counts its requests from one.
        self.lines += [msgspec.structs.replace(line, op=line.op + self._ops) for line in load.history.lines]
        self._ops += max((line.op for line in load.history.lines), default=0)


async def measure_peak(stage: Stage, takings: Takings) -> None:
    """How much goes, through both ingresses' one allocator each: what half of is asked for later."""
    async with _on_sale(stage, 2 * PEAK_S + FINISHES_S) as shows, stage.crowd(0, shows) as load:
        await load.begin(PEAK_S, share=SHARE)
        takings.peak_per_s = load.peak_per_s
        await load.finish()
        takings.add(load)


async def sell(stage: Stage, pairs: dict[str, Pair], takings: Takings, *, seconds: float, seed: int) -> None:
    """One sale: shows are opened, sold at half of the peak, and closed."""
    async with AsyncExitStack() as stack:
        shows = await stack.enter_async_context(_on_sale(stage, seconds + FINISHES_S))
        await stack.enter_async_context(_watched(stage, pairs["notifier"], shows[0], seed))
        crowds = crowds_of(seed, ports=(pairs["ingress"].stays.port, pairs["ingress"].falls.port))
        loads = [await stack.enter_async_context(stage.crowd(one, shows, port=port)) for port, one in crowds]
        for load in loads:
            await load.keep_to(SHARE * takings.peak_per_s / len(loads))
        await asyncio.sleep(seconds)
        await asyncio.gather(*(load.finish() for load in loads))
        for load in loads:
            takings.add(load)
        takings.loads_per_s.append(sum(load.load_per_s for load in loads))


def crowds_of(seed: int, *, ports: Sequence[int]) -> list[tuple[int, int]]:
    """One crowd at each port: `(port, seed)`.

    Never one seed for two: they would be the same people with the same keys, and the slower one of each two would be
    refused what the other one has done.
    """
    rng = random.Random(seed)
    return [(port, rng.getrandbits(63)) for port in ports]


@asynccontextmanager
async def _on_sale(stage: Stage, lasts_s: float) -> AsyncIterator[list[ShowOnSale]]:
    """Shows that are closed again, whose time is over soon after.

    They have areas only: who loses a seat is remembered for 15 minutes, and that this fills up would look like a leak.
    """
    starts_at = rfc3339(SystemClock().now_ms() + round(lasts_s * 1000))
    shows = await stage.make_shows(HOLD_S, areas=SHOWS, seated=0, starts_at=starts_at)
    yield shows
    async with stage.sale() as sale:
        await _close(sale, shows)


async def _close(sale: Sale, shows: Iterable[ShowOnSale]) -> None:
    for show in shows:
        closed = await sale.call("POST", f"/api/admin/shows/{show.show}/close", {}, token=sale.admin_key)
        assert closed.status in {200, 202}, closed.body


@asynccontextmanager
async def _watched(stage: Stage, notifiers: Pair, show: ShowOnSale, seed: int) -> AsyncIterator[None]:
    """Sockets at both notifiers, which come back by themselves when theirs is killed."""
    async with stage.sale() as sale, AsyncExitStack() as stack:
        venue = (await sale.call("GET", f"/api/events/{show.show}")).body["venue"]
        path = f"/ws/venues/{venue}/shows/{show.show}"
        for room in (notifiers.stays, notifiers.falls):
            helper = await stack.enter_async_context(open_helper(watching.__name__))
            helper.tell(watching.Orders(room.port, path, WATCHERS, [], seed))
        yield
