"""What stands in the logs of a whole run at debug level: nothing that opens a door, and nobody's name; and of each
request one trace, whose id its caller has seen."""

import asyncio
import base64
import json
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from infra.provision import ROOMS
from ingress.key_table import create_key
from ingress.keys import PLENTY
from runtime.postgres import role_password
from tests.acceptance.sale import Sale
from tests.acceptance.spectator import spectator
from tests.conftest import Database
from tests.faults.rooms import Room, start_room, until
from tests.servers import Servers
from ticketing.clock import SystemClock
from ticketing.tokens import PURPOSES, TokenKeys, api_key_hash, derive_key, secret_hash

pytestmark = pytest.mark.anyio

ALL_ROOMS = ("waiting_room", "ingress", "allocator", "notifier", "expiry_worker")
CONTACT = {"name": "Wilhelmina Ostrowska", "email": "mina.ostrowska@mail.example", "phone": "+4930123456789"}
NOTES = {"notes": "comes with her guide dog", "special_requests": "insulin in the cloakroom"}
UNUSABLE = "Wilhelmina \ud800 Ostrowska"
TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+")
API_KEY = re.compile(rb"osk_(?:live|test)_[0-9a-f]{12,}")


@dataclass
class Run:
    """Every room as a process of its own, at debug, and what must not be found in their logs."""

    rooms: dict[str, Room]
    sale: Sale
    hidden: dict[str, str]

    def logs(self) -> Iterator[tuple[str, bytes]]:
        for name, room in self.rooms.items():
            yield name, room.log.read_bytes()


@asynccontextmanager
async def run_of_all_rooms(
    servers: Servers, database: Database, topics: str, redis_prefix: str, directory: Path
) -> AsyncIterator[Run]:
    secret = servers.secret
    environment = {
        "ONSALE_POSTGRES_URL": database.url,
        "ONSALE_REDIS_URL": servers.redis_url,
        "ONSALE_KAFKA_BOOTSTRAP": servers.kafka_bootstrap,
        "ONSALE_SECRET": secret,
        "ONSALE_TOPIC_PREFIX": topics,
        "ONSALE_REDIS_PREFIX": redis_prefix,
        "ONSALE_LOG_LEVEL": "debug",
        "ONSALE_TRACE_RATIO": "1",
    }
    now_ms = SystemClock().now_ms()
    async with AsyncExitStack() as stack:
        rooms: dict[str, Room] = {}
        for name in ALL_ROOMS:
            rooms[name] = await start_room(name, (), environment, directory / f"{name}.log")
            stack.push_async_callback(rooms[name].stop)
        await asyncio.gather(*(room.until_ready() for room in rooms.values()))
        tables = await stack.enter_async_context(asyncpg.create_pool(database.url, min_size=1, max_size=1))
        _, admin = await create_key(tables, "the house", ["admin"], False, now_ms, secrets.token_bytes(40), PLENTY)
        _, partner = await create_key(tables, "a partner", ["booking"], False, now_ms, secrets.token_bytes(40), PLENTY)
        url = rooms["ingress"].url
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=20))
        sale = Sale(url, http, tables, database, environment, TokenKeys([secret]), admin, partner)
        yield Run(rooms, sale, hidden_from_the_start(servers, admin, partner))


def hidden_from_the_start(servers: Servers, *api_keys: str) -> dict[str, str]:
    """What there is to hide before anybody has come: `what it is -> its text`."""
    found = {"the secret": servers.secret}
    for url in (servers.postgres_url, servers.redis_url):
        if password := urlsplit(url).password:
            found[f"the password of {urlsplit(url).scheme}"] = password
    found |= {f"the password of {room}": role_password(servers.secret, f"onsale_{room}") for room in ROOMS}
    for purpose in PURPOSES:
        key = derive_key(servers.secret, purpose)
        found[f"the key of {purpose}, in hex"] = key.hex()
        found[f"the key of {purpose}, in base64"] = base64.b64encode(key).decode().rstrip("=")
    found |= {f"API key {number}": key for number, key in enumerate(api_keys)}
    found |= {f"hash of API key {number}": api_key_hash(key).hex() for number, key in enumerate(api_keys)}
    return found | {f"contact {name}": text for name, text in (CONTACT | NOTES).items()}


async def through_the_waiting_room(run: Run, show: str) -> str:
    """A fan's way to a pass; everything it was given on the way is to be hidden."""
    mine = secrets.token_urlsafe(24)
    async with httpx.AsyncClient(base_url=run.rooms["waiting_room"].url, timeout=20) as http:

        async def joined() -> dict[str, Any] | None:
            body = {"client_id": str(uuid4()), "secret_hash": secret_hash(mine)}
            answer = await http.post(f"/room/{show}/entries", json=body)
            return answer.json() if answer.status_code == 201 else None

        place = await until(joined, 20)
        assert place is not None
        wrong = {"ticket": place["ticket"], "secret": f"not {mine}"}
        assert (await http.post(f"/room/{show}/entries/{place['entry']}/claim", json=wrong)).status_code == 403

        async def claimed() -> dict[str, Any] | None:
            body = {"ticket": place["ticket"], "secret": mine}
            answer = await http.post(f"/room/{show}/entries/{place['entry']}/claim", json=body)
            return answer.json() if answer.status_code == 200 else None

        turn = await until(claimed, 20)
        assert turn is not None
    run.hidden |= {"ticket": place["ticket"], "pass": turn["pass"], "the fan's secret": mine}
    run.hidden["hash of the fan's secret"] = secret_hash(mine)
    token: str = turn["pass"]
    return token


