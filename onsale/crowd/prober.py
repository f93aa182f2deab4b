"""Measures how long the sale stands still, from outside.

Ten times a second a command goes to the show's own partition and waits for its verdict: to extend a hold that was
given back before, which is refused, changes nothing, and has to be decided like any other. So a pause that no fan
happens to run into is seen as well, to a tenth of a second.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from uuid import uuid4

from onsale.crowd.http import HttpClient, Unreachable
from onsale.crowd.sale import Desk, Sale

PROBE_EVERY_S = 0.1
PROBES_WAITING_MAX = 100


class ProbeFailed(Exception):
    """The hold to probe with could not be had."""


class Prober:
    """`longest_s`: the longest that a probe waited for its verdict; `probes`: how many got one."""

    def __init__(self, sale: Sale, key: str) -> None:
        # Connections of its own: a probe must not wait for a fan's.
        self._http = HttpClient(sale.http.host, sale.http.port, connections_max=PROBES_WAITING_MAX)
        self._sale = Sale(http=self._http, show=sale.show, venue=sale.venue, places=sale.places, seed=sale.seed)
        self._desk = Desk(self._sale, key)
        self.longest_s = 0.0
        self.probes = 0

    @contextlib.asynccontextmanager
    async def probing(self) -> AsyncIterator[None]:
        """Probe for as long as the context is open. Raises `ProbeFailed`, `Unreachable`."""
        path = await self._prepare()
        task = asyncio.create_task(self._run(f"{path}/extend"))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self._http.close()

    async def _prepare(self) -> str:
        wish = {"show": self._sale.show, "best": {"quantity": 1}}
        held = await self._desk.ask("probe", "POST", "/api/reservations", wish, str(uuid4()))
        if not held.granted:
            raise ProbeFailed(f"no hold to probe with: {held.status} {held.body}")
        path = f"/api/reservations/{held.body['reservation']}"
        released = await self._desk.ask("probe", "DELETE", path, None, str(uuid4()))
        if not released.granted:
            raise ProbeFailed(f"the hold to probe with is not given back: {released.status} {released.body}")
        return path

    async def _run(self, path: str) -> None:
        async with asyncio.TaskGroup() as waiting:
            flying: set[asyncio.Task[None]] = set()
            while True:
                if len(flying) < PROBES_WAITING_MAX:
                    probe = waiting.create_task(self._probe(path))
                    flying.add(probe)
                    probe.add_done_callback(flying.discard)
                await asyncio.sleep(PROBE_EVERY_S)

    async def _probe(self, path: str) -> None:
        began_s = time.monotonic()
        try:
            await self._desk.ask("probe", "PUT", path, {}, str(uuid4()))
            self.probes += 1
        except Unreachable:
            return
        finally:
            self.longest_s = max(self.longest_s, time.monotonic() - began_s)
