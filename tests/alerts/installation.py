"""An `onsale up` whose servers are in the hands of a fault, with a sale that is asked for places all the while."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx

from infra.embedded.processes import free_port
from infra.embedded.redis import Redis
from onsale.crowd.queueing import secret_hash
from onsale.first_show import starts_at
from onsale.server_process import Announced, ServerProcess, server_process
from onsale_client import AsyncClient
from tests.alerts.prometheus import Prometheus, open_prometheus
from tests.faults.own_servers import OwnServer, own_kafka, own_postgres, running

CONNECTIONS_MAX = 300
STARTED_WITHIN_S = 240.0
HOLD_S = 10
IN_LINE = 5
ASKERS, ASK_EVERY_S = 20, 1.0
NOWHERE = "smtp://127.0.0.1:1"
FLOOR = {"name": "floor", "categories": [{"name": "standing", "price": 5500}]}
FLOOR |= {"areas": [{"label": "floor", "category": "standing", "capacity": 50_000}]}
ENVIRONMENT = {"ONSALE_HTTP_CONNECTIONS_MAX": str(CONNECTIONS_MAX), "ONSALE_SMTP_URL": NOWHERE}


@dataclass
class Installation:
    """What a fault may do something to. `answered`: statuses of the holds that were asked for; 0 where none came."""

    postgres: OwnServer
    kafka: OwnServer
    redis: OwnServer
    up: ServerProcess
    prometheus: Prometheus
    show: str
    answered: Counter[int] = field(default_factory=Counter)

    async def hold(self, http: httpx.AsyncClient) -> httpx.Response:
        """Somebody asks the API for a place."""
        body = {"show": self.show, "areas": [{"area": "floor", "quantity": 1}], "on_behalf_of": uuid4().hex}
        return await http.post("/api/reservations", json=body, headers={"Idempotency-Key": uuid4().hex})

    def caller(self) -> httpx.AsyncClient:
        """Who may hold."""
        limits = httpx.Limits(max_connections=2 * ASKERS)
        headers = {"Authorization": f"Bearer {self.up.announced.sandbox_key}", "Prefer": "wait=10"}
        return httpx.AsyncClient(base_url=self.up.announced.url, headers=headers, limits=limits, timeout=30)

    async def ask_on(self) -> None:
        """Many ask for a place, again and again, whatever is answered, until cancelled."""
        async with self.caller() as http, asyncio.TaskGroup() as group:
            for _ in range(ASKERS):
                group.create_task(self._ask_on(http))

    async def _ask_on(self, http: httpx.AsyncClient) -> None:
        while True:
            try:
                self.answered[(await self.hold(http)).status_code] += 1
            except httpx.TransportError:
                self.answered[0] += 1
            await asyncio.sleep(ASK_EVERY_S)


@asynccontextmanager
async def open_installation(directory: Path) -> AsyncIterator[Installation]:
    """Everything up, people in a line that is paused (so that a sale is on), and others who buy by the API."""
    secret, data_dir = secrets.token_urlsafe(24), directory / "data"
    postgres, kafka = own_postgres(directory / "postgres", secret), own_kafka(directory / "kafka")
    redis = OwnServer(Redis(directory, free_port(), secret), directory / "redis.log")
    async with running(postgres, kafka, redis, timeout_s=STARTED_WITHIN_S):
        environment = ENVIRONMENT | {
            "ONSALE_POSTGRES_URL": postgres.server.address,
            "ONSALE_KAFKA_BOOTSTRAP": kafka.server.address,
            "ONSALE_REDIS_URL": redis.server.address,
            "ONSALE_SECRET": secret,
        }
        async with (
            server_process(["--data-dir", str(data_dir), "--port", "0"], environment) as up,
            open_prometheus(directory, data_dir) as prometheus,
        ):
            show = await _a_show(up.announced)
            await _stand_in_line(up.announced, show)
            there = Installation(postgres, kafka, redis, up, prometheus, show)
            asking = asyncio.create_task(there.ask_on())
            try:
                yield there
            finally:
                asking.cancel()
                with suppress(asyncio.CancelledError):
                    await asking


async def _a_show(at: Announced) -> str:
    async with AsyncClient(at.url, token=at.admin_key) as admin:
        venue = await admin.add_venue("The Hall of Faults")
        await admin.put_layout(venue.venue, FLOOR)
        policy = {"payment": "optional", "hold_s": HOLD_S}
        wanted = {"name": "Faults", "venue": venue.venue, "starts_at": starts_at(), "currency": "EUR", "policy": policy}
        show = (await admin.add_show(wanted | {"test": True})).show
        await admin.set_rate(show, rate_per_min=1, reason="a line that stays")
        return show


async def _stand_in_line(at: Announced, show: str) -> None:
    async with httpx.AsyncClient(base_url=at.url) as http:
        for _ in range(IN_LINE):
            body = {"client_id": str(uuid4()), "secret_hash": secret_hash(secrets.token_urlsafe(24))}
            (await http.post(f"/room/{show}/entries", json=body)).raise_for_status()
        operator = {"Authorization": f"Bearer {at.admin_key}"}
        paused = await http.post(f"/room/admin/{show}/pause", json={"reason": "a line that stays"}, headers=operator)
        paused.raise_for_status()
