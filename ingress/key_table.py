"""The table of API keys: made once, stored as a hash, changed by admins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

from ingress.keys import (
    ORDINARY,
    REQUESTS_PER_MIN_DEFAULT,
    ROLES,
    SELLING_AT_ONCE_DEFAULT,
    Allowance,
    ApiKey,
)
from ingress.stores import reaching_postgres
from ticketing.key_limits import Limits, read_networks
from ticketing.tokens import API_KEY_SHOWN_CHARS, api_key_hash, new_api_key

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
ENTROPY_BYTES = 40

INSERT_KEY = """
INSERT INTO api_key (key_id, key_hash, shown_prefix, name, roles, sandbox, created_at_ms, permissions, venues, shows,
                     addresses, requests_per_min, selling_at_once_max, created_by, partner)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
# The statements below are put together from this text alone; values are parameters.
GIVEN = """
key_id, roles, sandbox, revoked_at_ms, permissions, venues, shows, addresses, requests_per_min, selling_at_once_max,
partner
"""
FIND_KEY = f"""
SELECT {GIVEN}, CASE WHEN previous_hash = $1 THEN previous_ends_at_ms END AS ends_at_ms
FROM api_key WHERE key_hash = $1 OR previous_hash = $1
"""  # noqa: S608 -- from constants
FIND_KEY_BY_ID = f"SELECT {GIVEN}, NULL::bigint AS ends_at_ms FROM api_key WHERE key_id = $1"  # noqa: S608 -- constants
REVOKE_KEY = "UPDATE api_key SET revoked_at_ms = $2 WHERE key_id = $1 AND revoked_at_ms IS NULL RETURNING key_id"
# A second rotation within the overlap of a first one ends the oldest secret at once: there are never three.
ROTATE_KEY = """
UPDATE api_key SET previous_hash = key_hash, previous_ends_at_ms = $4, key_hash = $2, shown_prefix = $3,
                   rotated_at_ms = $5
WHERE key_id = $1 AND revoked_at_ms IS NULL RETURNING key_id
"""
CHANGE_KEY = """
UPDATE api_key SET name = $2, venues = $3, shows = $4, addresses = $5, requests_per_min = $6, selling_at_once_max = $7,
                   partner = $8
WHERE key_id = $1 RETURNING key_id
"""
LISTED = f"{GIVEN}, shown_prefix, name, created_by, created_at_ms, rotated_at_ms, previous_ends_at_ms"
READ_KEY = f"SELECT {LISTED} FROM api_key WHERE key_id = $1"  # noqa: S608 -- from constants
LIST_KEYS = f"""
SELECT {LISTED} FROM api_key WHERE (created_at_ms, key_id) > ($1, $2) ORDER BY created_at_ms, key_id LIMIT $3
"""  # noqa: S608 -- from constants
LIST_PARTNERS = f"""
SELECT {LISTED} FROM api_key WHERE partner = $4 AND (created_at_ms, key_id) > ($1, $2)
ORDER BY created_at_ms, key_id LIMIT $3
"""  # noqa: S608 -- from constants


