"""An allocator dies, sleeps, or meets a record that nobody can read: nothing is lost, nothing happens twice."""

import asyncio
import json
import secrets
import sys
from collections import Counter

import asyncpg
import psutil
import pytest

from runtime.kafka import BatchingProducer
from tests.acceptance.sale import ROOT, Answer, Sale
from tests.faults.rooms import until
from ticketing import topics

BATCH_WAITING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'SELECT apply_batch%'
"""
RESUME_S_MAX = 5.0
"""How soon decisions must resume after a kill -9 (reliability: the deadline of the first row)."""


LAUNCHING = """
import asyncio, json, sys
from tests.acceptance.sale import launch_allocator

print(asyncio.run(launch_allocator(json.loads(sys.argv[1]))).pid, flush=True)
sys.stdin.read()
"""


async def test_an_allocator_ends_with_the_tests_that_started_it_however_they_end(sale: Sale) -> None:
    tests = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LAUNCHING, json.dumps(sale.environment)),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert tests.stdout is not None
    left = psutil.Process(int(await tests.stdout.readline()))
    await sale.until_living(2)
    tests.kill()
    await tests.wait()

    async def gone() -> bool:
        return not left.is_running() or left.status() == psutil.STATUS_ZOMBIE

    await until(gone, 10)


@pytest.mark.deadline
async def test_killed_in_the_middle_of_the_rush_another_goes_on(sale: Sale) -> None:
    show = (await sale.new_show(capacity=60))["show"]
    over = asyncio.Event()
    buyers = [asyncio.create_task(_busy_buyer(sale, show, over)) for _ in range(40)]

    for _ in range(2):
        doomed = sale.allocators[-1]
        await sale.spawn_allocator()
        await sale.until_living(2)
        await _until_decided(sale, more_than=await _decided(sale) + 20)
        await doomed.kill()
        began_s = asyncio.get_running_loop().time()
        await _until_decided(sale, more_than=await _decided(sale))
        assert asyncio.get_running_loop().time() - began_s < RESUME_S_MAX
    over.set()

    assert sum(await asyncio.gather(*buyers)) == 40
    taken = await sale.rows("SELECT taken FROM area")
    assert [row["taken"] for row in taken] == [40]
    statuses = Counter(row["status"] for row in await sale.rows("SELECT status FROM reservation"))
    assert statuses["booked"] == 40
    assert set(statuses) == {"booked", "released"}
    code, report = await sale.verify()
    assert code == 0, report


async def test_killed_inside_a_batch_its_commit_still_counts_once(sale: Sale) -> None:
    """The kill is aimed: the batch is under way in the database, held up by a lock of ours, when its sender dies."""
    show = (await sale.new_show(capacity=40))["show"]
    fan = sale.fan(show)
    body = {"show": show, "areas": [{"area": "general", "quantity": 1}]}
    connection = await asyncpg.connect(sale.database.url)
    async with connection.transaction():
        await connection.execute("SELECT FROM area FOR UPDATE")
        accepted = await sale.call("POST", "/api/reservations", body, token=fan, key="once", prefer="respond-async")
        await sale.until_some(BATCH_WAITING, 20)
        await sale.allocators[0].kill()
    await connection.close()
    await sale.spawn_allocator()

    again = await _until_answered(sale, show, fan, None, "once")
    assert accepted.status == 202
    assert again.status == 201
    assert again.headers["Idempotent-Replayed"] == "true", "the batch of the dead was committed, and counts"
    assert [row["taken"] for row in await sale.rows("SELECT taken FROM area")] == [1]
    code, report = await sale.verify()
    assert code == 0, report


async def test_a_repeat_after_the_crash_gets_the_first_answer(sale: Sale) -> None:
    show = (await sale.new_show(rows=2, seats_per_row=5))["show"]
    anna, ben, key = sale.fan(show), sale.fan(show), secrets.token_hex(8)
    held = await sale.hold(show, anna, "A-1", key=key)
    lost = await sale.hold(show, ben, "A-1", key=key)
    assert (held.status, lost.status) == (201, 409)

    await sale.allocators[0].kill()
    await sale.spawn_allocator()

    held_again = await _until_answered(sale, show, anna, "A-1", key)
    assert held_again.status == 201
    assert held_again.body["reservation"] == held.body["reservation"]
    assert held_again.headers["Idempotent-Replayed"] == "true"
    await sale.call("DELETE", f"/api/reservations/{held.body['reservation']}", token=anna)
    lost_again = await sale.hold(show, ben, "A-1", key=key)
    assert (lost_again.status, lost_again.body["code"]) == (409, "seats_unavailable"), "a refusal is remembered too"
    assert (await sale.hold(show, ben, "A-1")).status == 201


async def test_one_that_slept_is_fenced_when_it_wakes(sale: Sale) -> None:
    show = (await sale.new_show(capacity=40))["show"]
    fan = sale.fan(show)
    sleeper = sale.allocators[0]
    assert (await sale.hold(show, fan, areas=[{"area": "general", "quantity": 1}])).status == 201

    sleeper.pause()
    await sale.spawn_allocator()
    second = await _until_answered(sale, show, sale.fan(show), None, secrets.token_hex(8))
    assert second.status == 201
    sleeper.wake()

    third = await sale.hold(show, sale.fan(show), areas=[{"area": "general", "quantity": 1}])
    assert third.status == 201
    assert [row["taken"] for row in await sale.rows("SELECT taken FROM area")] == [3]
    code, report = await sale.verify()
    assert code == 0, report


@pytest.mark.deadline
async def test_partitions_are_shared_within_one_of_even(sale: Sale) -> None:
    await sale.until_living(1)
    await _until_shares(sale, [12])
    await sale.spawn_allocator()
    await sale.until_living(2)
    await _until_shares(sale, [6, 6])
    third = await sale.spawn_allocator()
    await sale.until_living(3)
    await _until_shares(sale, [4, 4, 4])
    await third.kill()
    await _until_shares(sale, [6, 6])


async def test_a_record_nobody_can_read_is_set_aside(sale: Sale) -> None:
    shown = await sale.new_show(capacity=40)
    show, fan = shown["show"], sale.fan(shown["show"])
    part = (await sale.rows("SELECT part FROM show"))[0]["part"]
    topic = topics.COMMANDS.full_name(sale.environment["ONSALE_TOPIC_PREFIX"])
    bootstrap = sale.environment["ONSALE_KAFKA_BOOTSTRAP"]

    async with BatchingProducer(bootstrap, topic, backlog_records_max=10, deadline_s=5, client_id="poison") as log:
        offset = await log.send(part, b"\x93 no command \x00")

    assert (await sale.hold(show, fan, areas=[{"area": "general", "quantity": 1}])).status == 201
    dead = await sale.rows("SELECT log_offset, code, raw FROM dead_letter")
    assert [tuple(row) for row in dead] == [(offset, "malformed", b"\x93 no command \x00")]
    code, report = await sale.verify()
    assert code == 0, report


async def _busy_buyer(sale: Sale, show: str, over: asyncio.Event) -> bool:
    """Holds a place and gives it back until the rush is over, then buys one. Each request is repeated with the same
    key until it is answered."""
    fan = sale.fan(show)
    while True:
        held = await _until_answered(sale, show, fan, None, secrets.token_hex(8))
        assert held.status == 201, held.body
        path, key = f"/api/reservations/{held.body['reservation']}", secrets.token_hex(8)
        if over.is_set():
            break
        while (back := await sale.call("DELETE", path, token=fan, key=key)).status in {202, 503}:
            await _retry_after(back)
        assert back.status == 200, back.body
    while (booked := await sale.confirm(held.body["reservation"], fan, key=key)).status in {202, 503}:
        await _retry_after(booked)
    return booked.status == 201


async def _until_answered(sale: Sale, show: str, fan: str, seat: str | None, key: str) -> Answer:
    wish = {"seats": [seat]} if seat else {"areas": [{"area": "general", "quantity": 1}]}
    while True:
        answer = await sale.call(
            "POST", "/api/reservations", {"show": show, **wish}, token=fan, key=key, prefer="wait=5"
        )
        if answer.status not in {202, 503}:
            return answer
        await _retry_after(answer)


async def _retry_after(answer: Answer) -> None:
    await asyncio.sleep(int(answer.headers.get("Retry-After", "1")))  # as the API asks of its callers


async def _decided(sale: Sale) -> int:
    total: int = (await sale.rows("SELECT sum(next_offset)::bigint AS n FROM allocator_cursor"))[0]["n"]
    return total


async def _until_decided(sale: Sale, *, more_than: int) -> None:
    async def more() -> bool:
        return await _decided(sale) > more_than

    await until(more, 20)


async def _until_shares(sale: Sale, shares: list[int]) -> None:
    sql = "SELECT count(*) AS n FROM allocator_cursor WHERE owner IS NOT NULL AND lease_until > now() GROUP BY owner"

    async def shared() -> bool:
        return sorted(row["n"] for row in await sale.rows(sql)) == sorted(shares)

    await until(shared, RESUME_S_MAX)
