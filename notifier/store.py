"""What the notifier reads of Postgres: shows, layouts, who owns what, batches of outcomes, API keys."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec

from notifier.ports import Facts, KeyFound, Snapshot, StoreAway
from runtime.clusters import Clusters
from runtime.postgres import FAILURES
from ticketing.key_limits import Limits, read_networks
from ticketing.layout import Layout, decode_layout
from ticketing.messages import Policy, Reservation
from ticketing.telling import Where
from ticketing.vocabulary import ShowStatus

FACTS_MAX = 10_000
LAYOUTS_MAX = 64
NOT_OPENED = "scheduled"
"""The status of a show that is in the catalogue and not in the stock yet."""

FACTS = "SELECT part, venue_id, layout_id, policy FROM shows WHERE show_id = $1"
LAYOUT = "SELECT document, sha256 FROM layouts WHERE layout_id = $1"
# These three are read in one snapshot: the reservations are those after exactly that batch and that number.
CURSOR = "SELECT batch_seq FROM published_batches WHERE part = $1"
STATE = "SELECT status, seq, currency, policy FROM show_state WHERE part = $1 AND show_id = $2"
OWNERS = "SELECT reservation_id, status, seats, areas FROM show_snapshot WHERE part = $1 AND show_id = $2"
# Never past what is published, and in the order in which it is put before what is known.
BATCHES = """
SELECT b.part, b.log_gen, b.batch_seq, b.payload, b.decided_at_ms
FROM outcome_batches b JOIN published_batches p ON p.part = b.part
WHERE b.part = $1 AND b.batch_seq > $2 AND b.batch_seq <= least($3, p.published_seq)
ORDER BY b.batch_seq
"""
# A rotated key's secret before is good for a while longer.
KEY = """
SELECT key_id, roles, permissions, venues, shows, addresses, revoked_at_ms, sandbox, selling_at_once_max,
       CASE WHEN previous_hash = $1 THEN previous_ends_at_ms END AS ends_at_ms
FROM api_key WHERE key_hash = $1 OR previous_hash = $1
"""
KEY_BY_ID = """
SELECT key_id, roles, permissions, venues, shows, addresses, revoked_at_ms, sandbox, selling_at_once_max,
       NULL::bigint AS ends_at_ms
