"""A connection that the server ended while it was idle: asyncpg fails on it in a way of its own."""

from typing import cast
from uuid import UUID

import asyncpg
import pytest

from allocator.errors import ResultUnknown
from allocator.membership import Membership
from allocator.store import PostgresStore

OWNER = UUID(int=1)


class EndedConnection:
    """Raises what asyncpg raises then, and notes that it was cut."""

    def __init__(self) -> None:
        self.is_cut = False

    def is_closed(self) -> bool:
        return False

    def terminate(self) -> None:
        self.is_cut = True

    async def fail(self, *_: object) -> None:
        raise asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress")

    execute = fetch = fetchrow = fetchval = fail


async def test_a_store_says_that_the_result_is_unknown() -> None:
    ended = EndedConnection()

    async def connect(_warn: object) -> asyncpg.Connection:
        return cast(asyncpg.Connection, ended)

    with pytest.raises(ResultUnknown):
        await PostgresStore(0, OWNER, connect).claim()


async def test_a_member_tries_again_on_another_connection_and_leaves_in_peace() -> None:
    opened: list[EndedConnection] = []

    async def connect() -> asyncpg.Connection:
        opened.append(EndedConnection())
        return cast(asyncpg.Connection, opened[-1])

    member = Membership(OWNER, connect)
    for _ in range(2):
        with pytest.raises(ResultUnknown):
            await member.renew([])
    await member.leave()
    assert [each.is_cut for each in opened] == [True, True]
