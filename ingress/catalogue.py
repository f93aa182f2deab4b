"""The tables catalogue_*: venues, immutable layouts, shows. Written by admins, read by everybody through a cache.

All of it is in the first cluster; a show with its venue and layout is in the cluster of its partition as well.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

import asyncpg
import msgspec

from ingress.carrying import INSERT_LAYOUT, INSERT_SHOW, INSERT_VENUE, carry_show
from ingress.shows import LayoutRow, ListedVenue, NewLayout, NewShow, ShowRow, VenueRow, Wanted
from ingress.stores import StoreAway, fetch_merged, reaching_postgres
from runtime.clusters import Clusters
from ticketing.messages import Policy

Load: TypeAlias = tuple[int, int]
"""Places on sale, and the partition."""
PART_LOCK = 0x6F6E5F70617274
"""Advisory lock: shows are placed one after another, or several would all find the same partition empty."""

FIND_VENUE = "SELECT venue_id, name, created_at_ms FROM catalogue_venue WHERE venue_id = $1"
LIST_VENUES = """
SELECT v.venue_id, v.name, v.created_at_ms, l.layout_id, l.version, l.places FROM catalogue_venue v
LEFT JOIN LATERAL (
    SELECT layout_id, version, places FROM catalogue_layout WHERE venue_id = v.venue_id ORDER BY version DESC LIMIT 1
) l ON true
WHERE ($1::text IS NULL OR strpos(lower(v.name), lower($1)) > 0) AND (v.created_at_ms, v.venue_id) < ($2::bigint, $3)
ORDER BY v.created_at_ms DESC, v.venue_id DESC LIMIT $4
"""

# The newest layout is the venue's; FOR KEY SHARE of the venue's row would not order two versions, so lock by number.
LOCK_VENUE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
NEWEST_LAYOUT = """
SELECT layout_id, venue_id, version, sha256, places, created_at_ms FROM catalogue_layout
WHERE venue_id = $1 ORDER BY version DESC LIMIT 1
"""
FIND_LAYOUT = """
SELECT layout_id, venue_id, version, sha256, places, created_at_ms FROM catalogue_layout WHERE layout_id = $1
"""
FIND_LAYOUT_VERSION = """
SELECT layout_id, venue_id, version, sha256, places, created_at_ms FROM catalogue_layout
WHERE venue_id = $1 AND version = $2
"""
READ_DOCUMENT = "SELECT document, sha256 FROM catalogue_layout WHERE layout_id = $1"

LOADS = """
SELECT p.part, COALESCE(busy.places, 0)::bigint AS places FROM published_batches p
LEFT JOIN (
    SELECT c.part, sum(c.places) AS places FROM catalogue_show c
    LEFT JOIN show_state s ON s.part = c.part AND s.show_id = c.show_id
    WHERE COALESCE(s.status, 'open') = 'open' GROUP BY c.part
) busy ON busy.part = p.part
"""
# The statements below are put together from this text alone; values are parameters.
SHOW_COLUMNS = """
c.show_id, c.part, c.venue_id, v.name AS venue_name, c.layout_id, l.version, l.sha256, c.name, c.currency,
c.starts_at_ms, c.opens_at_ms, c.closes_at_ms, c.places, COALESCE(s.prices, c.prices) AS prices, c.policy,
s.policy AS policy_now, c.created_by, c.request_key, c.fingerprint, c.created_at_ms
"""
FIND_SHOW = f"""
SELECT {SHOW_COLUMNS} FROM catalogue_show c JOIN catalogue_venue v USING (venue_id)
JOIN catalogue_layout l USING (layout_id)
LEFT JOIN show_state s ON s.part = c.part AND s.show_id = c.show_id WHERE c.show_id = $1
"""  # noqa: S608 -- from constants
FIND_SHOW_BY_REQUEST = f"""
SELECT {SHOW_COLUMNS} FROM catalogue_show c JOIN catalogue_venue v USING (venue_id)
JOIN catalogue_layout l USING (layout_id)
LEFT JOIN show_state s ON s.part = c.part AND s.show_id = c.show_id WHERE c.request_key = $1
"""  # noqa: S608 -- from constants

LIST_SHOWS = """
SELECT c.show_id, s.status, c.starts_at_ms FROM catalogue_show c
JOIN show_state s ON s.part = c.part AND s.show_id = c.show_id
WHERE ($1::text IS NULL OR strpos(lower(c.name), lower($1)) > 0)
  AND ($2::bigint IS NULL OR c.starts_at_ms >= $2) AND ($3::bigint IS NULL OR c.starts_at_ms <= $3)
  AND ($4::text IS NULL OR c.venue_id = $4) AND ($5::text IS NULL OR s.status = $5)
  AND (c.starts_at_ms, c.show_id) > ($6::bigint, $7::bigint)
