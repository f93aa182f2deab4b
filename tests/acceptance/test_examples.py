"""The examples of the OpenAPI document, played from the document itself: each call is answered as it says.

`ONSALE_TEST_WRITE_EXAMPLES=1 pytest tests/acceptance/test_examples.py` writes the answers down anew.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import asyncpg
import msgspec
import pytest

from ingress.examples import ANSWERS, Asked, read_requests
from ingress.key_table import create_key
from ingress.keys import PLENTY
from payments import notices
from payments.sandbox.client import notice_secret
from tests.acceptance.example_answers import Likeness, at_pointer
from tests.acceptance.sale import Sale, open_sale
from tests.conftest import fresh_database, fresh_redis_prefix, fresh_topics
from tests.servers import Servers
from ticketing.clock import SystemClock

pytestmark = pytest.mark.anyio

WRITE = bool(os.environ.get("ONSALE_TEST_WRITE_EXAMPLES"))
WRITTEN_AFTER_S = 1.2
SETTLING_S = 15
"""What is told a little later (deliveries, logs, refunds) is asked for again within this."""
HOUR_S, TOLD_WITHIN_S = 3_600, 60
"""The whole story takes a third of that."""
QUOTED_NOT = {"sockets", "openapi", "openapi-yaml", "page", "script"}
"""Whole documents."""
PARTNER_KEY = "osk_live_5a1e00000000000000000000000000000000000000000000"
RECEIVER, NOBODY_LISTENS = "https://partner.example/onsale", "http://127.0.0.1:9/onsale"
SHOW, HOUSE_KEY = "shw_5a1e000001", "key_5a1e000000000003"


class Step(NamedTuple):
    """A request as the document has it; `answer` None: the document quotes none."""

    number: int
    name: str
    who: str
    status: int
    method: str
    path: str
    query: dict[str, Any]
    headers: dict[str, str]
    body: Any
    answer: Any


def steps(document: dict[str, Any]) -> list[Step]:
    """The story, from the document alone."""
    return sorted(found for path, calls in document["paths"].items() for method, call in calls.items()
                  for found in _steps(method.upper(), path, call))  # fmt: skip


def _steps(method: str, path: str, call: dict[str, Any]) -> Iterator[Step]:
    for name, how in call["x-examples"].items():
        given: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
        for parameter in call["parameters"]:
            if name in parameter.get("examples", {}):
                given[parameter["in"]][parameter["name"]] = parameter["examples"][name]["value"]
        target = path.format_map({key: quote(value, safe="") for key, value in given["path"].items()})
        sent = call.get("requestBody", {"content": {}})["content"].get("application/json", {}).get("examples", {})
        answers = call["responses"][str(how["status"])].get("content", {})
        told = [kind["examples"][name]["value"] for kind in answers.values() if name in kind.get("examples", {})]
        yield Step(
            how["step"], name, how["as"], how["status"], method, target, given["query"], given["header"],
            sent.get(name, {}).get("value"), told[0] if told else None,
        )  # fmt: skip


class Stagehand:
    """Plays steps: knows who is who, and what the document's ids are called here."""

    def __init__(self, sale: Sale, house_key: str) -> None:
        self.sale = sale
        self.likeness = Likeness({PARTNER_KEY: sale.partner_key, RECEIVER: NOBODY_LISTENS, HOUSE_KEY: house_key})

    async def play(self, step: Step) -> Any:
        """Send it; what it was answered, with the status that the document names."""
        real = self.likeness.real
        headers = {name: str(value) for name, value in step.headers.items()}
        content = None if step.body is None else json.dumps(real(step.body)).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        if step.who == "till":
            secret = notice_secret(self.sale.environment["ONSALE_SECRET"])
            headers |= notices.signed(secret, "notice-1", content or b"", SystemClock().now_ms())
        elif step.who != "nobody":
            headers["Authorization"] = f"Bearer {self._token(step.who)}"
        query = urlencode({name: real(value) if isinstance(value, str) else json.dumps(value)
                           for name, value in step.query.items()})  # fmt: skip
        target = real(step.path) + (f"?{query}" if query else "")
        response = await self.sale.http.request(step.method, target, content=content, headers=headers)
        assert response.status_code == step.status, (step.name, response.text)
        is_json = response.headers["content-type"].partition(";")[0].endswith("json")
        return response.json() if is_json else response.text

    def _token(self, who: str) -> str:
        match who:
            case "admin":
                return self.sale.admin_key
            case "partner":
                return self.sale.partner_key
            case "fan":
                return self.sale.fan(str(self.likeness.real(SHOW)), "ent_5a1e000000000001")
            case _:
                raise LookupError(who)