@dataclass(frozen=True, slots=True)
class Terms:
    """What a key is made with. `venues`, `shows`, `addresses` limit it as `key_limits.Limits` does; `partner`: the
    company it belongs to."""

    name: str
    roles: tuple[str, ...]
    sandbox: bool = False
    permissions: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    shows: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()
    requests_per_min: int = REQUESTS_PER_MIN_DEFAULT
    selling_at_once_max: int = SELLING_AT_ONCE_DEFAULT
    created_by: str = ""
    partner: str = ""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as admins see it: everything but its secret. `shown_prefix`: how it begins."""

    key_id: str
    terms: Terms
    shown_prefix: str
    created_at_ms: int
    rotated_at_ms: int | None
    previous_ends_at_ms: int | None
    revoked_at_ms: int | None


async def create_key(  # noqa: PLR0917 -- the order in which a key is spelled everywhere
    pool: Pool,
    name: str,
    roles: Sequence[str],
    sandbox: bool,
    now_ms: int,
    entropy: bytes,
    allowance: Allowance = ORDINARY,
) -> tuple[str, str]:
    """As `KeyTable.add`, without limits to where the key is good."""
    terms = Terms(name, tuple(roles), sandbox, **allowance._asdict())
    return await KeyTable(pool).add(terms, now_ms, entropy)


async def find_key(pool: Pool, key_hash: bytes) -> ApiKey | None:
    """As `KeyTable.find`."""
    return await KeyTable(pool).find(key_hash)


class KeyTable:
    """Keys in Postgres. All raise StoreAway."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, terms: Terms, now_ms: int, entropy: bytes) -> tuple[str, str]:
        """`(key_id, key)`; the key is shown now and never again. `entropy`: at least 40 random bytes.

        Raises ValueError for a role that there is not.
        """
        unknown = set(terms.roles) - ROLES
        if unknown or not terms.roles:
            raise ValueError(f"roles are some of {sorted(ROLES)}, not {sorted(terms.roles)}")
        if len(entropy) < ENTROPY_BYTES:
            raise ValueError(f"a key and its id need {ENTROPY_BYTES} random bytes")
        key_id = f"key_{entropy[:8].hex()}"
        key = new_api_key(entropy[8:], sandbox=terms.sandbox)
        with reaching_postgres():
            await self._pool.execute(
                INSERT_KEY, key_id, api_key_hash(key), key[:API_KEY_SHOWN_CHARS], terms.name,
                sorted(set(terms.roles)), terms.sandbox, now_ms, sorted(set(terms.permissions)), list(terms.venues),
                list(terms.shows), list(terms.addresses), terms.requests_per_min, terms.selling_at_once_max,
                terms.created_by, terms.partner,
            )  # fmt: skip
        return key_id, key

    async def find(self, key_hash: bytes) -> ApiKey | None:
        """The key whose secret, or secret before its last rotation, has this hash."""
        with reaching_postgres():
            row = await self._pool.fetchrow(FIND_KEY, key_hash)
        return None if row is None else _given(row)

    async def find_by_id(self, key_id: str) -> ApiKey | None:
        """The key with this id."""
        with reaching_postgres():
            row = await self._pool.fetchrow(FIND_KEY_BY_ID, key_id)
        return None if row is None else _given(row)

    async def read(self, key_id: str) -> KeyRow | None:
        """The key as admins see it."""
        with reaching_postgres():
            row = await self._pool.fetchrow(READ_KEY, key_id)
        return None if row is None else _listed(row)

    async def page(self, after: tuple[int, str], limit: int, partner: str | None = None) -> list[KeyRow]:
        """Keys in the order in which they were made, behind `after` (`created_at_ms`, id): of one partner, or all."""
        with reaching_postgres():
            if partner is None:
                rows = await self._pool.fetch(LIST_KEYS, *after, limit)
            else:
                rows = await self._pool.fetch(LIST_PARTNERS, *after, limit, partner)
        return [_listed(row) for row in rows]

    async def revoke(self, key_id: str, now_ms: int) -> bool:
        """Whether there was such a key, not revoked before."""
        with reaching_postgres():
            return await self._pool.fetchval(REVOKE_KEY, key_id, now_ms) is not None

    async def rotate(self, key_id: str, key: str, ends_at_ms: int, now_ms: int) -> bool:
        """Give the key a new secret; the one before is good until `ends_at_ms`. Whether there is such a key."""
        with reaching_postgres():
            found = await self._pool.fetchval(
                ROTATE_KEY, key_id, api_key_hash(key), key[:API_KEY_SHOWN_CHARS], ends_at_ms, now_ms
            )
        return found is not None

    async def change(self, key_id: str, terms: Terms) -> bool:
        """Give the key another name, other limits, another partner. Whether there is such a key."""
        with reaching_postgres():
            found = await self._pool.fetchval(
                CHANGE_KEY, key_id, terms.name, list(terms.venues), list(terms.shows), list(terms.addresses),
                terms.requests_per_min, terms.selling_at_once_max, terms.partner,
            )  # fmt: skip
        return found is not None


def _given(row: Any) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        roles=frozenset(row["roles"]),
        sandbox=row["sandbox"],
        revoked=row["revoked_at_ms"] is not None,
        permissions=frozenset(row["permissions"]),
        limits=Limits(frozenset(row["venues"]), frozenset(row["shows"]), read_networks(row["addresses"])),
        requests_per_min=row["requests_per_min"],
        selling_at_once_max=row["selling_at_once_max"],
        ends_at_ms=row["ends_at_ms"],
        partner=row["partner"],
    )


def _listed(row: Any) -> KeyRow:
    return KeyRow(
        key_id=row["key_id"],
        terms=Terms(
            name=row["name"],
            roles=tuple(row["roles"]),
            sandbox=row["sandbox"],
            permissions=tuple(row["permissions"]),
            venues=tuple(row["venues"]),
            shows=tuple(row["shows"]),
            addresses=tuple(row["addresses"]),
            requests_per_min=row["requests_per_min"],
            selling_at_once_max=row["selling_at_once_max"],
            created_by=row["created_by"],
            partner=row["partner"],
        ),
        shown_prefix=row["shown_prefix"],
        created_at_ms=row["created_at_ms"],
        rotated_at_ms=row["rotated_at_ms"],
        previous_ends_at_ms=row["previous_ends_at_ms"],
        revoked_at_ms=row["revoked_at_ms"],
    )
