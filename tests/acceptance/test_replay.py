"""A sale on real servers is decided again, compared with what its clients were told, and kept in a file."""

import asyncio
import gzip
import json
import os
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from allocator.seating import DECIDER_VERSION
from onsale.histories import Ids, Operation, Result, encode_operation
from runtime.kafka import BatchingProducer
from tests.acceptance.sale import ROOT, Answer, Sale
from tests.unit.onsale.outsider import documented_checker
from ticketing import topics
from ticketing.clock import SystemClock

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

Report = dict[str, Any]


async def onsale(sale: Sale, *arguments: str, servers: bool = True) -> tuple[int, Report]:
    """Exit code and report of a command, as a process of its own; without `servers` it is not told of any."""
    environment = sale.environment if servers else {"PATH": os.environ["PATH"]}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "onsale", *arguments, env=environment, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(output) if output.startswith(b"{") else {"said": (output + said).decode()}


def failed(report: Report) -> set[str]:
    assert "checks" in report, report
    return {name for name, check in report["checks"].items() if check["violations"]}


@dataclass
class Client:
    """One who writes down what happens to it."""

    sale: Sale
    show: str
    name: str
    token: str
    written: list[Operation] = field(default_factory=list)

    async def hold(self, *seats: str, key: str, **wish: Any) -> Answer:
        began_ms = SystemClock().now_ms()
        return self._write("hold", began_ms, key, await self.sale.hold(self.show, self.token, *seats, key=key, **wish))

    async def confirm(self, reservation: str, key: str) -> Answer:
        began_ms = SystemClock().now_ms()
        return self._write("confirm", began_ms, key, await self.sale.confirm(reservation, self.token, key=key))

    async def release(self, reservation: str) -> Answer:
        began_ms, key = SystemClock().now_ms(), secrets.token_hex(4)
        answer = await self.sale.call("DELETE", f"/api/reservations/{reservation}", token=self.token, key=key)
        return self._write("release", began_ms, key, answer)

    async def look(self, venue: str) -> Answer:
        began_ms = SystemClock().now_ms()
        answer = await self.sale.call("GET", f"/api/venues/{venue}/shows/{self.show}/availability")
        return self._write("read", began_ms, "", answer)

    def _write(self, op: str, began_ms: float, key: str, answer: Answer) -> Answer:
        body = answer.body or {}
        result = Result.OK if answer.status < 300 else Result.FAIL if answer.status < 500 else Result.UNKNOWN
        if answer.status == 202:
            result = Result.UNKNOWN
        ids = Ids(
            show=self.show,
            reservation=body.get("reservation") or "",
            booking=body.get("booking") or "",
            request=body.get("request") or "",
        )
        self.written.append(
            Operation(
                client=self.name, op=op, key=key, invoke_ms=began_ms, end_ms=SystemClock().now_ms(), result=result,
                status=answer.status, code=body.get("code", ""), ids=ids, seq=body.get("seq"),
            )
        )  # fmt: skip
        return answer


async def busy_sale(sale: Sale) -> tuple[dict[str, Any], list[Operation]]:
    """Everything that a replay has to get right, over the death of an allocator: the show, and what clients wrote."""
    show = await sale.new_show(rows=3, seats_per_row=6, test=True, policy={"hold_s": 2})
    other = await sale.new_show(capacity=30)
    clients = [Client(sale, show["show"], f"fan-{n}", sale.fan(show["show"])) for n in range(8)]
    partner = Client(sale, other["show"], "partner", sale.partner_key)
    row = [f"A-{n}" for n in range(1, 7)]

    async def visit(client: Client, number: int) -> None:
        await client.look(show["venue"])
        key = f"key-{number}"
        # Only those who leave theirs to its end let it end soon: the others need time for what they do with it.
        lasts: dict[str, Any] = {} if number % 3 == 2 else {"hold_s": 60}
        held = await client.hold(row[number % 6], "B-1" if number == 1 else "C-1", key=key, **lasts)
        if held.status == 409:
            again = await client.hold(row[number % 6], "B-1" if number == 1 else "C-1", key=key, **lasts)
            assert again.status == 409
            held = await client.hold(key=f"{key}-best", best={"quantity": 1}, **lasts)
        again = await client.hold(key=key if held.status == 409 else f"{key}-more", best={"quantity": 1})
        if number % 3 == 0:
            assert (await client.release(held.body["reservation"])).status == 200
        elif number % 3 == 1:
            booked = await client.confirm(held.body["reservation"], f"{key}-pay")
            repeated = await client.confirm(held.body["reservation"], f"{key}-pay")
            assert repeated.body["booking"] == booked.body["booking"]
        await client.look(show["venue"])

    await asyncio.gather(*(visit(client, number) for number, client in enumerate(clients)))
    await partner.hold(key="one", areas=[{"area": "general", "quantity": 3}])
    part = (await sale.rows("SELECT part FROM show WHERE seq > 2 ORDER BY seq DESC LIMIT 1"))[0]["part"]
    topic = topics.COMMANDS.full_name(sale.environment["ONSALE_TOPIC_PREFIX"])
    bootstrap = sale.environment["ONSALE_KAFKA_BOOTSTRAP"]
    async with BatchingProducer(bootstrap, topic, backlog_records_max=10, deadline_s=5, client_id="vandal") as producer:
        await producer.send(part, b"nobody can read this")
    await sale.spawn_allocator()
    await sale.allocators[0].kill()
    # What was refused before is refused again by another process, from what it read of the log.
    await clients[2].hold("A-2", "C-1", key="key-2")
    async with asyncio.timeout(30):
        while await sale.rows("SELECT 1 FROM reservation WHERE status = 'held' AND expires_at_ms - held_at_ms < 10000"):
            await clients[3].look(show["venue"])
    return show, [operation for client in (*clients, partner) for operation in client.written]


