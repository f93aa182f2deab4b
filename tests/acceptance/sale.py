"""A whole sale for one test: every room, on the run's real servers, over the test's own database, topics and keys.

The rooms that answer HTTP run in the test's own event loop; allocators are processes, so that they can be killed.
"""

import asyncio
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx

import expiry_worker.__main__ as expiry_room
import ingress.__main__ as ingress_room
import notifier.__main__ as notifier_room
import payments.sandbox.__main__ as sandbox_room
from expiry_worker.settings import ExpirySettings
from ingress.key_table import create_key
from ingress.keys import PLENTY
from ingress.settings import Settings as IngressSettings
from notifier.settings import NotifierSettings
from onsale.dev_mail.sink import open_sink
from onsale.launching import launch
from payments.settings import PaymentSettings
from runtime.http import listen
from runtime.process import serve_together
from tests.conftest import Database
from tests.faults.rooms import until
from tests.servers import Servers
from ticketing.clock import SystemClock, rfc3339
from ticketing.tokens import Pass, TokenKeys

ROOT = Path(__file__).parents[2]
DAY_MS = 24 * 3600 * 1000
PATIENT = "wait=10"
"""As long as a request may wait for its verdict: an allocator that was killed is followed within that."""
DECIDED_WITHIN_S = STARTED_WITHIN_S = 60.0
"""Generous, for a busy machine: this only ends a test that hangs."""
LIVING = """
SELECT FROM allocator_member m JOIN pg_stat_activity a ON a.pid = m.backend_pid AND a.backend_start = m.backend_start
"""
FREE = "SELECT FROM allocator_cursor WHERE owner IS NULL OR lease_until < now()"


@dataclass
class Answer:
    """What the API said: status, headers and the decoded body."""

    status: int
    headers: httpx.Headers
    body: Any


