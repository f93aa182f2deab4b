"""API keys: how they are made, and how often they are looked up."""

import asyncio

import pytest

from ingress.key_table import create_key
from ingress.keys import ApiKey, KeyCache
from ingress.stores import StoreAway
from tests.unit.ingress.tales import SECOND, T0
from ticketing.tokens import api_key_hash

pytestmark = pytest.mark.anyio

KEY = "osk_live_" + "a" * 48
GIVEN = ApiKey("key_1", frozenset({"booking"}), False, False)


class Table:
    """The table of keys, which counts its look-ups."""

    def __init__(self) -> None:
        self.rows = {api_key_hash(KEY): GIVEN}
        self.away = False
        self.asked = 0

    async def find(self, key_hash: bytes) -> ApiKey | None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise StoreAway("gone")
        return self.rows.get(key_hash)

    async def find_by_id(self, key_id: str) -> ApiKey | None:
        return await self.find(api_key_hash(KEY)) if key_id == GIVEN.key_id else None

    def cache(self, keys_max: int = 10) -> KeyCache:
        return KeyCache(self.find, self.find_by_id, fresh_ms=5 * SECOND, stale_ms=60 * SECOND, keys_max=keys_max)


async def test_a_key_is_looked_up_once_in_a_while() -> None:
    table = Table()
    cache = table.cache()
    assert await cache.look_up(KEY, T0) == GIVEN
    assert await cache.look_up(KEY, T0 + 4_999) == GIVEN
    assert table.asked == 1
    table.rows.clear()
    assert await cache.look_up(KEY, T0 + 5_000) is None


async def test_many_at_once_ask_once() -> None:
    table = Table()
    cache = table.cache()
    assert await asyncio.gather(*(cache.look_up(KEY, T0) for _ in range(20))) == [GIVEN] * 20
    assert table.asked == 1


async def test_keys_that_there_are_not_are_remembered_too_and_bounded() -> None:
    table = Table()
    cache = table.cache(keys_max=2)
    for name in ("x", "x", "y", "z", "x"):
        assert await cache.look_up(name, T0) is None
    assert table.asked == 4


async def test_while_postgres_is_away_a_known_key_is_believed_for_a_while() -> None:
    table = Table()
    cache = table.cache()
    await cache.look_up(KEY, T0)
    table.away = True
    assert await cache.look_up(KEY, T0 + 59 * SECOND) == GIVEN
    with pytest.raises(StoreAway):
        await cache.look_up(KEY, T0 + 60 * SECOND)
    with pytest.raises(StoreAway):
        await cache.look_up("unknown", T0)


class Inserts:
    """A pool that remembers what was stored."""

    def __init__(self) -> None:
        self.rows: list[tuple[object, ...]] = []

    async def execute(self, _sql: str, *values: object) -> None:
        self.rows.append(values)


async def test_a_key_is_stored_as_a_hash() -> None:
    pool = Inserts()
    key_id, key = await create_key(pool, "box office", ["booking"], True, T0, bytes(range(48)))  # type: ignore[arg-type]
    assert key.startswith("osk_test_")
    (row,) = pool.rows
    assert row[:7] == (key_id, api_key_hash(key), key[:13], "box office", ["booking"], True, T0)
    assert key not in map(str, row)


async def test_roles_that_there_are_not_are_refused() -> None:
    for roles in ([], ["king"]):
        with pytest.raises(ValueError, match="roles are some of"):
            await create_key(Inserts(), "x", roles, False, T0, bytes(48))  # type: ignore[arg-type]