async def execute(sale: Sale, statement: str) -> None:
    connection = await asyncpg.connect(sale.database.url)
    try:
        assert (await connection.execute(statement)).split()[-1] != "0", statement
    finally:
        await connection.close()


async def test_a_sale_is_decided_again_and_what_its_clients_were_told_is_true(sale: Sale, tmp_path: Path) -> None:
    show, written = await busy_sale(sale)
    file = tmp_path / "told.jsonl"
    file.write_bytes(b"".join(map(encode_operation, written)))

    code, report = await onsale(sale, "verify", "--json", "--replay", "--history", str(file))

    assert (code, report.get("violations")) == (0, 0), report
    assert report["read"]["operations"] == len(written) > 50
    replayed = report["replayed"]
    assert replayed["undecided"] == 0
    ranges = replayed["ranges"]
    assert {covered["why_not"] for covered in ranges} == {""}
    assert sum(covered["next_offset"] - covered["first_offset"] for covered in ranges) == replayed["commands"] > 40
    code, report = await onsale(sale, "verify", "--json", "--replay", "--show", show["show"])
    assert (code, failed(report)) == (0, set())
    assert 30 < report["replayed"]["commands"] < replayed["commands"]

    corruptions = {
        "UPDATE outcome_log SET decided_at_ms = decided_at_ms + 3600000": ("replay", "decided_at_ms - 3600000"),
        "UPDATE dead_letter SET raw = 'nobody can read that'": ("dead_letter", "nobody can read this"),
    }
    for statement, (name, back) in corruptions.items():
        await execute(sale, statement)
        code, report = await onsale(sale, "verify", "--json", "--replay")
        assert (code, failed(report)) == (1, {name})
        found = report["checks"][name]["examples"][0]
        assert found["where"].startswith("part ") and " offset " in found["where"]
        undo = statement.replace("decided_at_ms + 3600000", back).replace("nobody can read that", back)
        await execute(sale, undo)
    await execute(sale, "UPDATE outcome_log SET decider_version = 0 WHERE batch_seq <= 3")
    code, report = await onsale(sale, "verify", "--json", "--replay")
    assert (code, failed(report)) == (0, set())
    why_not = {one["why_not"] for one in report["replayed"]["ranges"]}
    assert f"decided by version 0, this is version {DECIDER_VERSION}" in why_not