@dataclass
class Allocator:
    """One allocator process."""

    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        return self.process.pid

    async def kill(self) -> None:
        """kill -9, and wait until the kernel has taken it away."""
        self.process.kill()
        await self.process.wait()

    def pause(self) -> None:
        """SIGSTOP: it holds its connections and does nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)


async def launch_allocator(environment: dict[str, str]) -> Allocator:
    """A process that ends with this one, however this one ends."""
    process = await launch(
        ("-m", "allocator"), death_signal=signal.SIGKILL, environment=environment, directory=ROOT,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    return Allocator(process)


@dataclass
class Sale:
    """The running sale, as an outsider reaches it, with a way to the tables for checks."""

    url: str
    http: httpx.AsyncClient
    tables: asyncpg.Pool
    """As the superuser."""
    database: Database
    environment: dict[str, str]
    keys: TokenKeys
    admin_key: str
    partner_key: str
    letters: Path = field(default_factory=Path)
    """A maildir with whatever it wrote to anybody."""
    allocators: list[Allocator] = field(default_factory=list)

    async def spawn_allocator(self) -> Allocator:
        """One more allocator process; it takes its share of the partitions by itself."""
        allocator = await launch_allocator(self.environment)
        self.allocators.append(allocator)
        return allocator

    async def until_living(self, count: int) -> None:
        """So many allocators have started: how soon Python has read their code is not what a test is about."""
        await self.until_some(LIVING, STARTED_WITHIN_S, count=count)

    async def until_none(self, sql: str, within_s: float) -> None:
        """Nothing is found by this question any more."""

        async def none() -> bool:
            return not await self.rows(sql)

        await until(none, within_s)

    async def until_some(self, sql: str, within_s: float, *, count: int = 1) -> None:
        """At least so many rows are found by this question."""

        async def enough() -> bool:
            return len(await self.rows(sql)) >= count

        await until(enough, within_s)

    def fan(self, show: str, entry: str | None = None) -> str:
        """The pass of a fan, as the waiting room would sign it."""
        entry = entry or f"ent_{secrets.token_hex(8)}"
        expires_at_ms = SystemClock().now_ms() + 20 * 60 * 1000
        return self.keys.sign_pass(Pass(int(show[4:], 16), entry, 0, expires_at_ms))

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        key: str | None = None,
        prefer: str | None = None,
    ) -> Answer:
        """One request. `key`: the Idempotency-Key; what changes something gets a fresh one without it. Unless `prefer`
        says otherwise it is repeated, as every caller may, until there is a verdict."""
        headers = {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key is None and method != "GET":
            key = secrets.token_hex(8)
        if key:
            headers["Idempotency-Key"] = key
        if prefer or method != "GET":
            headers["Prefer"] = prefer or PATIENT
        async with asyncio.timeout(DECIDED_WITHIN_S):
            while True:
                response = await self.http.request(method, path, json=body, headers=headers)
                if response.status_code != httpx.codes.ACCEPTED or prefer not in {None, PATIENT}:
                    content = response.json() if response.content else None
                    return Answer(response.status_code, response.headers, content)

    async def until_told(self, path: str, token: str, within_s: float, *, other_than: str = "pending") -> Answer:
        """What is read there once its status is another one."""

        async def told() -> Answer | None:
            read = await self.call("GET", path, token=token)
            return read if read.body["status"] != other_than else None

        return await until(told, within_s)

    async def new_show(self, **terms: Any) -> dict[str, Any]:
        """A show that is on sale, by the one-call short form; terms as in POST /api/admin/shows.

        Its fans need not pay unless `policy` says so: tests/acceptance/test_payments.py is about money.
        """
        starts_at = rfc3339(SystemClock().now_ms() + 30 * DAY_MS)
        policy = {"payment": "optional", **terms.pop("policy", {})}
        body = {"name": "a night out", "starts_at": starts_at, "policy": policy, **terms}
        made = await self.call("POST", "/api/admin/shows", body, token=self.admin_key, prefer=PATIENT)
        assert made.status == 201, made.body
        show: dict[str, Any] = made.body
        return show

    async def hold(self, show: str, token: str, *seats: str, key: str | None = None, **wish: Any) -> Answer:
        """POST /api/reservations for named seats, or for what `wish` says; waits for one that takes over."""
        body = {"show": show, **({"seats": list(seats)} if seats else {}), **wish}
        return await self.call("POST", "/api/reservations", body, token=token, key=key, prefer=PATIENT)

    async def confirm(self, reservation: str, token: str, *, key: str | None = None) -> Answer:
        """POST /api/bookings for a reservation."""
        contact = {"name": "Ada Lovelace", "email": "ada@example.org"}
        body = {"reservation": reservation, "contact": contact}
        return await self.call("POST", "/api/bookings", body, token=token, key=key, prefer=PATIENT)

    async def rows(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """What the tables say, read as the superuser."""
        return list(await self.tables.fetch(sql, *arguments))

    async def onsale(self, *arguments: str) -> tuple[int, str]:
        """Exit code and words of a command, as a process of its own."""
        process = await launch(
            ("-m", "onsale", *arguments), death_signal=signal.SIGKILL, environment=self.environment, directory=ROOT,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode()

    async def verify(self) -> tuple[int, str]:
        """Exit code and report of `onsale verify`."""
        return await self.onsale("verify")


@asynccontextmanager
async def open_sale(
    servers: Servers, database: Database, topics: str, redis_prefix: str, *, quick_fans: bool = True, **more: Any
) -> AsyncIterator[Sale]:
    """Everything running, with one allocator; all of it stopped on the way out. `quick_fans`: they may ask more often
    than people; `more`: settings by name."""
    letters = Path(tempfile.mkdtemp(prefix="onsale-letters-"))
    listener, mail = listen("127.0.0.1", 0), listen("127.0.0.1", 0)
    given: dict[str, Any] = {
        "postgres_url": database.url,
        "redis_url": servers.redis_url,
        "kafka_bootstrap": servers.kafka_bootstrap,
        "secret": servers.secret,
        "topic_prefix": topics,
        "redis_prefix": redis_prefix,
        "webhook_private_addresses": True,
        "public_url": f"http://127.0.0.1:{listener.getsockname()[1]}",
        "payment_provider": "sandbox",
        "smtp_url": f"smtp://127.0.0.1:{mail.getsockname()[1]}",
        **more,
    }
    if quick_fans:
        given |= {"ingress_fan_holds_per_min": 100_000, "ingress_fan_requests_per_min": 100_000}
    environment = os.environ | {f"ONSALE_{name.upper()}": str(value) for name, value in given.items()}
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    rooms = [
        partial(ingress_room.open_room, IngressSettings(_env_file=None, **given)),
        partial(notifier_room.open_room, NotifierSettings(_env_file=None, **given)),
        partial(expiry_room.open_room, ExpirySettings(_env_file=None, **given)),
        partial(sandbox_room.open_room, PaymentSettings(_env_file=None, **given)),
        partial(open_sink, letters, mail),
    ]
    serving = asyncio.create_task(
        serve_together(rooms, "127.0.0.1", 0, on_listening=listening.set_result, listener=listener)
    )
    try:
        first: set[asyncio.Future[Any]] = {serving, listening}
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        url = f"http://127.0.0.1:{listening.result()}"
        async with (
            httpx.AsyncClient(base_url=url, timeout=20) as http,
            # A test may change a table, after which what was prepared is no longer right.
            asyncpg.create_pool(database.url, min_size=0, max_size=4, statement_cache_size=0) as tables,
        ):
            admin_key, partner_key = await _keys(tables)
            tokens = TokenKeys([servers.secret])
            sale = Sale(url, http, tables, database, environment, tokens, admin_key, partner_key, letters)
            try:
                others = len(await sale.rows(LIVING))
                await sale.spawn_allocator()
                await sale.until_living(others + 1)
                await sale.until_none(FREE, STARTED_WITHIN_S)  # every partition has its allocator
                yield sale
            finally:
                for allocator in sale.allocators:
                    with suppress(ProcessLookupError):
                        await allocator.kill()
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        shutil.rmtree(letters, ignore_errors=True)


async def _keys(tables: asyncpg.Pool) -> tuple[str, str]:
    now_ms = SystemClock().now_ms()
    _, admin = await create_key(
        tables, "the house", ["admin", "operator"], False, now_ms, secrets.token_bytes(40), PLENTY
    )
    _, partner = await create_key(
        tables, "a partner", ["read", "booking"], False, now_ms, secrets.token_bytes(40), PLENTY
    )
    return admin, partner
