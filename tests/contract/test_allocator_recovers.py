"""One allocator on real servers gets over what the store refuses and over a connection that breaks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest
from pydantic import SecretStr

from allocator import office, service
from allocator.__main__ import open_room
from allocator.seating import DECIDER_VERSION
from allocator.settings import Settings
from runtime.kafka import BatchingProducer, PartitionReader
from tests.conftest import Database
from tests.contract.stock_stores import PostgresGround, postgres_ground
from tests.servers import Servers
from tests.simulation.crowd import COSTLY_SHOW, DOCUMENT, LAYOUT_ID, SHA256, SHOWS, opening
from ticketing import messages, topics
from ticketing.clock import SystemClock

PART = 3
SHOW = SHOWS[0]
GOES_ON_WITHIN_S = 60
"""Generous, for a busy machine: this only ends a test that hangs."""

LEASES_NEVER_END = """
CREATE FUNCTION never_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.lease_until := 'infinity'; RETURN NEW; END $$;
CREATE TRIGGER never_ends BEFORE UPDATE OF lease_until ON allocator_cursor
FOR EACH ROW WHEN (NEW.owner IS NOT NULL) EXECUTE FUNCTION never_ends();
"""
"""Whoever would wait for the end of a lease waits for ever."""


@dataclass
class Running:
    """An allocator at work, and what it reads and writes."""

    commands: BatchingProducer
    statuses: PartitionReader
    ground: PostgresGround
    reasons: Callable[[], list[str]]

    @property
    def admin(self) -> "asyncpg.Connection[asyncpg.Record]":
        return self.ground.admin

    async def say(self, *commands: messages.AnyCommand) -> int:
        """The last one's offset."""
        return max(await asyncio.gather(*(self.commands.send(PART, messages.encode(it)) for it in commands)))

    async def until_told(self, status: Callable[[messages.PartitionStatusNow], bool]) -> messages.PartitionStatusNow:
        """The first of the partitions' statuses of which that is true."""
        async with asyncio.timeout(GOES_ON_WITHIN_S):
            while True:
                for record in await self.statuses.poll(100, 1.0):
                    told = messages.decode_status(record.value)
                    if isinstance(told, messages.PartitionStatusNow) and status(told):
                        return told

    async def until_ready(self, so: Callable[[list[str]], bool]) -> None:
        """Until that is true of the reasons why it is not ready."""
        async with asyncio.timeout(GOES_ON_WITHIN_S):
            while not so(self.reasons()):  # noqa: ASYNC110 -- they are no event, they are looked at
                await asyncio.sleep(0.02)

    async def until_decided(self, offset: int) -> None:
        """Until the cursor is beyond `offset`."""
        async with asyncio.timeout(GOES_ON_WITHIN_S):
            while True:
                cursor = "SELECT next_offset FROM allocator_cursor WHERE part = $1"
                if await self.admin.fetchval(cursor, PART) > offset:
                    return


@asynccontextmanager
async def allocator(servers: Servers, database: Database, prefix: str, **told: bool) -> AsyncIterator[Running]:
    settings = Settings(
        **told,  # type: ignore[arg-type]
        postgres_url=database.url,
        redis_url=servers.redis_url,
        kafka_bootstrap=servers.kafka_bootstrap,
        secret=SecretStr(servers.secret),
        topic_prefix=prefix,
    )
    async with postgres_ground(database, leases_last=False) as ground, open_room(settings) as room:
        await ground.put_layout(LAYOUT_ID, SHA256, DOCUMENT)
        tasks = [asyncio.ensure_future(task()) for task in room.tasks]
        producer = BatchingProducer(
            servers.kafka_bootstrap,
            topics.COMMANDS.full_name(prefix),
            backlog_records_max=10_000,
            deadline_s=10,
            client_id="test",
        )
        statuses = PartitionReader(servers.kafka_bootstrap, topics.SHOW_STATUS.full_name(prefix), client_id="test")
        async with producer, statuses:
            await statuses.set_positions({0: 0})
            yield Running(producer, statuses, ground, room.ready)
        assert room.request_stop is not None
        room.request_stop()
        await asyncio.gather(*tasks)


