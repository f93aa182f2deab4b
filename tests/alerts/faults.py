"""What goes wrong, and which alerts that has to raise."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
import httpx
from aiokafka import AIOKafkaProducer

from tests.alerts.installation import CONNECTIONS_MAX, Installation
from tests.faults.own_servers import OwnServer
from tests.faults.rooms import until
from ticketing import topics

SCRAPED_WITHIN_S = 30.0
DEATHS = 4
BOOKINGS = 6
RECORDS = 3
HUNG = ("NoAllocator", "NoExpiryWorker", "PartitionSilent", "ProcessDown")


@dataclass(frozen=True)
class Fault:
    """`done`: it is there while the context is open. `raises`: alerts."""

    name: str
    done: Callable[[Installation], AbstractAsyncContextManager[None]]
    raises: frozenset[str]


@asynccontextmanager
async def postgres_read_only(there: Installation) -> AsyncIterator[None]:
    """As a disk that is full, or a standby."""
    await _postgres(there, "ALTER SYSTEM SET default_transaction_read_only = on")
    try:
        yield
    finally:
        await _postgres(there, "ALTER SYSTEM RESET default_transaction_read_only")


@asynccontextmanager
async def kafka_stopped(there: Installation) -> AsyncIterator[None]:
    """Its connections stay, and it says nothing."""
    async with _stopped(there.kafka):
        yield


@asynccontextmanager
async def redis_stopped(there: Installation) -> AsyncIterator[None]:
    """The same of Redis."""
    async with _stopped(there.redis):
        yield


@asynccontextmanager
async def workers_stopped(there: Installation) -> AsyncIterator[None]:
    """The allocator and the expiry worker hang; nobody takes over, as both live."""
    pids = [await _pid(there, name) for name in ("allocator", "expiry_worker")]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def allocator_dies(there: Installation) -> AsyncIterator[None]:
    """Again and again, each time once Prometheus has seen the one that took over."""
    for _ in range(DEATHS):
        pid, began_s = await _pid(there, "allocator"), await _began(there)
        os.kill(pid, signal.SIGKILL)

        async def another_one(before_s: frozenset[str] = began_s) -> bool:
            return not await _began(there) <= before_s

        await until(another_one, SCRAPED_WITHIN_S)
    yield


@asynccontextmanager
async def rubbish_on_the_log(there: Installation) -> AsyncIterator[None]:
    """Records that no room of ours has written."""
    producer = AIOKafkaProducer(bootstrap_servers=there.kafka.server.address, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for _ in range(RECORDS):
            await producer.send_and_wait(topics.COMMANDS.full_name(""), b"\xff rubbish", partition=0)
    finally:
        await producer.stop()
    yield


@asynccontextmanager
async def no_mail_server(there: Installation) -> AsyncIterator[None]:
    """There never is one here: so whoever books gets no letter."""
    async with there.caller() as http:
        for _ in range(BOOKINGS):
            held = (await there.hold(http)).raise_for_status().json()
            body = {
                "reservation": held["reservation"],
                "contact": {"name": "Ada Lovelace", "email": "ada@example.org"},
            }
            booked = await http.post("/api/bookings", json=body, headers={"Idempotency-Key": held["reservation"]})
            booked.raise_for_status()
    yield


@asynccontextmanager
async def too_many_connections(there: Installation) -> AsyncIterator[None]:
    """One more than there may be, and more."""
    address = httpx.URL(there.up.announced.url)
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS_MAX + 20):
            _, writer = await asyncio.open_connection(address.host, address.port)
            stack.callback(writer.close)
        yield


LOOKING_BACK = frozenset({"LettersFail", "DeadLetters", "ProcessRestarts"})
"""Over minutes: these go on for as long when all is well again."""


def _fault(name: str, done: Callable[[Installation], AbstractAsyncContextManager[None]], *raises: str) -> Fault:
    return Fault(name, done, frozenset(raises))


FAULTS = (
    _fault("a mail server that is not there", no_mail_server, "LettersFail"),
    _fault("rubbish on the log", rubbish_on_the_log, "DeadLetters"),
    _fault("more connections than may be", too_many_connections, "ConnectionsTurnedAway"),
    _fault("Redis says nothing", redis_stopped, "RoomLoopFails"),
    _fault("Postgres takes no writes", postgres_read_only, "PartitionRefused", "PostgresAway"),
    _fault("allocator and expiry worker hang", workers_stopped, *HUNG),
    _fault("Kafka says nothing", kafka_stopped, "LogAway", "ExpiryNotTaken"),
    _fault("an allocator dies again and again", allocator_dies, "ProcessRestarts"),
)


@asynccontextmanager
async def _stopped(server: OwnServer) -> AsyncIterator[None]:
    server.send(signal.SIGSTOP)
    try:
        yield
    finally:
        server.send(signal.SIGCONT)


async def _postgres(there: Installation, sql: str) -> None:
    writable = {"default_transaction_read_only": "off"}
    connection = await asyncpg.connect(there.postgres.server.address, server_settings=writable)
    try:
        await connection.execute(sql)
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


async def _pid(there: Installation, name: str) -> int:
    """Of a process of `onsale up`, once it runs."""

    async def found() -> int | None:
        return there.up.child(name)

    return await until(found, SCRAPED_WITHIN_S)


async def _began(there: Installation) -> frozenset[str]:
    """When the allocators began that Prometheus sees now."""
    return await there.prometheus.now('process_start_time_seconds{instance="allocator"}')
