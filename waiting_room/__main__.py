"""`python -m waiting_room`: the room alone in a process."""

import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from runtime import logs
from runtime.addresses import ClientAddresses
from runtime.door import Door
from runtime.kafka import QUIET_WAIT_MS, BatchingProducer, PartitionReader
from runtime.metered import Meter, metered
from runtime.postgres import open_pool, room_url
from runtime.process import RunningRoom, run, serve
from runtime.redis import open_redis
from ticketing import topics
from ticketing.clock import SystemClock
from ticketing.staff import StaffKeys
from ticketing.tokens import TokenKeys
from waiting_room.admin_routes import AdminRoutes
from waiting_room.app import create_app, direct_routes
from waiting_room.beacons import beacon_of
from waiting_room.code_book import PostgresCodes
from waiting_room.code_routes import CodeRoutes
from waiting_room.documents import Documents, Window
from waiting_room.doorstep import Doorstep, NetworkNames
from waiting_room.draw_book import PostgresDraws
from waiting_room.draw_routes import DrawRoutes
from waiting_room.drawing import Drawing
from waiting_room.entries import Bounds, Entries
from waiting_room.holders import Holders
from waiting_room.joining import Joining
from waiting_room.leaving import Leaving
from waiting_room.ledger import PostgresLedger
from waiting_room.looks import Poll
from waiting_room.loops import Loop
from waiting_room.operator_keys import Operators
from waiting_room.outside import OutsideCheck
from waiting_room.overview import OverviewRoutes
from waiting_room.pages import read_room_page
from waiting_room.plain_routes import PlainRoutes
from waiting_room.plan_routes import PlanRoutes
from waiting_room.pressure import SlowLane
from waiting_room.proofs import Proofs
from waiting_room.readiness import Readiness
from waiting_room.record_book import PostgresRecords
from waiting_room.recording import Recorder
from waiting_room.records import Tallies
from waiting_room.room_table import PostgresRooms
from waiting_room.rooms import RoomLimits
from waiting_room.routes import FanRoutes
from waiting_room.service import WaitingRoom
from waiting_room.settings import Settings
from waiting_room.statuses import RoomStatusWriter, ShowStatusReader
from waiting_room.store import RedisCounters
from waiting_room.threshold import Threshold
from waiting_room.writing import writers

ROOM = "waiting_room"
SECOND_S = 1.0
READ_EVERY_S = 0.5
"""What operators did at another process is in effect so soon, and seen by whoever looks each second within two."""
GUESSES_PER_ADDRESS, GUESSES_PER_NETWORK = 20, 100
"""Codes that do not exist, in a minute."""
TICKETS_KEPT = 50_000
"""About 1 kB each: whoever waits shows theirs again and again."""


