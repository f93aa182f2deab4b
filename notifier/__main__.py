"""`python -m notifier`: the room alone in a process."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib import resources

from notifier.cluster_loops import ClusterLoops, Following
from notifier.door import Door
from notifier.halls import Halls
from notifier.log_edge import KafkaCommandLog, KafkaCommands
from notifier.loop import NotifierLoops
from notifier.lounge import Lounges
from notifier.mail.postman import Postman
from notifier.mail.smtp import Smtp
from notifier.mail.store import Pool, PostgresMails
from notifier.money.cashier import Cashier
from notifier.money.store import PostgresMoney
from notifier.outbox.service import IN_FLIGHT_MAX, Outbox
from notifier.outbox.store import PostgresOutbox
from notifier.outbox.wire import HttpWire, open_http
from notifier.reception import Reception
from notifier.selling import Selling
from notifier.service import Notifier
from notifier.settings import NotifierSettings
from notifier.sockets import SocketApp
from notifier.store import PostgresStore
from payments.opening import open_provider
from payments.provider import by_name
from runtime import logs
from runtime.addresses import ClientAddresses
from runtime.clusters import Standing, open_clusters
from runtime.elapsed import ElapsedClock
from runtime.kafka import QUIET_WAIT_MS, BatchingProducer, PartitionReader
from runtime.localised import LANGUAGES, read_words
from runtime.process import RunningRoom, run, serve
from runtime.tracing import Tracer, open_exporter
from ticketing import topics
from ticketing.clock import Clock, SystemClock
from ticketing.finishing import finishing_token
from ticketing.pseudonyms import Pseudonyms
from ticketing.tokens import BookingLink, TokenKeys

ROOM = "notifier"
LETTERS = resources.files("notifier.mail") / "words"


@asynccontextmanager
async def open_room(settings: NotifierSettings) -> AsyncIterator[RunningRoom]:
    """The room with its connections, which are closed on the way out."""

    def reader(topic: topics.Topic) -> PartitionReader:
        name = topic.full_name(settings.topic_prefix)
        return PartitionReader(settings.kafka_bootstrap, name, client_id=ROOM, idle_wait_ms=QUIET_WAIT_MS)

    async with AsyncExitStack() as stack:
        clusters = await stack.enter_async_context(
            open_clusters(settings, ROOM, max_size=settings.notifier_postgres_connections_max)
        )
        clock = SystemClock()
        exporter = await stack.enter_async_context(open_exporter(settings.otlp_url, ROOM))
        store = PostgresStore(clusters)
        limits = settings.limits()
        tokens = TokenKeys(settings.secrets)
        producer = await stack.enter_async_context(
            BatchingProducer(
                settings.kafka_bootstrap,
                topics.COMMANDS.full_name(settings.topic_prefix),
                backlog_records_max=settings.socket_asks_max,
                deadline_s=settings.kafka_deadline_s,
                client_id=ROOM,
            )
        )
        door = Door(sockets_max=limits.sockets_max, random=random.random)
        halls = Halls(
            store=store,
            clock=clock,
            limits=limits,
            new_turn=asyncio.Lock,
            pause=asyncio.sleep,
            sign_finish=partial(finishing_token, tokens=tokens),
            cluster_of=clusters.number_of,
        )
        reception = Reception(
            halls=halls,
            keys=store,
            tokens=tokens,
            clock=clock,
            limits=limits,
            selling=Selling(
                log=KafkaCommandLog(producer),
                clock=clock,
                elapsed=ElapsedClock(),
                entropy=os.urandom,
                asks_max=settings.socket_asks_max,
                asks_each_max=settings.socket_asks_each_max,
                lag_max_ms=settings.socket_lag_max_ms,
                # No verdict would be heard of.
                is_paused=lambda part: is_paused(clusters.number_of(part)),
                later=asyncio.get_running_loop().call_later,
            ),
            door=door,
        )
        lounges = Lounges(door=door, clock=clock, limits=limits)

        def farewell() -> None:
            reception.farewell()
            lounges.farewell()

        notifiers = [
            Notifier(halls=halls, reception=reception, clock=clock, pause=asyncio.sleep, cluster=cluster.number)
            for cluster in clusters
        ]
        outbox = Outbox(
            store=PostgresOutbox(clusters, store),
            wire=HttpWire(
                await stack.enter_async_context(open_http(IN_FLIGHT_MAX)),
                private_allowed=settings.webhook_private_addresses,
                tracer=Tracer(now_ms=clock.now_ms, entropy=os.urandom, exporter=exporter),
            ),
            clock=clock,
            chance=random.random,
        )
        providers, following = by_name(await stack.enter_async_context(open_provider(settings))), Following()
        each = [
            ClusterLoops(
                cluster=cluster,
                notifier=notifiers[cluster.number],
                outcomes=await stack.enter_async_context(reader(topics.OUTCOMES)),
                outbox=outbox,
                cashier=Cashier(
                    store=PostgresMoney(
                        cluster.pool,
                        ask_after_ms=round(settings.payment_ask_after_s * 1000),
                        mails=bool(settings.smtp_url),
                    ),
                    providers=providers,
                    commands=KafkaCommands(producer),
                    pseudonyms=Pseudonyms(settings.secrets),
                    clock=clock,
                ),
                postman=_postman(settings, cluster.pool, store, tokens, clock),
                following=following,
            )
            for cluster in clusters
        ]

        def is_paused(cluster: int) -> bool:
            return bool(each[cluster].reasons() or each[cluster].degraded())

        standing = Standing([loops.reasons for loops in each])
        loops = NotifierLoops(
            notifier=notifiers[0],
            reception=reception,
            first=each[0],
            parts_elsewhere=frozenset(settings.cluster_map.elsewhere),
            warnings=await stack.enter_async_context(reader(topics.WARNINGS)),
            outbox=outbox,
            lounges=lounges,
            rooms=await stack.enter_async_context(reader(topics.ROOM_STATUS)),
        )
        yield RunningRoom(
            name=ROOM,
            app=SocketApp(reception, lounges, store, ClientAddresses(settings.proxies)),
            prefixes=("/ws",),
            tasks=[
                *(task for of_cluster in each for task in of_cluster.all()),
                loops.pass_warnings_on,
                loops.follow_rooms,
                loops.sweep,
                loops.send_events,
            ],
            ready=standing.ready,
            degraded=lambda: standing.degraded() + [why for of_cluster in each for why in of_cluster.degraded()],
            farewell=farewell,
        )


def _postman(
    settings: NotifierSettings, pool: Pool, store: PostgresStore, tokens: TokenKeys, clock: Clock
) -> Postman | None:
    if not settings.smtp_url:
        return None
    return Postman(
        store=PostgresMails(pool),
        shows=store,
        sender=Smtp(settings.smtp_url),
        sign_link=lambda show, reservation, account: tokens.sign_booking(BookingLink(show, reservation, account)),
        public_url=settings.public_url,
        sender_address=settings.mail_from,
        words={language: read_words(LETTERS.joinpath(f"{language}.json")) for language in LANGUAGES},
        clock=clock,
    )


def main() -> int:
    """Run until told to stop."""
    settings = NotifierSettings()
    logs.configure(settings.log_level, settings.log_json)
    return run(serve(ROOM, open_room, settings))


if __name__ == "__main__":
    sys.exit(main())