async def buy(run: Run, show: dict[str, Any], token: str) -> str:
    """A purchase, with the mistakes that people make on the way; to which trace the hold belonged."""
    sale = run.sale
    async with spectator(replace(sale, url=run.rooms["notifier"].url), show) as watching:
        await watching.hello(token)
        held = await sale.hold(show["show"], token, "A-1", "A-2")
        assert held.status == 201, held.body
        told = await watching.until("request_decided")
    run.hidden["reservation token"] = held.body["reservation_token"]
    async with spectator(replace(sale, url=run.rooms["notifier"].url), show) as stranger:
        with pytest.raises(ConnectionClosed):
            await stranger.hello(token + "x")
    contact = {"reservation": held.body["reservation"], "contact": CONTACT, **NOTES}
    for wrong in (
        {**contact, "contact": CONTACT | {"email": CONTACT["email"].replace("@", " at ")}},
        {**contact, "contact": CONTACT | {"phone": CONTACT["phone"] * 9}},
        {**contact, CONTACT["name"]: CONTACT["email"]},
        {**contact, "contact": CONTACT | {"name": UNUSABLE}},
    ):
        assert 400 <= (await confirm(run, wrong, token)).status_code < 500
    assert (await sale.http.get("/api/events", params={"q": token, "name": CONTACT["name"]})).status_code < 500
    assert (await sale.http.get(f"/api/bookings/{CONTACT['email']}", headers=bearer(token + "x"))).status_code == 401
    await refused_by_the_table(run, contact, token)
    booked = await confirm(run, contact, held.body["reservation_token"])
    assert booked.status_code == 201, booked.text
    read = await sale.call("GET", f"/api/bookings/{booked.json()['booking']}", token=token)
    assert read.body["contact"] == CONTACT
    _, trace_id, _, _ = told["data"]["traceparent"].split("-")
    return str(trace_id)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def confirm(run: Run, body: dict[str, Any], token: str) -> httpx.Response:
    headers = bearer(token) | {"Idempotency-Key": secrets.token_hex(8), "Content-Type": "application/json"}
    # As text, so that a lone surrogate goes out as the escape that a careless client would send.
    return await run.sale.http.post("/api/bookings", content=json.dumps(body), headers=headers)


async def refused_by_the_table(run: Run, contact: dict[str, Any], token: str) -> None:
    """Postgres says which row it did not take, and what stood in it; nobody may write that down."""
    await run.sale.rows("ALTER TABLE contact_booking ADD CONSTRAINT nobody CHECK (name = '')")
    answer = await confirm(run, contact, token)
    assert answer.status_code in (400, 500, 503)
    assert CONTACT["name"] not in answer.text and CONTACT["email"] not in answer.text
    await run.sale.rows("ALTER TABLE contact_booking DROP CONSTRAINT nobody")


@pytest.mark.slow
async def test_a_whole_run_at_debug_gives_nothing_away(
    servers: Servers, database: Database, topics: str, redis_prefix: str, tmp_path: Path
) -> None:
    async with run_of_all_rooms(servers, database, topics, redis_prefix, tmp_path) as run:
        show = await run.sale.new_show(rows=2, seats_per_row=5)
        token = await through_the_waiting_room(run, show["show"])
        trace_id = await buy(run, show, token)
        await run.sale.hold(show["show"], run.sale.partner_key, "B-1")
        await run.sale.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'onsale_%' AND datname = $1",
            database.name,
        )
        await until(run.rooms["ingress"].is_ready, 20)
        broken = await run.sale.hold(show["show"], run.sale.partner_key, "B-2")
        assert broken.status < 500 or broken.status == 503
        (hold,) = run.rooms["ingress"].said("span", trace_id=trace_id)
        (batch,) = run.rooms["allocator"].said("span", trace_id=trace_id)
        assert (hold["name"], hold["status"], hold["parent_id"]) == ("hold", 201, "")
        assert (batch["name"], batch["parent_id"]) == ("apply_batch", hold["span_id"])
    found = [(room, what) for room, log in run.logs() for what, text in run.hidden.items() if text.encode() in log]
    assert found == []
    assert [room for room, log in run.logs() if TOKEN.search(log) or API_KEY.search(log)] == []
    # The search would find it: each room did write at debug, and a token is known when it is seen.
    assert {room for room, log in run.logs() if b'"level": "debug"' in log} == set(ALL_ROOMS)
    assert TOKEN.search(token.encode()) and API_KEY.search(run.sale.admin_key.encode())
