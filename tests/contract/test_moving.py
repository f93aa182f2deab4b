"""`onsale move` between two databases, which stand for two clusters: cut off after each of its steps it is finished by
the next one, and at no moment can two allocators claim the partition."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from allocator.store import CLAIM
from infra.provision import parts_in
from onsale.installation import Installation, NotProvisioned, provision_databases
from onsale.moving import fence, moving, tables
from onsale.moving.fence import MustStay
from onsale.verify.findings import Check, Findings
from onsale.verify.reading import Reading, read_and_check
from onsale.verify.tables import AreaRow
from runtime.cluster_map import ClusterMap, read_cluster_map
from tests.conftest import Database, fresh_database
from tests.contract.stored_ledger import store_ledger
from tests.servers import Servers
from tests.unit.onsale import ledger as sale
from tests.unit.onsale.ledger import PART, SHOW, Ledger, seal
from ticketing.messages import HoldReleased, ShowClosed

pytestmark = pytest.mark.anyio

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
ROWS_OF_ROOMS = """
INSERT INTO catalogue_show VALUES
    (81, 3, 'ven_1', 'lay_1', 'a night', 'EUR', 0, 0, 0, 14, '{}', '{}', 'key_1', 'k', 'f', 0);
INSERT INTO contact_booking VALUES (81, 'r', 'h', 'Ada', 'ada@example.org', '', '', '', '', 0);
INSERT INTO delivery_cursor VALUES (3, 4);
INSERT INTO caller_event_cursor VALUES (3, 4);
INSERT INTO delivery_refund VALUES (
    'evt_1', 3, 81, 'r', 'card', 'p-1', 5, 'why', 'ent_anna', 'done', 1, 0, 0, 're_1', '', 0, 0);
