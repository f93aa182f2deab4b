"""Several clusters of Postgres: one is added while a sale runs, its shows sell like the others, and each goes on
selling while the other is away."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import asyncpg
import pytest

from infra.provision import database_url
from tests.acceptance.sale import Answer, Sale, open_sale
from tests.acceptance.spectator import spectator
from tests.conftest import Database
from tests.faults.own_servers import OwnServer, own_postgres
from tests.faults.rooms import until
from tests.servers import Servers, run_directory

pytestmark = [pytest.mark.anyio, pytest.mark.kills]

SHORT: dict[str, Any] = {"rows": 2, "seats_per_row": 5, "test": True, "policy": {"hold_s": 3}}
WITHIN_S = 30.0
UNDER_WAY = re.compile("not published yet|has not taken|still to be sent")
"""What ends by itself, and soon."""


@pytest.fixture
async def second(servers: Servers) -> AsyncIterator[OwnServer]:
    """A Postgres of the test's own, empty."""
    with run_directory() as directory:
        server = own_postgres(directory / "second", servers.secret)
        await server.start()
        try:
            yield server
        finally:
            await server.stop()


async def test_a_cluster_is_added_in_mid_sale_and_each_sells_without_the_other(
    servers: Servers, database: Database, topics: str, redis_prefix: str, second: OwnServer
) -> None:
    url = database_url(second.server.address, "onsale")
    begin = partial(open_sale, servers, database, topics, redis_prefix)
    async with AsyncExitStack() as before:
        sale = await before.enter_async_context(begin())
        over, old = [(await sale.new_show(rows=2, seats_per_row=5))["show"] for _ in range(2)]
        booking = await _sold_and_over(sale, over)
        anna, partner = sale.fan(old), sale.partner_key
        held = await sale.hold(old, anna, "A-1")

        # Beside rooms that know nothing of it: two more partitions there, and one whose shows are over.
        await _command(sale, "provision", clusters=f"12-13={url}", partitions=14)
        places = f"0,12-13={url}"
        await _command(sale, "move", "0", clusters=places, partitions=14)
        assert (await sale.hold(old, anna, "A-2")).status == 201
        async with begin(postgres_clusters=places, partitions=14) as sale:
            await before.aclose()
            assert (await sale.confirm(held.body["reservation"], anna)).status == 201
            path = f"/api/bookings/{booking}"
            assert (await sale.call("GET", path, token=partner)).body["booking"] == booking
            assert (await sale.call("DELETE", path, token=partner)).status == 200
            assert await _rows(url, "SELECT status FROM reservation") == [("cancelled",)]

            new = (await sale.new_show(**SHORT))["show"]
            assert await _rows(url, "SELECT part FROM show ORDER BY opened_at_ms") == [(0,), (0,)]
            await _sells(sale, new)
            await _told(sale, url)
            listed = await sale.call("GET", "/api/bookings", token=sale.admin_key)
            assert [row["show"] for row in listed.body["data"]] == [new, old, over]

            await second.kill()
            await _until(lambda: sale.hold(new, sale.fan(new), "B-1"), 503, "sales_paused")
            assert (await sale.hold(old, sale.fan(old), "B-1")).status == 201
            assert (await sale.call("GET", "/readyz")).body["status"] == "degraded"
            await second.start()
            await _until(lambda: sale.hold(new, sale.fan(new), "B-2"), 201)
            await _until(partial(sale.call, "GET", "/readyz"), 200)

            sale.environment["ONSALE_POSTGRES_CLUSTERS"] = places
            code, report = await sale.onsale("verify", "--replay")
            assert code == 0 and "14 partitions" in report and "NOT decided again" not in report, report


async def _sold_and_over(sale: Sale, show: str) -> str:
    """The booking of a partner in a show that is closed then."""
    held = await sale.hold(show, sale.partner_key, "A-1")
    booked = await sale.confirm(held.body["reservation"], sale.partner_key)
    closed = await sale.call("POST", f"/api/admin/shows/{show}/close", {}, token=sale.admin_key, prefer="wait=10")
    assert closed.status == 200, closed.body
    booking: str = booked.body["booking"]
    return booking


async def _command(sale: Sale, *command: str, clusters: str, partitions: int) -> None:
    """Run a command of `onsale` with these settings, again while it says that something is under way."""
    sale.environment |= {"ONSALE_POSTGRES_CLUSTERS": clusters, "ONSALE_PARTITIONS": str(partitions)}
    code, said = await sale.onsale(*command)
    while UNDER_WAY.search(said):
        code, said = await sale.onsale(*command)
    assert code == 0, said


async def _told(sale: Sale, url: str) -> None:
    """Its letter is sent from where the booking is; a partner's feed is in the first cluster, wherever the show is."""
    letters = "SELECT 1 FROM delivery_mail WHERE kind = 'confirmed' AND state = 'sent'"

    async def sent() -> bool:
        return len(await _rows(url, letters)) >= 2

    await until(sent, WITHIN_S)
    await sale.until_some("SELECT 1 FROM caller_event WHERE kind = 'booking_confirmed'", WITHIN_S, count=2)


async def _sells(sale: Sale, show: str) -> None:
    """One is booked, by a partner; one that nobody paid for is told of, and sold again."""
    shown = (await sale.call("GET", f"/api/events/{show}")).body
    booked = await sale.hold(show, sale.partner_key, "A-1", hold_s=60)
    assert (await sale.confirm(booked.body["reservation"], sale.partner_key)).status == 201
    ben = sale.fan(show)
    async with spectator(sale, shown) as bens:
        await bens.hello(ben)
        left = await sale.hold(show, ben, "A-2")
        assert left.status == 201, left.body
        expired = await bens.until("reservation_expired")
        assert expired["data"]["outcome"]["reservation"] == left.body["reservation"]
    assert (await sale.hold(show, sale.fan(show), "A-2")).status == 201


async def _until(ask: Any, status: int, code: str | None = None) -> None:
    """Ask until that is the answer."""
    answer: Answer | None = None
    async with asyncio.timeout(WITHIN_S):
        while answer is None or answer.status != status or (code and answer.body.get("code") != code):
            answer = await ask()


async def _rows(url: str, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql, *arguments)]
    finally:
        await connection.close()
