"""Passes that operators have taken back: of each show, the wave that a pass must be of at least."""

import asyncio
from collections.abc import Mapping

import asyncpg
import structlog

from ingress.stores import StoreAway, reaching_postgres

log = structlog.get_logger(__name__)

EVERY_S = 1.0
# A room begins with wave 0, so a show without a row here takes every pass.
WAVES = "SELECT show_id, wave FROM room_waves WHERE wave > 0"


class Waves:
    """Show -> wave, as read a second ago; while Postgres is away, as it was read last."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._current: dict[int, int] = {}

    @property
    def current(self) -> Mapping[int, int]:
        """Changes as time goes by."""
        return self._current

    async def refresh(self) -> None:
        """Read them. Raises StoreAway."""
        with reaching_postgres():
            rows = await self._pool.fetch(WAVES)
        self._current.update((row["show_id"], row["wave"]) for row in rows)

    async def run(self) -> None:
        """Read them for ever."""
        while True:
            try:
                await self.refresh()
            except StoreAway as error:
                log.warning("ingress.waves_away", error=str(error))
            await asyncio.sleep(EVERY_S)
