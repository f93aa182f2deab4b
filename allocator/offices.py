"""The offices of one allocator process: one for each cluster of Postgres, and each goes on while another's is away."""

import asyncio
from collections.abc import Sequence

from allocator import metrics
from allocator.office import Office

STATUS_INTERVAL_S = 1.0


class Offices:
    """Tells how all of them stand, and asks all of them to stop."""

    def __init__(self, offices: Sequence[Office]) -> None:
        self._offices = offices
        self._stop = asyncio.Event()

    def request_stop(self) -> None:
        """Let the desks finish what they have begun, and leave."""
        for office in self._offices:
            office.request_stop()
        self._stop.set()

    async def announce_shows(self) -> None:
        """Tell each show's counts and lag once a second, until asked to stop."""
        while not self._stop.is_set():
            told = [await office.announce_shows() for office in self._offices]
            metrics.POSTGRES_UP.set(all(now.is_reachable for now in told))
            metrics.LOG_UP.set(all(now.log_answers for now in told))
            metrics.PARTITIONS.set(sum(now.parts for now in told))
            metrics.OWNED.set(sum(now.owned for now in told))
            metrics.REFUSED.set(sum(now.refused for now in told))
            metrics.set_lag(max(now.lag_records for now in told), max(now.lag_ms for now in told))
            try:
                async with asyncio.timeout(STATUS_INTERVAL_S):
                    await self._stop.wait()
            except TimeoutError:
                continue