FROM api_key WHERE key_id = $1
"""
# A room begins with wave 0, so a show without a row here takes every pass.
WAVES = "SELECT show_id, wave FROM room_waves WHERE wave > 0"
REVOKED = "SELECT key_id FROM api_key WHERE key_id = ANY($1) AND revoked_at_ms IS NOT NULL"


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """`notifier.ports.Batch`."""

    part: int
    log_gen: int
    batch_seq: int
    payload: bytes
    decided_at_ms: int


@contextmanager
def reaching_postgres() -> Iterator[None]:
    """Say in our words that Postgres is away."""
    try:
        yield
    except FAILURES as exc:
        raise StoreAway(repr(exc)) from exc


class PostgresStore:
    """`notifier.ports.Store` and `notifier.ports.Keys` over the clusters. What never changes is kept."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters
        self._pool = clusters.first
        self._facts: OrderedDict[int, Facts] = OrderedDict()
        self._layouts: OrderedDict[str, Layout] = OrderedDict()

    async def facts(self, show: int) -> Facts | None:
        """The show in the catalogue; None: there is no such show."""
        known = self._facts.get(show)
        if known is None:
            with reaching_postgres():
                row = await self._pool.fetchrow(FACTS, show)
            if row is None:
                return None
            policy = msgspec.json.decode(row["policy"], type=Policy)
            known = Facts(show, row["part"], row["venue_id"], row["layout_id"], policy)
            _keep(self._facts, show, known, FACTS_MAX)
        return known

    async def load(self, facts: Facts) -> Snapshot:
        """The show as it is committed now."""
        layout = await self._layout(facts.layout_id)
        with reaching_postgres():
            async with (
                self._clusters.of(facts.part).acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                batch_seq = await connection.fetchval(CURSOR, facts.part)
                state = await connection.fetchrow(STATE, facts.part, facts.show)
                owners = await connection.fetch(OWNERS, facts.part, facts.show)
        return Snapshot(
            batch_seq=batch_seq,
            seq=0 if state is None else state["seq"],
            status=NOT_OPENED if state is None else ShowStatus(state["status"]),
            currency="" if state is None else state["currency"],
            layout=layout,
            policy=None if state is None else msgspec.json.decode(state["policy"], type=Policy),
            reservations=[
                (row["reservation_id"], row["status"], tuple(row["seats"]), _pairs(row["areas"])) for row in owners
            ],
        )

    async def where(self, show: int) -> Where | None:
        """What a show adds to its reservations when they are told; None: there is no such show, or not opened yet."""
        facts = await self.facts(show)
        if facts is None:
            return None
        with reaching_postgres():
            state = await self._clusters.of(facts.part).fetchrow(STATE, facts.part, show)
        if state is None:
            return None
        return Where(show, facts.venue, state["currency"], await self._layout(facts.layout_id))

    async def read_batches(self, part: int, after_seq: int, up_to_seq: int) -> list[StoredBatch]:
        """Published batches, ascending."""
        with reaching_postgres():
            rows = await self._clusters.of(part).fetch(BATCHES, part, after_seq, up_to_seq)
        return [StoredBatch(**row) for row in rows]

    async def find(self, key_hash: bytes) -> KeyFound | None:
        """The API key with this hash."""
        with reaching_postgres():
            row = await self._pool.fetchrow(KEY, key_hash)
        return None if row is None else _key(row)

    async def find_by_id(self, key_id: str) -> KeyFound | None:
        """The API key of this id."""
        with reaching_postgres():
            row = await self._pool.fetchrow(KEY_BY_ID, key_id)
        return None if row is None else _key(row)

    async def waves(self) -> dict[int, int]:
        """As in the port."""
        with reaching_postgres():
            rows = await self._pool.fetch(WAVES)
        return {row["show_id"]: row["wave"] for row in rows}

    async def revoked(self, key_ids: set[str]) -> set[str]:
        """Those of `key_ids` that have been revoked."""
        with reaching_postgres():
            rows = await self._pool.fetch(REVOKED, list(key_ids))
        return {row["key_id"] for row in rows}

    async def _layout(self, layout_id: str) -> Layout:
        known = self._layouts.get(layout_id)
        if known is None:
            with reaching_postgres():
                row = await self._pool.fetchrow(LAYOUT, layout_id)
            if row is None:
                raise LookupError(f"the catalogue names layout {layout_id}, which is not there")
            known = decode_layout(row["document"], row["sha256"])
            _keep(self._layouts, layout_id, known, LAYOUTS_MAX)
        return known


def _key(row: asyncpg.Record) -> KeyFound:
    return KeyFound(
        key_id=row["key_id"],
        gives=frozenset(row["roles"]) | frozenset(row["permissions"]),
        revoked=row["revoked_at_ms"] is not None,
        limits=Limits(frozenset(row["venues"]), frozenset(row["shows"]), read_networks(row["addresses"])),
        ends_at_ms=row["ends_at_ms"],
        sandbox=row["sandbox"],
        selling_at_once_max=row["selling_at_once_max"],
    )


def reservation_of(row: asyncpg.Record) -> Reservation:
    """A reservation from a row of the view `reservations`."""
    return Reservation(
        id=row["reservation_id"],
        status=row["status"],
        version=row["version"],
        account=row["account"],
        seats=tuple(row["seats"]),
        areas=_pairs(row["areas"]),
        prices=tuple(row["prices"]),
        amount=row["amount"],
        held_at_ms=row["held_at_ms"],
        expires_at_ms=row["expires_at_ms"],
        booked_at_ms=row["booked_at_ms"],
    )


def _pairs(flat: list[int]) -> tuple[tuple[int, int], ...]:
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def _keep(cache: OrderedDict[Any, Any], key: object, value: object, most: int) -> None:
    cache[key] = value
    if len(cache) > most:
        cache.popitem(last=False)