async def test_what_the_log_no_longer_has_is_told_and_the_rest_is_decided_again(sale: Sale) -> None:
    await busy_sale(sale)
    # Nothing more is decided: an expiry that was sent twice may still be on its way.
    await sale.allocators[-1].kill()
    (busiest,) = await sale.rows("SELECT part, next_offset FROM allocator_cursor ORDER BY next_offset DESC LIMIT 1")
    part, end = busiest["part"], busiest["next_offset"]
    client = AIOKafkaAdminClient(bootstrap_servers=sale.environment["ONSALE_KAFKA_BOOTSTRAP"])
    await client.start()
    try:
        topic = topics.COMMANDS.full_name(sale.environment["ONSALE_TOPIC_PREFIX"])
        await client.delete_records({TopicPartition(topic, part): RecordsToDelete(before_offset=end // 2)})
    finally:
        await client.close()

    code, report = await onsale(sale, "verify", "--json", "--replay")

    assert (code, failed(report)) == (0, set())
    gone, decided = [one for one in report["replayed"]["ranges"] if one["part"] == part]
    assert (gone["first_offset"], gone["why_not"]) == (0, "the log no longer has them")
    assert end // 2 <= gone["next_offset"] == decided["first_offset"] < decided["next_offset"] == end
    assert decided["why_not"] == ""

    # The last batch may be of an expiry that found nothing left, and say so in a single byte.
    cut = f"UPDATE outcome_log SET payload = substring(payload FOR length(payload) - 1) WHERE next_offset = {end}"
    await execute(sale, cut)
    code, report = await onsale(sale, "verify", "--json", "--replay")
    assert code == 1
    assert {"payload", "chain"} <= failed(report)
    last = [one for one in report["replayed"]["ranges"] if one["part"] == part][-1]
    assert last["why_not"].startswith("the payload of batch ")


async def test_what_a_client_was_told_wrongly_is_seen(sale: Sale, tmp_path: Path) -> None:
    show, written = await busy_sale(sale)
    booked = next(one for one in written if one.op == "confirm" and one.result is Result.OK)
    held = [one for one in written if one.op == "hold" and one.result is Result.OK]
    looks = [one for one in written if one.client == "fan-3" and one.seq is not None]
    nobody = f"bkg_{show['show'][4:]}{'0' * 32}"
    lies = {
        "acknowledged": [msgspec.structs.replace(booked, ids=Ids(booking=nobody))],
        "same_key": [held[0], msgspec.structs.replace(held[1], client=held[0].client, key=held[0].key)],
        "reads_forward": [looks[-1], msgspec.structs.replace(looks[-1], invoke_ms=looks[-1].end_ms + 1,
                                                             end_ms=looks[-1].end_ms + 2, seq=1)],
        "request_outcome": [msgspec.structs.replace(booked, ids=Ids(request=f"req_{'f' * 20}"))],
    }  # fmt: skip
    for name, lie in lies.items():
        file = tmp_path / f"{name}.jsonl"
        file.write_bytes(b"".join(map(encode_operation, lie)))
        code, report = await onsale(sale, "verify", "--json", "--history", str(file))
        assert (code, failed(report)) == (1, {name})
    file = tmp_path / "form.jsonl"
    file.write_bytes(b'{"client": "fan-1", "op": "hold"}\n')
    code, report = await onsale(sale, "verify", "--json", "--history", str(file))
    assert (code, failed(report)) == (1, {"history_form"})
    code, report = await onsale(sale, "verify", "--json", "--history", str(tmp_path / "missing.jsonl"))
    assert (code, "cannot be read" in report["said"]) == (2, True)


async def test_a_closed_show_is_kept_in_a_file_that_needs_no_server(sale: Sale, tmp_path: Path) -> None:
    show, written = await busy_sale(sale)
    file = tmp_path / "show.jsonl.gz"
    words = ("archive", "--show", show["show"], str(file))
    code, report = await onsale(sale, *words)
    assert (code, "still on sale" in report["said"], file.exists()) == (2, True, False)
    closed = await sale.call("POST", f"/api/admin/shows/{show['show']}/close", {}, token=sale.admin_key)
    assert closed.status in {200, 201}, closed.body

    code, report = await onsale(sale, *words)
    assert code == 0, report
    assert (await onsale(sale, *words))[0] == 2, "an archive is never overwritten"
    code, report = await onsale(sale, "verify", "--json", "--archive", str(file), servers=False)
    assert (code, failed(report)) == (0, set()), report
    assert report["replayed"]["commands"] > 30
    assert {covered["why_not"] for covered in report["replayed"]["ranges"]} == {""}
    assert report["read"]["reservations"] > 5
    told, plain = tmp_path / "told.jsonl", tmp_path / "show.jsonl"
    told.write_bytes(b"".join(map(encode_operation, written)))
    code, report = await onsale(sale, "export", "--history", str(told), str(file), str(plain), servers=False)
    assert code == 0, report
    exported = [json.loads(line) for line in plain.read_text().splitlines()]
    assert len([line for line in exported if line["line"] == "operation"]) > 30
    assert documented_checker(plain)[0] == 0, documented_checker(plain)

    text = gzip.decompress(file.read_bytes())
    file.write_bytes(gzip.compress(text.replace(b'"status":"booked"', b'"status":"held"', 1)))
    code, report = await onsale(sale, "verify", "--json", "--archive", str(file), servers=False)
    assert (code, failed(report)) == (1, {"archive_form", "reservation_table"})
