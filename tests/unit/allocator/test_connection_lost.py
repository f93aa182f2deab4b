"""A connection that the server ended while it was idle, or that we cut: asyncpg fails on it in ways of its own."""

from typing import cast
from uuid import UUID

import asyncpg
import pytest

from allocator.errors import ResultUnknown
from allocator.membership import Membership
from allocator.store import PostgresStore

OWNER = UUID(int=1)


class CutConnection:
    """Our deadline passes when the server has just answered a question of asyncpg's own, about a statement: before
    asyncpg hears of it, it has forgotten whom it asked."""

    def __init__(self, closed: bool = True) -> None:
        self._closed = closed

    def is_closed(self) -> bool:
        return self._closed

    def terminate(self) -> None:
        self._closed = True

    async def fail(self, *_: object) -> None:
        raise AttributeError("'NoneType' object has no attribute 'get_settings'")

    execute = fetch = fetchrow = fetchval = fail


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

    member = Membership(OWNER, connect, lambda part: True)
    for _ in range(2):
        with pytest.raises(ResultUnknown):
            await member.renew([])
    await member.leave()
    assert [each.is_cut for each in opened] == [True, True]


async def test_a_deadline_that_passes_with_the_answer_leaves_the_result_unknown() -> None:
    async def connect(*_: object) -> asyncpg.Connection:
        return cast(asyncpg.Connection, CutConnection())

    with pytest.raises(ResultUnknown):
        await PostgresStore(0, OWNER, connect).claim()
    member = Membership(OWNER, connect, lambda part: True)
    with pytest.raises(ResultUnknown):
        await member.renew([])
    await member.leave()


async def test_a_mistake_of_ours_is_no_lost_connection() -> None:
    async def connect(*_: object) -> asyncpg.Connection:
        return cast(asyncpg.Connection, CutConnection(closed=False))

    with pytest.raises(AttributeError):
        await PostgresStore(0, OWNER, connect).claim()
    with pytest.raises(AttributeError):
        await Membership(OWNER, connect, lambda part: True).renew([])
