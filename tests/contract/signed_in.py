"""Connections as one room's role, with nothing said about the session."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from runtime.postgres import room_url
from tests.conftest import Database

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@asynccontextmanager
async def connected(database: Database, room: str | None = None) -> AsyncIterator[Connection]:
    """As the role of one room; without a room as the superuser."""
    url = database.url if room is None else room_url(database.url, f"onsale_{room}", database.secret)
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