ORDER BY c.starts_at_ms, c.show_id LIMIT $8
"""


class NoPartition(Exception):
    """The installation has no partitions yet: it is not provisioned."""


class Catalogue:
    """Reads and writes of the catalogue. All raise StoreAway, and ValueRefused for what cannot be stored."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters
        self._pool = clusters.first

    async def add_venue(self, venue: VenueRow) -> VenueRow:
        """The venue as it is stored: with an id that is there already, the one that is there."""
        with reaching_postgres():
            await self._pool.execute(INSERT_VENUE, venue.venue, venue.name, venue.created_at_ms)
        found = await self.venue(venue.venue)
        return found or venue

    async def venue(self, venue: str) -> VenueRow | None:
        with reaching_postgres():
            row = await self._pool.fetchrow(FIND_VENUE, venue)
        return None if row is None else VenueRow(row["venue_id"], row["name"], row["created_at_ms"])

    async def list_venues(self, text: str | None, before: tuple[int, str], limit: int) -> list[ListedVenue]:
        """Venues with `text` in their name, the newest first, made before `(moment, venue)`."""
        with reaching_postgres():
            rows = await self._pool.fetch(LIST_VENUES, text, *before, limit)
        return [
            ListedVenue(
                VenueRow(row["venue_id"], row["name"], row["created_at_ms"]),
                row["layout_id"],
                row["version"],
                row["places"],
            )
            for row in rows
        ]

    async def add_layout(self, venue: str, new: NewLayout, now_ms: int) -> LayoutRow:
        """The venue's next version; if its newest is the same to the byte, that one."""
        with reaching_postgres():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(LOCK_VENUE, venue)
                newest = await connection.fetchrow(NEWEST_LAYOUT, venue)
                if newest is not None and newest["sha256"] == new.sha256:
                    return _layout(newest)
                version = 1 if newest is None else newest["version"] + 1
                await connection.execute(
                    INSERT_LAYOUT, new.layout, venue, version, new.sha256, new.places, new.document, now_ms
                )
        return LayoutRow(new.layout, venue, version, new.sha256, new.places, now_ms)

    async def layout(self, venue: str, version: int | None) -> LayoutRow | None:
        """A venue's layout: that version, or the newest."""
        with reaching_postgres():
            if version is None:
                row = await self._pool.fetchrow(NEWEST_LAYOUT, venue)
            else:
                row = await self._pool.fetchrow(FIND_LAYOUT_VERSION, venue, version)
        return None if row is None else _layout(row)

    async def layout_by_id(self, layout: str) -> LayoutRow | None:
        with reaching_postgres():
            row = await self._pool.fetchrow(FIND_LAYOUT, layout)
        return None if row is None else _layout(row)

    async def document(self, layout: str) -> tuple[bytes, bytes] | None:
        """A layout's stored document and its sha256."""
        with reaching_postgres():
            row = await self._pool.fetchrow(READ_DOCUMENT, layout)
        return None if row is None else (row["document"], row["sha256"])

    async def show(self, show: int) -> ShowRow | None:
        with reaching_postgres():
            return await self._where_it_is(await self._pool.fetchrow(FIND_SHOW, show))

    async def show_by_request(self, request_key: bytes) -> ShowRow | None:
        """The show that the call with this command key made."""
        with reaching_postgres():
            return await self._where_it_is(await self._pool.fetchrow(FIND_SHOW_BY_REQUEST, request_key))

    async def _where_it_is(self, row: asyncpg.Record | None) -> ShowRow | None:
        """A show with its terms as of now, which are in the cluster of its partition. Whoever has read it there can
        open it: it has been carried there, if only now."""
        if row is None or not self._clusters.number_of(row["part"]):
            return None if row is None else _show(row)
        there = self._clusters.of(row["part"])
        found = await there.fetchrow(FIND_SHOW, row["show_id"])
        if found is None:
            async with there.acquire() as connection:
                await carry_show(self._pool, connection, row["show_id"])
            found = await there.fetchrow(FIND_SHOW, row["show_id"])
        return None if found is None else _show(found)

    async def shows(self, wanted: Wanted) -> list[tuple[int, str]]:
        """`(show, status)` of the shows that have been opened, by start."""
        with reaching_postgres():
            rows = await fetch_merged(
                self._clusters, LIST_SHOWS, wanted.text, wanted.from_ms, wanted.to_ms, wanted.venue, wanted.status,
                *wanted.after, wanted.limit, key=lambda row: (row["starts_at_ms"], row["show_id"]), limit=wanted.limit,
            )  # fmt: skip
        return [(row["show_id"], row["status"]) for row in rows]

    async def add_show(self, new: NewShow) -> ShowRow | None:
        """The show, on the partition with the fewest places on sale. None: that request key was there first.

        Raises NoPartition.
        """
        try:
            with reaching_postgres():
                elsewhere = await self._loads_elsewhere()
                async with self._pool.acquire() as connection, connection.transaction():
                    await connection.execute("SELECT pg_advisory_xact_lock($1)", PART_LOCK)
                    here = self._loads_in(0, await connection.fetch(LOADS))
                    await self._insert(connection, new, _least_loaded([*here, *elsewhere]))
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "catalogue_show_request_key_key":
                return None
            raise
        return await self.show(new.show)

    async def _loads_elsewhere(self) -> list[Load]:
        """Of the partitions that are not in the first cluster; a cluster that is away gets no new show."""
        loads: list[Load] = []
        for cluster in list(self._clusters)[1:]:
            with suppress(StoreAway), reaching_postgres():
                loads += self._loads_in(cluster.number, await cluster.pool.fetch(LOADS))
        return loads

    def _loads_in(self, cluster: int, rows: Sequence[asyncpg.Record]) -> list[Load]:
        # A partition that is being moved stands in two clusters, and is in one.
        return [(row["places"], row["part"]) for row in rows if self._clusters.number_of(row["part"]) == cluster]

    @staticmethod
    async def _insert(connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", new: NewShow, part: int) -> None:
        if new.new_venue is not None and new.new_layout is not None:
            await connection.execute(INSERT_VENUE, new.venue, new.new_venue, new.created_at_ms)
            layout = new.new_layout
            await connection.execute(
                INSERT_LAYOUT, layout.layout, new.venue, 1, layout.sha256, layout.places, layout.document,
                new.created_at_ms,
            )  # fmt: skip
        policy = {**msgspec.to_builtins(new.policy), "test": new.test}
        await connection.execute(
            INSERT_SHOW, new.show, part, new.venue, new.layout, new.name, new.currency, new.starts_at_ms,
            new.opens_at_ms, new.closes_at_ms, new.places, msgspec.json.encode(new.prices).decode(),
            msgspec.json.encode(policy).decode(), new.created_by, new.request_key, new.fingerprint, new.created_at_ms,
        )  # fmt: skip


def _least_loaded(loads: Sequence[Load]) -> int:
    if not loads:
        raise NoPartition
    return min(loads)[1]


ReadShow = Callable[[int], Awaitable[ShowRow | None]]
ReadDocument = Callable[[str], Awaitable[tuple[bytes, bytes] | None]]


def _layout(row: asyncpg.Record) -> LayoutRow:
    return LayoutRow(
        row["layout_id"], row["venue_id"], row["version"], row["sha256"], row["places"], row["created_at_ms"]
    )


def _show(row: asyncpg.Record) -> ShowRow:
    policy, now = msgspec.json.decode(row["policy"]), row["policy_now"]
    return ShowRow(
        show=row["show_id"],
        part=row["part"],
        venue=row["venue_id"],
        venue_name=row["venue_name"],
        layout=row["layout_id"],
        layout_version=row["version"],
        layout_sha256=row["sha256"],
        name=row["name"],
        currency=row["currency"],
        starts_at_ms=row["starts_at_ms"],
        opens_at_ms=row["opens_at_ms"],
        closes_at_ms=row["closes_at_ms"],
        places=row["places"],
        prices=msgspec.json.decode(row["prices"], type=dict[str, int]),
        policy=msgspec.convert(policy if now is None else msgspec.json.decode(now), Policy),
        test=bool(policy.get("test", False)),
        created_by=row["created_by"],
        request_key=row["request_key"],
        fingerprint=row["fingerprint"],
        created_at_ms=row["created_at_ms"],
    )
