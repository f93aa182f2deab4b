"""API keys as values, and the small cache through which they are looked up at each request.

A key is looked up again every few seconds, so a revoked one works no longer than that. While Postgres is away a key
that was good a moment ago is still believed, so that reads go on. The table itself is `key_table.py`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from ingress.caches import Briefly
from ingress.stores import StoreAway
from ticketing.key_limits import NOWHERE_IN_PARTICULAR, Limits
from ticketing.tokens import api_key_hash

ROLES = frozenset({"read", "booking", "admin", "operator"})
PERMISSIONS = frozenset({"group"})
RIGHTS_OF_PARTNERS = frozenset({"read", "booking", "group"})
"""All that the people of a partner may do or hand on, whatever their keys may."""
OTHER_NAMES = {"book": "booking"}
"""What partners are used to say, and what it is called here."""
REQUESTS_PER_MIN_DEFAULT = 100
SELLING_AT_ONCE_DEFAULT = 20


class Allowance(NamedTuple):
    """How much a key may ask for: requests a minute, and commands at once."""

    requests_per_min: int = REQUESTS_PER_MIN_DEFAULT
    selling_at_once_max: int = SELLING_AT_ONCE_DEFAULT


ORDINARY = Allowance()
PLENTY = Allowance(1_000_000, 1_000_000)
"""For keys of the house, which are to be limited by nothing."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What a key gives. Its id is the account of the commands that are sent with it.

    `ends_at_ms`: of the secret that was asked for, where a newer one has taken its place; `partner`: the company it
    belongs to, if it is not the house's.
    """

    key_id: str
    roles: frozenset[str]
    sandbox: bool
    revoked: bool
    permissions: frozenset[str] = frozenset()
    limits: Limits = NOWHERE_IN_PARTICULAR
    requests_per_min: int = REQUESTS_PER_MIN_DEFAULT
    selling_at_once_max: int = SELLING_AT_ONCE_DEFAULT
    ends_at_ms: int | None = None
    partner: str = ""

    @property
    def gives(self) -> frozenset[str]:
        """Roles and permissions; who may administer may do everything."""
        return ROLES | PERMISSIONS if "admin" in self.roles else self.roles | self.permissions


class Unknown(ValueError):
    """A role or permission that there is not; the text says which."""


def read_permissions(names: "list[str] | tuple[str, ...]") -> tuple[frozenset[str], frozenset[str]]:
    """`(roles, permissions)` by their names here. Raises `Unknown`."""
    found = frozenset(OTHER_NAMES.get(name, name) for name in names)
    strange = found - ROLES - PERMISSIONS
    if strange:
        raise Unknown(f"{', '.join(sorted(strange))}: there is {', '.join(sorted(ROLES | PERMISSIONS))}")
    return found & ROLES, found & PERMISSIONS


class KeyCache:
    """Looks keys up by hash or by id, at most once at a time and once in `fresh_ms` each."""

    def __init__(
        self,
        find: Callable[[bytes], Awaitable[ApiKey | None]],
        find_by_id: Callable[[str], Awaitable[ApiKey | None]],
        *,
        fresh_ms: int,
        stale_ms: int,
        keys_max: int,
    ) -> None:
        self._find = find
        self._find_by_id = find_by_id
        self._known: Briefly[bytes, ApiKey | None] = Briefly(
            fresh_ms=fresh_ms, stale_ms=stale_ms, entries_max=keys_max, away=StoreAway
        )
        self._by_id: Briefly[str, ApiKey | None] = Briefly(
            fresh_ms=fresh_ms, stale_ms=stale_ms, entries_max=keys_max, away=StoreAway
        )

    def known(self, key: str, now_ms: int) -> ApiKey | None:
        """What the key gives, if that was looked up a moment ago."""
        return self._known.fresh(api_key_hash(key), now_ms)

    async def look_up(self, key: str, now_ms: int) -> ApiKey | None:
        """What the key gives; None: it is not one of ours. Raises StoreAway."""
        key_hash = api_key_hash(key)
        return await self._known.get(key_hash, lambda: self._find(key_hash), now_ms)

    def known_by_id(self, key_id: str, now_ms: int) -> ApiKey | None:
        """What the key with this id gives, if that was looked up a moment ago."""
        return self._by_id.fresh(key_id, now_ms)

    async def look_up_by_id(self, key_id: str, now_ms: int) -> ApiKey | None:
        """What the key with this id gives; None: there is none. Raises StoreAway."""
        return await self._by_id.get(key_id, lambda: self._find_by_id(key_id), now_ms)