@asynccontextmanager
async def open_room(settings: Settings) -> AsyncIterator[RunningRoom]:
    """The room with its connections, which are closed on the way out."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        pool = await enter(
            open_pool(
                room_url(settings.postgres_url, f"onsale_{ROOM}", settings.secrets[0]),
                min_size=1,
                max_size=6,
                application_name=ROOM,
                statement_timeout_s=settings.postgres_statement_timeout_s,
                lock_timeout_s=settings.postgres_lock_timeout_s,
                left_clean=True,
            )
        )
        redis = await enter(open_redis(settings.redis_url, client_name=ROOM))
        reader = await enter(
            PartitionReader(
                settings.kafka_bootstrap,
                topics.SHOW_STATUS.full_name(settings.topic_prefix),
                client_id=ROOM,
                idle_wait_ms=QUIET_WAIT_MS,
            )
        )
        producer = await enter(
            BatchingProducer(
                settings.kafka_bootstrap,
                topics.ROOM_STATUS.full_name(settings.topic_prefix),
                backlog_records_max=10_000,
                deadline_s=settings.kafka_deadline_s,
                client_id=ROOM,
            )
        )
        ledger, table, book, codes = PostgresLedger(pool), PostgresRooms(pool), PostgresDraws(pool), PostgresCodes(pool)
        beacon = beacon_of(settings.room_beacon, settings.secrets, settings.room_beacon_patience_s)
        room = WaitingRoom(
            counters=RedisCounters(redis, settings.redis_prefix, repeat_s=settings.room_repeat_s),
            ledger=ledger,
            table=table,
            drawing=Drawing(book, beacon, clock),
            clock=clock,
            limits=RoomLimits(
                rate_per_min=settings.room_rate_per_min,
                lag_target_ms=settings.room_lag_target_ms,
                stale_after_ms=round(settings.room_status_stale_s * 1000),
                numbers_reserved_max=settings.room_numbers_reserved_max,
                active_max=settings.room_active_max,
                decides_within_ms=round(settings.room_choosing_s * 1000),
            ),
        )

        both = writers(
            ledger,
            room.settling,
            rows_max=settings.room_ledger_rows_max,
            wait_s=settings.room_ledger_wait_s,
            random=random.random,
        )
        keys = TokenKeys(settings.secrets, verified_max=TICKETS_KEPT)
        holders = Holders(room, keys)
        entries = Entries(
            room,
            holders=holders,
            keys=keys,
            clock=clock,
            writers=both,
            codes=codes,
            bounds=Bounds(settings.room_joins_per_script_max, settings.room_waiting_requests_max),
        )
        usual = Poll(settings.room_poll_floor_s, settings.room_poll_ceiling_s)
        documents = Documents(clock, usual, settings.room_looks_per_s)
        tallies, records = Tallies(), PostgresRecords(pool)
        recorder = Recorder(records, tallies, room.rooms, clock)
        joining = Joining(
            entries,
            clock=clock,
            threshold=_threshold(settings, room, tallies, await _check(settings, stack)),
            guesses=Doorstep(address_per_min=GUESSES_PER_ADDRESS, network_per_min=GUESSES_PER_NETWORK),
            tallies=tallies,
            network_name=NetworkNames(settings.secrets[0]).of,
        )
        leaving = Leaving(room, holders=holders, clock=clock, claim_writer=both.claims)
        address_of = ClientAddresses(settings.proxies).of
        page = read_room_page()
        fans = FanRoutes(
            room,
            entries,
            leaving,
            clock=clock,
            page=page,
            documents=documents,
            joining=joining,
            tallies=tallies,
            address_of=address_of,
        )
        plain = PlainRoutes(
            room,
            joining=joining,
            tallies=tallies,
            entries=entries,
            leaving=leaving,
            documents=documents,
            page=page,
            keys=keys,
            clock=clock,
            entropy=os.urandom,
            address_of=address_of,
        )
        callers = Operators(table, StaffKeys(settings.secrets), clock)
        operators = AdminRoutes(room, table, Readiness(room, table, beacon, clock), callers, clock=clock)
        overview = OverviewRoutes(room, callers, clock=clock)
        coding = CodeRoutes(room, callers, codes, clock=clock, entropy=os.urandom)
        plans = PlanRoutes(room, table, callers, records, clock=clock)
        draws = DrawRoutes(room, book)
        statuses, told = ShowStatusReader(reader, room.observe), RoomStatusWriter(producer)

        async def tell() -> None:
            await told.tell(room.statuses())

        tick_s = settings.room_tick_ms / 1000
        loops = [
            Loop("move the lines", tick_s, room.advance),
            Loop("mend the lines", tick_s, room.mend),
            Loop("read the rooms", READ_EVERY_S, room.refresh),
            Loop("hold the draws", SECOND_S, room.draw),
            Loop("tell the others", SECOND_S, tell),
            Loop("write down how it goes", SECOND_S, recorder.step),
        ]
        meter = Meter(ROOM)
        operating = [*overview.routes(), *coding.routes(), *plans.routes(), *operators.routes()]
        yield RunningRoom(
            name=ROOM,
            app=metered(create_app([*operating, *draws.routes(), *plain.routes(), *fans.routes()], os.urandom), meter),
            prefixes=("/room",),
            direct=direct_routes(fans, os.urandom, meter),
            doors=[Door(Window(documents, room.rooms.get).answer)],
            tasks=[*(loop.run for loop in loops), both.joins.run, both.claims.run, statuses.run],
            ready=lambda: [*(reason for loop in loops for reason in loop.reasons()), *statuses.reasons()],
        )


def _threshold(settings: Settings, room: WaitingRoom, tallies: Tallies, check: OutsideCheck | None) -> Threshold:
    per_address, per_network = settings.room_joins_per_address, settings.room_joins_per_network
    return Threshold(
        doorstep=Doorstep(address_per_min=per_address, network_per_min=per_network),
        clearings=Doorstep(address_per_min=per_address, network_per_min=per_network),
        slow=SlowLane(settings.room_slow_lane_per_min),
        proofs=Proofs(settings.secrets),
        rooms=room.rooms.get,
        proof_from_per_min=settings.room_proof_from_per_min,
        tallies=tallies,
        check=check,
    )


async def _check(settings: Settings, stack: AsyncExitStack) -> OutsideCheck | None:
    if not settings.room_check_url:
        return None
    client = await stack.enter_async_context(httpx.AsyncClient())
    return OutsideCheck(client, settings.room_check_url, settings.check_secret, settings.room_check_site_key)


def main() -> int:
    """Run until told to stop."""
    settings = Settings()
    logs.configure(settings.log_level, settings.log_json)
    return run(serve(ROOM, open_room, settings))


if __name__ == "__main__":
    sys.exit(main())