"""


@dataclass
class Ground:
    """Two clusters: all is in the first, and the map says that the partition is in the second."""

    first: Connection
    second: Connection
    places: ClusterMap

    async def move(self) -> None:
        """What the command does."""
        await moving.move([self.first, self.second], self.places, PART, lambda _: None)

    async def claimable(self) -> list[str]:
        """Where an allocator could claim it; each claim is taken back."""
        found = []
        for name, connection in (("first", self.first), ("second", self.second)):
            turn = connection.transaction()
            await turn.start()
            if await connection.fetchrow(CLAIM, PART, uuid4()) is not None:
                found.append(name)
            await turn.rollback()
        return found

    async def findings(self) -> Findings:
        """What `onsale verify` finds in both."""
        reading = Reading(Findings())
        for number, connection in enumerate((self.first, self.second)):
            await read_and_check(connection, reading, has=self.places.has(number))
        return reading.findings


def it_is_over() -> Ledger:
    """The small sale, with nothing held any more."""
    log = sale.log()
    cleo = sale.then(sale.CLEO_EXTENDED, "released")
    log[3][-1:] = [
        HoldReleased(show=SHOW, seq=13, at_ms=sale.T0, offset=14, reservation=cleo),
        ShowClosed(show=SHOW, seq=14, at_ms=sale.T0, offset=15),
    ]
    over = Ledger(
        batches=seal(log),
        areas=[AreaRow(SHOW, 0, 4, 0)],
        seats={0: sale.ANNA.id, 1: sale.ANNA.id},
        reservations=[sale.ANNA_BOOKED, sale.BEN_EXPIRED, cleo, sale.DORA_RELEASED, sale.EMIL_CANCELLED],
    )
    over.shows = [replace(over.shows[0], seq=14)]
    return over


@pytest.fixture
async def ground(servers: Servers, database: Database, database_template: str) -> AsyncIterator[Ground]:
    """The sale is over, and all that rooms keep beside it is settled."""
    with fresh_database(servers, database_template) as other:
        async with AsyncExitStack() as stack:
            first, second = [await asyncpg.connect(url) for url in (database.url, other.url)]
            for connection in (first, second):
                stack.push_async_callback(connection.close)
            await second.execute("DELETE FROM allocator_cursor")
            await store_ledger(first, it_is_over())
            await first.execute(ROWS_OF_ROOMS)
            yield Ground(first, second, read_cluster_map(database.url, f"{PART}={other.url}"))


async def rows_of(connection: Connection) -> dict[str, list[Any]]:
    """All that belongs to the partition."""
    return {table: sorted(map(repr, await connection.fetch(tables.READ[table], PART))) for table in tables.TABLES}


async def test_a_partition_moves_with_all_that_is_its_own_and_is_as_good_as_before(ground: Ground) -> None:
    before = await rows_of(ground.first)
    assert sum(len(rows) > 0 for rows in before.values()) >= 9
    assert (await ground.findings()).failed == [Check.ONE_CLUSTER]
    assert await ground.claimable() == ["first"]
    for _ in range(2):  # once more is nothing more
        await ground.move()
        assert await ground.claimable() == ["second"]
        assert await rows_of(ground.second) == before
        assert not any((await rows_of(ground.first)).values())
        assert (await ground.findings()).total == 0
    assert await ground.second.fetchval("SELECT name FROM catalogue_show") == "a night"


STEPS = ((fence, "fence"), (moving, "_copy"), (moving, "_carry"), (moving, "_leave"))


async def test_one_that_is_cut_off_leaves_nothing_to_claim_and_is_finished_by_the_next(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, there = await rows_of(ground.first), ground.places
    for module, step in STEPS:
        does = getattr(module, step)

        async def and_is_killed(*arguments: Any, does: Any = does) -> None:
            await does(*arguments)
            raise ConnectionAbortedError

        monkeypatch.setattr(module, step, and_is_killed)
        with pytest.raises(ConnectionAbortedError):
            await ground.move()
        assert await ground.claimable() == [], step
        monkeypatch.setattr(module, step, does)
        await ground.move()
        assert await ground.claimable() == ["second"], step
        assert await rows_of(ground.second) == before, step
        assert (await ground.findings()).total == 0, step
        # And back, where the map no longer names it.
        ground.places = replace(there, elsewhere={})
        await ground.move()
        assert await ground.claimable() == ["first"], step
        assert await rows_of(ground.first) == before, step
        ground.places = there


async def test_one_of_which_something_is_under_way_or_wrong_stays(ground: Ground) -> None:
    for table, done, undone, why in (
        ("delivery_refund", "state = 'due'", "state = 'done'", "a refund is still due"),
        ("delivery_cursor", "batch_seq = 3", "batch_seq = 4", "the notifier has not taken"),
        ("caller_event_cursor", "batch_seq = 3", "batch_seq = 4", "the notifier has not taken"),
        ("allocator_cursor", "published_seq = 3", "published_seq = 4", "not published yet"),
        ("area", "taken = 1", "taken = 0", "area_table"),
    ):
        await ground.first.execute(f"UPDATE {table} SET {done} WHERE part = 3")
        with pytest.raises(MustStay, match=why):
            await ground.move()
        assert await ground.claimable() == ["first"]
        await ground.first.execute(f"UPDATE {table} SET {undone} WHERE part = 3")
    await ground.move()
    assert await ground.claimable() == ["second"]


async def test_one_with_an_open_show_or_a_hold_stays(servers: Servers, database: Database) -> None:
    connection = await asyncpg.connect(database.url)
    try:
        await store_ledger(connection, Ledger())
        with pytest.raises(MustStay, match="places of it are held"):
            await fence.fence(connection, connection, PART)
        await connection.execute("UPDATE show SET status = 'open'")
        with pytest.raises(MustStay, match="still on sale"):
            await fence.fence(connection, connection, PART)
        assert await connection.fetchrow(CLAIM, PART, uuid4()) is not None
    finally:
        await connection.close()


async def test_what_is_written_beside_a_copy_is_not_lost(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    carry = moving._carry

    async def and_somebody_writes(*arguments: Any) -> None:
        await carry(*arguments)
        await ground.first.execute("UPDATE contact_booking SET email = 'ada@elsewhere.example.org'")

    monkeypatch.setattr(moving, "_carry", and_somebody_writes)
    with pytest.raises(MustStay, match="table contact_booking was written to meanwhile: run it again"):
        await ground.move()
    monkeypatch.setattr(moving, "_carry", carry)
    await ground.move()
    assert await ground.second.fetchval("SELECT email FROM contact_booking") == "ada@elsewhere.example.org"


async def test_provisioning_makes_no_second_cursor(servers: Servers, ground: Ground) -> None:
    first, second = ground.places.urls
    installation = Installation(
        data_dir=Path(), postgres_url=first, redis_url="", kafka_bootstrap="", secret=servers.secret,
        watch=lambda: asyncio.sleep(0), postgres_clusters=f"{PART},12-13={second}",
    )  # fmt: skip
    with pytest.raises(NotProvisioned, match="partition 3 is in cluster 0 and mapped elsewhere: onsale move 3"):
        await provision_databases(installation, 14)
    with pytest.raises(NotProvisioned, match="partition 12 is mapped to a cluster, but there are only 12"):
        await provision_databases(installation, 12)
    assert await parts_in(second) == set()
    await ground.move()
    await provision_databases(installation, 14)
    assert (await parts_in(first), await parts_in(second)) == ({*range(12)} - {PART}, {PART, 12, 13})


async def test_no_table_of_a_partition_is_forgotten(ground: Ground) -> None:
    sql = """
        SELECT table_name
        FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND column_name IN ('part', 'reservation_id')
    """
    with_a_part = {row["table_name"] for row in await ground.first.fetch(sql)}
    elsewhere = {"allocator_cursor", "caller_event_cursor", "catalogue_show"}
    assert with_a_part == {*tables.TABLES} | elsewhere
