"""pretix as it is compared: what its guide for one machine starts, and the call that sells a place at once.

`POST …/orders/` with one position, paid: its API checks the quota under its lock and writes order, position and payment
in one request. gunicorn with two workers for each core and a Celery worker, as its documentation has them; its tables
in a database of its own on the same Postgres, its cache and queues in databases of their own on the same Redis.
"""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
from redis.asyncio import Redis

from bench.measuring import progress
from bench.peers import environment
from bench.peers.judging import CREATED, Refusal
from bench.peers.plan import Case
from bench.peers.shops import Offer
from bench.site import Connection, Room, Site, started, until_ready
from infra.embedded.processes import free_port
from infra.provision import database_url
from ticketing.clock import SystemClock, rfc3339

DATABASE = "pretix_bench"
ORGANIZER = "bench"
QUEUES = 3
"""The database of Redis that they are in."""
WORKERS = 2 * (os.cpu_count() or 1)
PLUGINS = ["pretix.plugins.sendmail", "pretix.plugins.statistics"]
"""Those that an event has by default."""
SHOW_IS_IN_MS = 30 * 86_400_000
PRICE = "45.00"
REST_TIMEOUT_S = 600.0
REST_POLL_S = 0.1

SOLD = """
SELECT count(*) FROM pretixbase_orderposition p
JOIN pretixbase_order o ON o.id = p.order_id JOIN pretixbase_event e ON e.id = o.event_id
WHERE e.slug = $1 AND o.status = 'p' AND NOT p.canceled
"""
TOKEN = f"""
from django_scopes import scopes_disabled
from pretix import __version__
from pretix.base.models import Organizer
with scopes_disabled():
    organizer = Organizer.objects.create(name="{ORGANIZER}", slug="{ORGANIZER}")
    rights = dict(all_events=True, all_event_permissions=True, all_organizer_permissions=True)
    print(__version__, organizer.teams.create(name="{ORGANIZER}", **rights).tokens.create(name="{ORGANIZER}").token)
"""
"""What its guide does by hand in the browser: an organizer, a team with every right, a token of that team."""


@dataclass(frozen=True)
class Pretix:
    """Its processes, its token, and a connection to count with."""

    rooms: Sequence[Room]
    token: str
    connection: Connection
    queues: Redis
    version: str
    name: str = "pretix"
    refusal: Refusal = Refusal(400, "not enough quota available")

    async def offer(self, case: Case) -> Offer:
        """A new event of one product, with one quota."""
        slug = f"e{secrets.token_hex(8)}"
        headers = {"authorization": f"Token {self.token}"}
        base = f"{self.rooms[0].url}/api/v1/organizers/{ORGANIZER}/events/"
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as client:
            await _made(
                client,
                "",
                name={"en": "bench"},
                slug=slug,
                currency="EUR",
                date_from=rfc3339(SystemClock().now_ms() + SHOW_IS_IN_MS),
                plugins=PLUGINS,
            )
            item = await _made(client, f"{slug}/items/", name={"en": "place"}, default_price=PRICE)
            await _made(client, f"{slug}/quotas/", name="places", size=case.stock, items=[item["id"]], variations=[])
        return Offer(slug, list(self._orders(slug, item["id"], case.wanted)))

    async def rest(self) -> None:
        """Until its worker has done what orders left to it. Raises TimeoutError."""
        async with asyncio.timeout(REST_TIMEOUT_S):
            while await self._is_busy():  # noqa: ASYNC110 -- another process works them off
                await asyncio.sleep(REST_POLL_S)

    async def _is_busy(self) -> bool:
        # Each queue is some lists, which are gone when they are empty; what is being worked on stands beside them.
        async for _ in self.queues.scan_iter(_type="list"):
            return True
        return bool(await self.queues.exists("unacked"))

    async def sold(self, offer: Offer) -> int:
        """The positions of its paid orders."""
        return int(await self.connection.fetchval(SOLD, offer.show))

    def _orders(self, slug: str, item: int, count: int) -> Iterator[bytes]:
        for number in range(count):
            body = {
                "email": f"fan{number}@example.org",
                "locale": "en",
                "status": "p",
                "payment_provider": "manual",
                "positions": [{"item": item, "price": PRICE, "attendee_name": f"Fan {number}"}],
            }
            yield self._post(f"/api/v1/organizers/{ORGANIZER}/events/{slug}/orders/", msgspec.json.encode(body))

    def _post(self, path: str, body: bytes) -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"authorization: Token {self.token}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@asynccontextmanager
