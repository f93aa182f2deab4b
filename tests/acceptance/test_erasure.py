"""Who asks to be forgotten is forgotten: contact data stands in one table, goes from it, and was nowhere else."""

import asyncio
import base64
from typing import Any

import pytest

from onsale.verify.command_log import CommandLog
from runtime.kafka import PartitionReader
from tests.acceptance.sale import Sale
from ticketing import topics

pytestmark = pytest.mark.anyio

ADA: dict[str, str] = {"name": "Ada Lovelace", "email": "Ada@Analytical.example", "phone": "+441815550100"}
BEN: dict[str, str] = {"name": "Benedict Sefton", "email": "ben@sefton.example"}
NOTES = "one of us walks with a stick"
TABLES = """
SELECT format('SELECT to_jsonb(t)::text FROM %I t', relname) AS everything, relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""


async def booked(sale: Sale, show: str, seat: str, contact: dict[str, Any]) -> tuple[str, str]:
    """A booking of one seat, and who made it."""
    fan = sale.fan(show)
    held = await sale.hold(show, fan, seat)
    body = {"reservation": held.body["reservation"], "contact": contact, "notes": NOTES}
    answer = await sale.call("POST", "/api/bookings", body, token=fan)
    assert answer.status == 201, answer.body
    return answer.body["booking"], fan


def forms(text: str) -> set[bytes]:
    """A text as it would stand somewhere: as it is, in small letters, and as bytes shown in hex or base64."""
    raw = text.encode()
    # The last group of base64 depends on what follows.
    return {raw, raw.lower(), raw.hex().encode(), base64.b64encode(raw)[:-4]}


async def tables_with(sale: Sale, *texts: str) -> set[str]:
    """The tables in whose rows one of these stands."""
    found = set()
    for table in await sale.rows(TABLES):
        rows = b"\n".join(row[0].encode() for row in await sale.rows(table["everything"]))
        if any(form in rows for text in texts for form in forms(text)):
            found.add(table["relname"])
    return found


async def log_of(sale: Sale, topic: topics.Topic, bootstrap: str) -> bytes:
    """Every record of a topic, keys left out: there are none."""
    name = topic.full_name(sale.environment["ONSALE_TOPIC_PREFIX"])
    async with PartitionReader(bootstrap, name, client_id="test") as reader:
        log, said = CommandLog(reader), []
        for part in range(topic.partitions or topics.PARTITIONS_DEFAULT):
            said += [record.value for record in await log.read(part, *await log.bounds(part))]
    assert said, f"nothing was ever said on {name}"
    return b"\n".join(said)


async def test_contact_data_is_in_one_table_and_can_be_erased_from_it(sale: Sale) -> None:
    show = (await sale.new_show(rows=2, seats_per_row=5))["show"]
    (first, ada), (second, again), (third, ben) = await asyncio.gather(
        booked(sale, show, "A-1", ADA), booked(sale, show, "A-2", ADA), booked(sale, show, "B-1", BEN)
    )
    personal = (*ADA.values(), *BEN.values(), NOTES)
    assert await tables_with(sale, *personal) == {"contact_booking"}
    bootstrap = sale.environment["ONSALE_KAFKA_BOOTSTRAP"]
    for topic in (topics.COMMANDS, topics.OUTCOMES):
        said = await log_of(sale, topic, bootstrap)
        assert [text for text in personal for form in forms(text) if form in said] == []
    payloads = b"".join(row["payload"] for row in await sale.rows("SELECT payload FROM outcome_log"))
    assert [text for text in personal for form in forms(text) if form in payloads] == []
    before = await sale.rows("SELECT * FROM reservation ORDER BY reservation_id")

    code, said_of_it = await sale.onsale("erase", "--email", ADA["email"].upper())

    assert (code, "2 confirmations" in said_of_it) == (0, True), said_of_it
    assert await tables_with(sale, *ADA.values()) == set()
    assert await tables_with(sale, *BEN.values()) == {"contact_booking"}
    for booking, fan in ((first, ada), (second, again)):
        read = await sale.call("GET", f"/api/bookings/{booking}", token=fan)
        assert (read.status, read.body["status"], read.body.get("contact")) == (200, "booked", None)
    assert (await sale.call("GET", f"/api/bookings/{third}", token=ben)).body["contact"]["name"] == BEN["name"]

    code, said_of_it = await sale.onsale("erase", "--booking", third, "--booking", first)
    assert (code, "1 confirmations" in said_of_it) == (0, True), said_of_it
    assert await tables_with(sale, *personal) == set()
    assert await sale.rows("SELECT * FROM reservation ORDER BY reservation_id") == before
    code, report = await sale.onsale("verify", "--replay")
    assert code == 0, report
    assert "NOT decided again" not in report


async def test_what_cannot_be_erased(sale: Sale) -> None:
    code, said = await sale.onsale("erase", "--booking", "bkg_nobody")
    assert code == 2, said
    code, said = await sale.onsale("erase", "--email", "nobody@nowhere.example")
    assert (code, "nothing to erase" in said) == (0, True)
    code, said = await sale.onsale("erase")
    assert code == 2 and "--booking" in said