def hold(n: int, *seats: int, show: int = SHOW) -> messages.HoldSeats:
    return messages.HoldSeats(
        show=show,
        key=n.to_bytes(16),
        fingerprint=b"f" * 8,
        sent_at_ms=SystemClock().now_ms(),
        account=f"ent_{n}",
        seats=seats,
    )


async def test_a_record_that_no_column_can_hold_is_found_among_a_thousand(
    servers: Servers, database: Database, topics: str
) -> None:
    """A dozen claims, for none of which it waits: what is its own it may claim again at once."""
    async with allocator(servers, database, topics) as running:
        await running.admin.execute(LEASES_NEVER_END)
        now_ms = SystemClock().now_ms()
        await running.until_decided(await running.say(opening(SHOW, now_ms), opening(COSTLY_SHOW, now_ms)))
        others = [hold(n, n % 24) for n in range(1, 1_000)]
        last = await running.say(*others[:600], hold(5_000, 0, 1, show=COSTLY_SHOW), *others[600:])
        await running.until_decided(last)
        letters = await running.admin.fetch("SELECT code FROM dead_letter")
        assert [letter["code"] for letter in letters] == ["data_refused"]
        assert await running.admin.fetchval("SELECT count(*) FROM seat_taken") == 24


async def test_a_broken_connection_costs_no_lease(servers: Servers, database: Database, topics: str) -> None:
    async with allocator(servers, database, topics) as running:
        await running.admin.execute(LEASES_NEVER_END)
        await running.until_decided(await running.say(opening(SHOW, SystemClock().now_ms())))
        ended = await running.admin.fetch(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = $1 AND datname = current_database()",
            f"onsale allocator {PART}",
        )
        assert len(ended) == 1
        await running.until_decided(await running.say(hold(1, 1), hold(2, 1)))
        statuses = await running.admin.fetch("SELECT status FROM reservation")
        assert [row["status"] for row in statuses] == ["held"]


async def test_a_full_disk_is_told_to_everybody_and_costs_nothing_but_time(
    servers: Servers, database: Database, topics: str
) -> None:
    async with allocator(servers, database, topics) as running:
        await running.until_decided(await running.say(opening(SHOW, SystemClock().now_ms())))
        await running.ground.fill_disk()
        last = await running.say(hold(1, 1), hold(2, 1))
        told = await running.until_told(lambda status: not status.takes_writes)
        assert told.part == PART
        # Between two claims it has not met with the full disk again yet.
        await running.until_ready(lambda reasons: any("No space left" in reason for reason in reasons))
        await running.ground.free_disk()
        await running.until_decided(last)
        told = await running.until_told(lambda status: status.takes_writes)
        assert told.part == PART
        await running.until_ready(lambda reasons: reasons == [])
        assert await running.admin.fetchval("SELECT count(*) FROM seat_taken") == 1


async def test_another_version_of_the_decider_leaves_open_shows_alone_unless_it_is_told(
    servers: Servers, database: Database, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with allocator(servers, database, topics) as running:
        await running.until_decided(await running.say(opening(SHOW, SystemClock().now_ms())))
    for module in (office, service):
        monkeypatch.setattr(module, "DECIDER_VERSION", 99)
    async with allocator(servers, database, topics) as newer:
        last = await newer.say(hold(1, 1))
        await newer.until_ready(lambda reasons: any("this is 99" in reason for reason in reasons))
        owners = "SELECT count(*) FROM allocator_cursor WHERE owner IS NOT NULL"
        assert (
            await newer.admin.fetchval(owners)
            == await newer.admin.fetchval("SELECT count(*) FROM allocator_member")
            == 0
        )
    async with allocator(servers, database, topics, allocator_takes_other_deciders=True) as told:
        await told.until_decided(last)
        versions = await told.admin.fetch("SELECT decider_version FROM outcome_log ORDER BY batch_seq")
        assert [row["decider_version"] for row in versions] == [DECIDER_VERSION, 99]
        assert told.reasons() == []
