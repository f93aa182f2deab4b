"""The catalogue over two databases, which stand for two clusters: where a show is put, and what is read of both."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import asyncpg
import pytest

from ingress.catalogue import Catalogue
from ingress.refund_table import RefundTable
from ingress.shows import NewLayout, NewShow, Wanted
from ingress.stores import StoreAway
from runtime.cluster_map import read_cluster_map
from runtime.clusters import Clusters
from runtime.postgres import open_pool, room_url
from tests.conftest import Database, fresh_database
from tests.contract.test_admin_tables import DUE
from tests.servers import Servers
from tests.unit.onsale.ledger import DOCUMENT, LAYOUT, SHA256
from ticketing.messages import Policy

pytestmark = [pytest.mark.anyio, pytest.mark.servers]

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

HERE, THERE = 4, 12
OPENED = """
INSERT INTO show (part, show_id, status, seq, layout_id, layout_sha256, currency, starts_at_ms, opens_at_ms,
                  closes_at_ms, prices, policy, opened_at_ms)
VALUES ($1, $2, 'open', 1, 'lay_1', $3, 'EUR', 0, 0, 0, '{"standard": 700}', '{}', 0)
"""


@dataclass
class Two:
    """Partition 4 is in the first, partition 12 in the second."""

    clusters: Clusters
    first: Connection
    second: Connection

    async def open(self, part: int, show: int) -> None:
        """As its allocator would."""
        await (self.second if part == THERE else self.first).execute(OPENED, part, show, SHA256)


@pytest.fixture
async def two(servers: Servers, database: Database, database_template: str) -> AsyncIterator[Two]:
    with fresh_database(servers, database_template) as other:
        async with AsyncExitStack() as stack:
            pools, admins = [], []
            for url, part in ((database.url, HERE), (other.url, THERE)):
                role = room_url(url, "onsale_ingress", database.secret)
                pools.append(
                    await stack.enter_async_context(open_pool(role, min_size=1, max_size=2, application_name="test"))
                )
                admin = await asyncpg.connect(url)
                stack.push_async_callback(admin.close)
                await admin.execute("DELETE FROM allocator_cursor")
                await admin.execute("INSERT INTO allocator_cursor (part) VALUES ($1)", part)
                admins.append(admin)
            yield Two(Clusters(pools, read_cluster_map(database.url, f"{THERE}={other.url}")), *admins)


def a_show(number: int, *, starts_at_ms: int = 0, first: bool = False) -> NewShow:
    layout = NewLayout("lay_1", DOCUMENT, SHA256, LAYOUT.places)
    return NewShow(
        show=number, venue="ven_1", layout="lay_1", name=f"night {number}", currency="EUR", starts_at_ms=starts_at_ms,
        opens_at_ms=0, closes_at_ms=10**15, places=LAYOUT.places, prices={"standard": 500}, policy=Policy(), test=False,
        created_by="key_1", request_key=bytes([number]), fingerprint=b"f", created_at_ms=0,
        new_venue="The Hall" if first else None, new_layout=layout if first else None,
    )  # fmt: skip


async def test_a_show_goes_where_least_is_on_sale_and_is_read_with_its_terms_of_there(two: Two) -> None:
    catalogue = Catalogue(two.clusters)
    parts = []
    for number in (1, 2, 3):
        made = await catalogue.add_show(a_show(number, first=number == 1))
        assert made is not None
        parts.append(made.part)
        await two.open(made.part, number)
    assert parts == [HERE, THERE, HERE]
    found = await catalogue.show(2)
    assert found is not None
    assert (found.name, found.venue_name, found.prices) == ("night 2", "The Hall", {"standard": 700})
    assert await two.second.fetchval("SELECT document FROM layouts") == DOCUMENT
    assert [row["show_id"] for row in await two.second.fetch("SELECT show_id FROM catalogue_show")] == [2]


async def test_one_that_could_not_be_carried_over_is_when_its_maker_asks_again(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = Catalogue(two.clusters)
    await two.first.execute("DELETE FROM allocator_cursor")

    async def is_away(*_: Any) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("ingress.catalogue.carry_show", is_away)
        with pytest.raises(StoreAway):
            await catalogue.add_show(a_show(1, first=True))
    again = NewLayout("lay_9", DOCUMENT, SHA256, LAYOUT.places)
    asked_again = replace(a_show(1, first=True), show=9, venue="ven_9", layout="lay_9", new_layout=again)
    assert await catalogue.add_show(asked_again) is None  # the first one is there, and not yet where it belongs
    assert await two.second.fetchval("SELECT count(*) FROM catalogue_show") == 0
    found = await catalogue.show_by_request(bytes([1]))
    assert found is not None and found.part == THERE
    assert await two.second.fetchval("SELECT name FROM catalogue_show") == "night 1"


async def test_lists_are_those_of_both_in_one_order_page_by_page(two: Two) -> None:
    catalogue = Catalogue(two.clusters)
    for number, starts_at_ms in ((1, 20), (2, 10), (3, 40), (4, 30)):
        made = await catalogue.add_show(a_show(number, starts_at_ms=starts_at_ms, first=number == 1))
        assert made is not None
        await two.open(made.part, number)
    wanted: dict[str, Any] = {"text": None, "from_ms": None, "to_ms": None, "venue": None, "status": None}
    page = await catalogue.shows(Wanted(**wanted, after=(-1, -1), limit=3))
    assert page == [(2, "open"), (1, "open"), (4, "open")]
    assert await catalogue.shows(Wanted(**wanted, after=(30, 4), limit=3)) == [(3, "open")]

    for connection, numbers in ((two.first, (1, 4)), (two.second, (2, 3))):
        for number in numbers:
            await connection.execute(DUE, f"evt_{number}", number, number)
    refunds = RefundTable(two.clusters)
    assert [row.refund_id for row in await refunds.page((-1, ""), None, None, 3)] == ["evt_1", "evt_2", "evt_3"]
    retried = await refunds.retry("evt_3", 9)
    assert retried is not None and retried.show_id == 3
    assert await refunds.read("evt_5") is None
