"""API keys in the real table, and that the other rooms know the same ones."""

from collections.abc import AsyncIterator

import pytest

from ingress.key_table import KeyTable, Pool, Terms, create_key
from notifier.store import KEY
from runtime.postgres import open_pool, room_url
from tests.conftest import Database
from tests.contract.signed_in import connected
from ticketing.clock import SystemClock
from ticketing.tokens import api_key_hash, new_api_key
from waiting_room.room_table import KEY_ROLES

pytestmark = [pytest.mark.anyio, pytest.mark.servers]

TERMS = Terms(
    name="box office",
    roles=("booking", "read"),
    sandbox=True,
    permissions=("group",),
    venues=("ven_1",),
    shows=(7,),
    addresses=("192.0.2.0/24",),
    requests_per_min=600,
    selling_at_once_max=3,
    created_by="key_house",
    partner="acme",
)
HOUR_MS = 3_600_000


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    url = room_url(database.url, "onsale_ingress", database.secret)
    async with open_pool(url, min_size=1, max_size=2, application_name="test") as opened:
        yield opened


async def test_what_is_stored_is_found_by_its_secret_and_by_its_id(pool: Pool) -> None:
    table = KeyTable(pool)
    key_id, secret = await table.add(TERMS, 1, bytes(range(40)))
    found = await table.find(api_key_hash(secret))
    assert found is not None
    assert found == await table.find_by_id(key_id)
    assert found.gives == {"booking", "read", "group"}
    assert (found.limits.allow("ven_1", None), found.limits.allow("ven_2", 7), found.limits.allow("ven_2", 8)) == (
        True, True, False,
    )  # fmt: skip
    assert (found.sandbox, found.requests_per_min, found.selling_at_once_max) == (True, 600, 3)
    row = await table.read(key_id)
    assert row is not None
    assert row.terms == TERMS
    assert (found.partner, [one.key_id for one in await table.page((0, ""), 9, "acme")]) == ("acme", [key_id])
    assert await table.page((0, ""), 9, "zenith") == []
    assert await table.find(b"nobody") is None
    assert await table.find_by_id("key_nobody") is None


async def test_a_rotation_keeps_the_secret_before_and_no_third_one(pool: Pool, database: Database) -> None:
    table = KeyTable(pool)
    now_ms = SystemClock().now_ms()
    key_id, first = await create_key(pool, "x", ["operator"], False, now_ms, bytes(40))
    second, third = (new_api_key(bytes([n]) * 32, sandbox=False) for n in (2, 3))
    assert await table.rotate(key_id, second, now_ms + HOUR_MS, now_ms)
    old, new = await table.find(api_key_hash(first)), await table.find(api_key_hash(second))
    assert old is not None
    assert new is not None
    assert (old.ends_at_ms, new.ends_at_ms) == (now_ms + HOUR_MS, None)
    async with connected(database, "waiting_room") as room, connected(database, "notifier") as notifier:
        for secret in (first, second):
            assert await room.fetchval(KEY_ROLES, api_key_hash(secret)) == key_id
            assert await notifier.fetchval(KEY, api_key_hash(secret)) == key_id
        assert await table.rotate(key_id, third, now_ms - 1, now_ms)
        assert await table.find(api_key_hash(first)) is None
        # Its time is over: the room looks it up no longer, and those who keep what they found are told since when.
        assert await room.fetchrow(KEY_ROLES, api_key_hash(second)) is None
        ended = await notifier.fetchrow(KEY, api_key_hash(second))
        assert ended is not None
        assert ended["ends_at_ms"] == now_ms - 1
        current = await notifier.fetchrow(KEY, api_key_hash(third))
        assert current is not None
        assert current["ends_at_ms"] is None


async def test_a_revoked_key_stays_revoked(pool: Pool) -> None:
    table = KeyTable(pool)
    key_id, secret = await table.add(TERMS, 1, bytes(40))
    assert await table.revoke(key_id, 5)
    assert not await table.revoke(key_id, 6)
    assert not await table.rotate(key_id, "osk_live_new", 9, 6)
    found = await table.find(api_key_hash(secret))
    assert found is not None
    assert found.revoked
    assert (await table.read(key_id)).revoked_at_ms == 5  # type: ignore[union-attr]


async def test_limits_are_changed_and_pages_are_in_order(pool: Pool) -> None:
    table = KeyTable(pool)
    made = [(await table.add(TERMS, at_ms, bytes([n]) * 40))[0] for n, at_ms in ((1, 20), (2, 10), (3, 20))]
    assert await table.change(made[0], Terms("other", TERMS.roles, requests_per_min=5, selling_at_once_max=1))
    found = await table.find_by_id(made[0])
    assert found is not None
    assert (found.limits.none, found.requests_per_min, found.selling_at_once_max) == (True, 5, 1)
    assert not await table.change("key_nobody", TERMS)
    first = await table.page((-1, ""), 2)
    rest = await table.page((first[-1].created_at_ms, first[-1].key_id), 2)
    assert [row.key_id for row in [*first, *rest]] == [made[1], made[0], made[2]]
