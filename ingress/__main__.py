"""`python -m ingress`: the room alone in a process."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from ingress.booking_table import BookingTable
from ingress.callers import Callers
from ingress.catalogue import Catalogue
from ingress.condition import Condition
from ingress.dead_letter_table import DeadLetterTable
from ingress.entropy import PooledEntropy
from ingress.hold_notes import HoldNotes
from ingress.keeping_log import KeepingLog
from ingress.key_table import KeyTable
from ingress.keys import KeyCache
from ingress.ledger import Ledger
from ingress.limit_sharing import LimitSharing
from ingress.limit_store import RedisLimits
from ingress.log_edge import FutureBell, KafkaCommandLog, RawAppend, TickingAlarms
from ingress.looking import Looking
from ingress.loops import CommandEnds, ShowStatuses, read_outcomes, watch_log, watch_postgres
from ingress.outcomes import Followed, OutcomeReader
from ingress.own_table import OwnTable
from ingress.refund_table import RefundTable
from ingress.request_log import RequestLog
from ingress.request_table import RequestTable
from ingress.rows import Ports, new_limiter, open_api, open_direct, open_door
from ingress.sales_table import SalesTable
from ingress.service import SaleDesk
from ingress.session_table import SessionTable
from ingress.sessions import Sessions
from ingress.settings import Settings
from ingress.share_table import ShareTable
from ingress.shelf import Shelf
from ingress.tracing import open_tracing
from ingress.views import Views
from ingress.waiters import Waiters
from ingress.waves import Waves
from ingress.webhook_table import WebhookTable
from payments.opening import open_provider
from runtime import logs
from runtime.clusters import Cluster, open_clusters
from runtime.elapsed import ElapsedClock
from runtime.follow import Follower
from runtime.follow_edges import KafkaStream, PostgresTable
from runtime.kafka import QUIET_WAIT_MS, BatchingProducer, PartitionReader
from runtime.process import RunningRoom, run, serve
from runtime.redis import open_redis
from ticketing import topics
from ticketing.clock import SystemClock
from ticketing.pseudonyms import Pseudonyms
from ticketing.staff import StaffKeys
from ticketing.tokens import TokenKeys

ROOM = "ingress"


@asynccontextmanager
async def open_room(settings: Settings) -> AsyncIterator[RunningRoom]:
    """The room with its connections, which are closed on the way out."""

    def reader(topic: topics.Topic) -> PartitionReader:
        name = topic.full_name(settings.topic_prefix)
        return PartitionReader(settings.kafka_bootstrap, name, client_id=ROOM, idle_wait_ms=QUIET_WAIT_MS)

    clock = SystemClock()
    async with AsyncExitStack() as stack:
        tracing = await stack.enter_async_context(open_tracing(settings, clock))
        clusters = await stack.enter_async_context(open_clusters(settings, ROOM, max_size=settings.ingress_pool_max))
        pool = clusters.first
        # One for each cluster, so that the outcomes of one need not wait for another that is away.
        outcomes = [await stack.enter_async_context(reader(topics.OUTCOMES)) for _ in clusters]
        statuses_reader = await stack.enter_async_context(reader(topics.SHOW_STATUS))
        ends_reader = await stack.enter_async_context(reader(topics.COMMANDS))
        producer = await stack.enter_async_context(
            BatchingProducer(
                settings.kafka_bootstrap,
                topics.COMMANDS.full_name(settings.topic_prefix),
                backlog_records_max=settings.ingress_backlog_commands_max,
                deadline_s=settings.kafka_deadline_s,
                client_id=ROOM,
            )
        )

        def log_answers() -> bool:
            return producer.available and all(one.reachable for one in outcomes)

        async def open_follower(cluster: Cluster) -> Followed:
            table = PostgresTable(cluster.pool, cluster.has)
            parts = (await table.published()).keys()
            stream = KafkaStream(outcomes[cluster.number], parts)
            await stream.start()
            # Read after the end was found: what is published between the two is read twice rather than never.
            published = await table.published()
            condition.log_gens.update({part: where.log_gen for part, where in published.items()})
            start = {part: where.batch_seq for part, where in published.items()}
            # The numbers are of this history: one that begins in between must not be taken for theirs.
            history_id = next((where.history_id for where in published.values()), None)
            return Follower(stream, table, start, history_id=history_id)

        condition, elapsed = Condition(), ElapsedClock()
        waiters = Waiters(settings.ingress_waiters_max)
        views = Views(
            places_max=settings.ingress_places_cached_max,
            reservations_max=settings.ingress_reservations_cached_max,
        )
        catalogue, ledger = Catalogue(clusters), Ledger(clusters)
        shelf = Shelf(
            catalogue.show,
            catalogue.document,
            shows_max=settings.ingress_shows_cached_max,
            places_max=settings.ingress_places_cached_max,
        )
        followers = [
            OutcomeReader(
                open_follower=partial(open_follower, cluster),
                waiters=waiters,
                views=views,
                condition=condition,
                terms_changed=shelf.changed,
            )
            for cluster in clusters
        ]
        elsewhere = [(number, settings.cluster_map.parts_of(number)) for number in range(1, len(followers))]

        def seen(part: int) -> int:
            return followers[clusters.number_of(part)].seen(part)

        def unread() -> list[str]:
            # Another cluster than the first that is known to be away pauses its own partitions alone.
            missed = [0] + [number for number, parts in elsewhere if not parts <= condition.parts_away]
            return [] if all(followers[number].reading for number in missed) else ["outcomes are not read yet"]

        statuses = ShowStatuses(statuses_reader, condition, clock)
        key_table = KeyTable(pool)
        keys = KeyCache(
            key_table.find,
            key_table.find_by_id,
            fresh_ms=round(settings.ingress_key_cache_s * 1000),
            stale_ms=round(settings.ingress_key_stale_s * 1000),
            keys_max=settings.ingress_keys_cached_max,
        )
        tokens = TokenKeys(settings.secrets)
        waves = Waves(pool)
        redis = await stack.enter_async_context(open_redis(settings.redis_url, client_name=ROOM, connections_max=4))
        limiter = new_limiter(settings, condition, clock)
        sharing = LimitSharing(limiter, RedisLimits(redis, settings.redis_prefix), clock)
        request_table, request_log = RequestTable(pool), RequestLog(settings.ingress_request_log_backlog_max)
        keeping = KeepingLog(request_log, request_table, clock, days=settings.ingress_request_log_days)
        ports = Ports(
            desk=SaleDesk(
                log=KafkaCommandLog(producer),
                waiters=waiters,
                condition=condition,
                new_bell=FutureBell,
                alarms=TickingAlarms(),
                clock=clock,
                elapsed=elapsed,
                lag_max_ms=settings.ingress_lag_max_ms,
                holds_waiting_max=settings.ingress_holds_waiting_max,
                under_way_max=settings.ingress_under_way_max,
            ),
            catalogue=catalogue,
            ledger=ledger,
            notes=HoldNotes(clusters),
            shares=ShareTable(clusters),
            owns=OwnTable(clusters),
            sales=SalesTable(clusters),
            shelf=shelf,
            looking=Looking(views=views, snapshots=ledger, seen=seen, pause=asyncio.sleep),
            views=views,
            callers=Callers(
                keys=keys,
                tokens=tokens,
                clock=clock,
                waves=waves.current,
                tokens_max=settings.ingress_tokens_cached_max,
            ),
            sessions=Sessions(SessionTable(pool), keys, StaffKeys(settings.secrets), clock),
            keys=key_table,
            webhooks=WebhookTable(pool),
            bookings=BookingTable(clusters),
            refunds=RefundTable(clusters),
            letters=DeadLetterTable(clusters),
            requests=request_table,
            request_log=request_log,
            append=RawAppend(KafkaCommandLog(producer)),
            condition=condition,
            reasons=lambda: [*ports.desk.degraded(), *sharing.degraded()],
            limiter=limiter,
            tokens=tokens,
            pseudonyms=Pseudonyms(settings.secrets),
            ends=CommandEnds(ends_reader),
            counts=statuses.counts,
            clock=clock,
            entropy=PooledEntropy(os.urandom),
            tracing=tracing,
            provider=await stack.enter_async_context(open_provider(settings)),
        )
        yield RunningRoom(
            name=ROOM,
            app=open_api(ports, settings),
            direct=open_direct(ports, settings).routes,
            doors=open_door(ports, settings).doors,
            prefixes=("/api",),
            tasks=[
                *(partial(read_outcomes, follower, clock) for follower in followers),
                partial(watch_postgres, partial(ledger.takes_writes, 0), condition),
                *(partial(watch_postgres, partial(ledger.takes_writes, n), condition, parts) for n, parts in elsewhere),
                partial(watch_log, log_answers, condition, elapsed, settings.ingress_lag_max_ms),
                statuses.run,
                waves.run,
                sharing.run,
                keeping.run,
            ],
            ready=unread,
            degraded=ports.reasons,
        )


def main() -> int:
    """Run until told to stop."""
    settings = Settings()
    logs.configure(settings.log_level, settings.log_json)
    return run(serve(ROOM, open_room, settings))


if __name__ == "__main__":
    sys.exit(main())
