"""API keys: made once, stored as a hash, looked up at each request through a small cache.

A key is looked up again every few seconds, so a revoked one works no longer than that. While Postgres is away a key
that was good a moment ago is still believed, so that reads go on.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from ingress.caches import Briefly
from ingress.stores import StoreAway, reaching_postgres
from ticketing.tokens import API_KEY_SHOWN_CHARS, api_key_hash, new_api_key

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
ROLES = frozenset({"read", "booking", "admin", "operator"})

INSERT_KEY = """
INSERT INTO api_key (key_id, key_hash, shown_prefix, name, roles, sandbox, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
FIND_KEY = "SELECT key_id, roles, sandbox, revoked_at_ms FROM api_key WHERE key_hash = $1"
REVOKE_KEY = "UPDATE api_key SET revoked_at_ms = $2 WHERE key_id = $1 AND revoked_at_ms IS NULL RETURNING key_id"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What a key gives. Its id is the account of the commands that are sent with it."""

    key_id: str
    roles: frozenset[str]
    sandbox: bool
    revoked: bool


async def create_key(  # noqa: PLR0917 -- the order in which a key is spelled everywhere
    pool: Pool, name: str, roles: Sequence[str], sandbox: bool, now_ms: int, entropy: bytes
) -> tuple[str, str]:
    """`(key_id, key)`; the key is shown now and never again. `entropy`: at least 40 random bytes.

    Raises ValueError for a role that there is not, and StoreAway.
    """
    unknown = set(roles) - ROLES
    if unknown or not roles:
        raise ValueError(f"roles are some of {sorted(ROLES)}, not {sorted(roles)}")
    if len(entropy) < 40:
        raise ValueError("a key and its id need 40 random bytes")
    key_id = f"key_{entropy[:8].hex()}"
    key = new_api_key(entropy[8:], sandbox=sandbox)
    with reaching_postgres():
        await pool.execute(
            INSERT_KEY, key_id, api_key_hash(key), key[:API_KEY_SHOWN_CHARS], name, sorted(set(roles)), sandbox, now_ms
        )
    return key_id, key


async def revoke_key(pool: Pool, key_id: str, now_ms: int) -> bool:
    """Whether there was such a key, not revoked before. Raises StoreAway."""
    with reaching_postgres():
        return await pool.fetchval(REVOKE_KEY, key_id, now_ms) is not None


async def find_key(pool: Pool, key_hash: bytes) -> ApiKey | None:
    """The key with this hash. Raises StoreAway."""
    with reaching_postgres():
        row = await pool.fetchrow(FIND_KEY, key_hash)
    if row is None:
        return None
    return ApiKey(row["key_id"], frozenset(row["roles"]), row["sandbox"], row["revoked_at_ms"] is not None)


class KeyCache:
    """Looks keys up by hash, at most once at a time and once in `fresh_ms` each."""

    def __init__(
        self,
        find: Callable[[bytes], Awaitable[ApiKey | None]],
        *,
        fresh_ms: int,
        stale_ms: int,
        keys_max: int,
    ) -> None:
        self._find = find
        self._known: Briefly[bytes, ApiKey | None] = Briefly(
            fresh_ms=fresh_ms, stale_ms=stale_ms, entries_max=keys_max, away=StoreAway
        )

    def known(self, key: str, now_ms: int) -> ApiKey | None:
        """What the key gives, if that was looked up a moment ago."""
        return self._known.fresh(api_key_hash(key), now_ms)

    async def look_up(self, key: str, now_ms: int) -> ApiKey | None:
        """What the key gives; None: it is not one of ours. Raises StoreAway."""
        key_hash = api_key_hash(key)
        return await self._known.get(key_hash, lambda: self._find(key_hash), now_ms)