@pytest.fixture
async def house(anyio_backend: str, servers: Servers, database_template: str) -> AsyncIterator[Sale]:
    """A sale with a partner that may do whatever partners may, and two commands that nobody could read."""
    with (
        fresh_database(servers, database_template) as database,
        fresh_topics(servers) as topics,
        fresh_redis_prefix(servers) as prefix,
    ):
        async with open_sale(servers, database, topics, prefix) as sale:
            async with asyncpg.create_pool(database.url, min_size=1, max_size=1) as pool:
                now_ms = SystemClock().now_ms()
                _, sale.partner_key = await create_key(
                    pool, "box office", ["read", "booking"], False, now_ms, os.urandom(40), PLENTY
                )
                await pool.execute("DELETE FROM api_key WHERE name = 'a partner'")
                await pool.executemany(
                    "INSERT INTO dead_letter (part, log_gen, log_offset, code, raw) VALUES (5, 0, $1, 'malformed', $2)",
                    [(1_000_000, b"{"), (1_000_001, b"}")],
                )
            yield sale


async def test_each_example_is_answered_as_the_document_says(house: Sale) -> None:
    written: dict[str, Any] = {}
    await _an_hour_that_is_long_enough()
    document = (await house.http.get("/api/openapi.json")).json()
    (house_key,) = await house.rows("SELECT key_id FROM api_key WHERE name = 'the house'")
    story, hand = steps(document), Stagehand(house, house_key["key_id"])
    assert [step.number for step in story] == list(range(1, len(story) + 1))
    asked = {it.name: it for it in read_requests()}
    for step in story:
        if WRITE:
            await _write_down(hand, step, asked[step.name], written)
        else:
            await _until_alike(hand, step)
    if WRITE:
        ANSWERS.write_bytes(msgspec.json.format(msgspec.json.encode(written), indent=1) + b"\n")


async def _an_hour_that_is_long_enough() -> None:
    """Figures and usage are sums by the hour and by the day: the document's story is told within one."""
    left_s = HOUR_S - SystemClock().now_ms() / 1000 % HOUR_S
    if left_s < TOLD_WITHIN_S:
        await asyncio.sleep(left_s)


async def _until_alike(hand: Stagehand, step: Step) -> None:
    clock_s = asyncio.get_running_loop().time
    patient_until_s = clock_s() + SETTLING_S
    while True:
        answer = await hand.play(step)
        differences = [] if step.answer is None else hand.likeness.differences(step.answer, answer)
        if not differences:
            return
        # What is only read may not be there yet.
        assert step.method == "GET" and clock_s() < patient_until_s, (step.name, differences)
        await asyncio.sleep(0.1)


async def _write_down(hand: Stagehand, step: Step, asked: Asked, written: dict[str, Any]) -> None:
    if step.method == "GET":
        await asyncio.sleep(WRITTEN_AFTER_S)
    answer = await hand.play(step)
    hand.likeness.known |= {example: at_pointer(answer, where) for where, example in asked.gives.items()}
    if step.name not in QUOTED_NOT:
        written[step.name] = hand.likeness.example(answer)
