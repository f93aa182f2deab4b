"""API keys for whoever sits at this machine: made on request, and a pair of them for `onsale up`."""

import os
import secrets
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import TypeAlias

import asyncpg
import msgspec

from ingress.key_table import create_key, find_key
from ingress.keys import Allowance
from onsale.installation import Installation
from runtime.postgres import open_pool, room_url
from ticketing.clock import SystemClock
from ticketing.tokens import api_key_hash

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

ADMIN_ROLES = ("admin", "booking", "operator", "read")
SANDBOX_ROLES = ("booking", "read")
KEY_ENTROPY_BYTES = 48
KEPT = Allowance(requests_per_min=6_000, selling_at_once_max=200)
"""What the pair of `onsale up` may ask for: the probes of a demo come ten a second and wait for their verdicts."""


class KeptKeys(msgspec.Struct, frozen=True):
    """The keys that `onsale up` prints. Kept in the data directory (mode 0600), or each start would make new ones."""

    admin: str
    sandbox: str


async def make_key(
    installation: Installation, name: str, roles: Sequence[str], allowance: Allowance, *, sandbox: bool
) -> tuple[str, str]:
    """`(key id, key)`. Raises ValueError for a role that there is not, and `ingress.stores.StoreAway`."""
    async with _pool(installation) as pool:
        return await _create(pool, name, roles, allowance, sandbox=sandbox)


async def kept_keys(installation: Installation) -> KeptKeys:
    """The pair of this data directory: the one kept there if it still works, else a new one."""
    path = installation.data_dir / "keys.json"
    async with _pool(installation) as pool:
        with suppress(FileNotFoundError, msgspec.DecodeError):
            kept = msgspec.json.decode(path.read_bytes(), type=KeptKeys)
            if await _works(pool, kept.admin) and await _works(pool, kept.sandbox):
                return kept
        _, admin = await _create(pool, "onsale up: admin", ADMIN_ROLES, KEPT, sandbox=False)
        _, sandbox = await _create(pool, "onsale up: sandbox", SANDBOX_ROLES, KEPT, sandbox=True)
    made = KeptKeys(admin, sandbox)
    unfinished = path.with_suffix(".new")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(msgspec.json.encode(made))
    os.replace(unfinished, path)
    return made


def ingress_pool(postgres_url: str, secret: str, application_name: str) -> AbstractAsyncContextManager[Pool]:
    """One connection as the role of ingress, which owns keys and contacts."""
    url = room_url(postgres_url, "onsale_ingress", secret)
    return open_pool(url, min_size=1, max_size=1, application_name=application_name)


def _pool(installation: Installation) -> AbstractAsyncContextManager[Pool]:
    return ingress_pool(installation.postgres_url, installation.secret, "onsale keys")


async def _create(
    pool: Pool, name: str, roles: Sequence[str], allowance: Allowance, *, sandbox: bool
) -> tuple[str, str]:
    now_ms = SystemClock().now_ms()
    return await create_key(pool, name, roles, sandbox, now_ms, secrets.token_bytes(KEY_ENTROPY_BYTES), allowance)


async def _works(pool: Pool, key: str) -> bool:
    found = await find_key(pool, api_key_hash(key))
    return found is not None and not found.revoked