async def open_pretix(site: Site) -> AsyncIterator[Pretix]:
    """Installed, its database made and its processes ready. Raises NotInstalled, RoomFailed, RuntimeError."""
    if not {"postgres", "redis"} <= site.servers.pids().keys():
        # What pretix leaves in them goes with the servers.
        raise RuntimeError("compared on embedded servers alone: unset ONSALE_POSTGRES_URL and ONSALE_REDIS_URL")
    interpreter = await environment.python()
    directory = site.directory / "pretix"
    directory.mkdir()
    url, port = await _database(site), free_port()
    settings = {"PRETIX_CONFIG_FILE": str(_configuration(site, directory, url, port))}
    token_log = directory / "token.log"
    program = (str(interpreter), "-m")
    progress("pretix: making its tables, which takes a minute or more")
    await environment.run_to_end((*program, "pretix", "migrate"), directory / "migrate.log", settings)
    await environment.run_to_end((*program, "pretix", "shell", "-c", TOKEN), token_log, settings)
    web = (*program, "gunicorn", "pretix.wsgi", "--name", "pretix", "--workers", str(WORKERS), "--max-requests", "1200",
           "--max-requests-jitter", "50", "--log-level=info", f"--bind=127.0.0.1:{port}")  # fmt: skip
    worker = (*program, "celery", "-A", "pretix.celery_app", "worker", "-l", "info")
    async with AsyncExitStack() as stack:
        rooms = []
        for name, words in (("pretix.web", web), ("pretix.worker", worker)):
            output = directory / f"{name}.log"
            # SIGTERM, which both pass on to their own children.
            running = started(
                words, output, os.environ | settings, directory=directory, death_signal=signal.SIGTERM
            )  # fmt: skip
            process = await stack.enter_async_context(running)
            rooms.append(Room(name, f"http://127.0.0.1:{port}", process, output))
        await until_ready(rooms[0], "/healthcheck/")
        connection = await site.connect(DATABASE)
        stack.push_async_callback(connection.close)
        queues = Redis.from_url(f"{_redis(site)}/{QUEUES}")
        stack.push_async_callback(queues.aclose)
        version, token = token_log.read_text().split()[-2:]
        yield Pretix(rooms, token, connection, queues, version)


async def _database(site: Site) -> str:
    """A database whose owner is pretix' own role; its URL."""
    password = secrets.token_hex(24)
    admin = await site.connect()
    try:
        await admin.execute(f"CREATE ROLE {DATABASE} LOGIN PASSWORD '{password}'")
        await admin.execute(f"CREATE DATABASE {DATABASE} OWNER {DATABASE}")
    finally:
        await admin.close()
    parts = urlsplit(database_url(site.servers.postgres_url, DATABASE))
    return parts._replace(netloc=f"{DATABASE}:{password}@{parts.hostname}:{parts.port}").geturl()


def _redis(site: Site) -> str:
    """The URL of the Redis, without its database."""
    return site.servers.redis_url.rpartition("/")[0]


def _configuration(site: Site, directory: Path, url: str, port: int) -> Path:
    """The file that its guide has in /etc, with the addresses of this run."""
    database, redis = urlsplit(url), _redis(site)
    path = directory / "pretix.cfg"
    path.touch(mode=0o600)
    path.write_text(f"""
[pretix]
instance_name=bench
url=http://127.0.0.1:{port}
currency=EUR
datadir={directory}

[database]
backend=postgresql
name={DATABASE}
user={database.username}
password={database.password}
host={database.hostname}
port={database.port}

[mail]
from=tickets@example.org
host=127.0.0.1

[redis]
location={redis}/1
sessions=true

[celery]
backend={redis}/2
broker={redis}/{QUEUES}
""")
    return path


async def _made(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    if answer.status_code != CREATED:
        raise RuntimeError(f"pretix made no {path or 'event'}: {answer.status_code} {answer.text}")
    made: dict[str, Any] = answer.json()
    return made
