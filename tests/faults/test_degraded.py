"""What goes on while something is away, row by row of the design's table of degraded modes: what is answered, what
`/livez`, `/readyz` and `/metrics` say, and that all ends by itself, with the same processes as before.

Redis and the waiting room have theirs in tests/contract (`test_room_instances.py`); a notifier that is lost is in
`make faults` (`notifier-killed`), and one client's way back in tests/acceptance/test_sockets.py.
"""

import signal
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.acceptance.sale import Answer
from tests.faults.house import House, open_house
from tests.faults.stage import Stage

pytestmark = [pytest.mark.anyio, pytest.mark.servers, pytest.mark.kills, pytest.mark.slow]

OK, UNAVAILABLE = httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE


@pytest.fixture
async def house(stage: Stage) -> AsyncIterator[House]:
    """A sale where all is well."""
    async with open_house(stage) as open_now:
        yield open_now


def comes_back(refused: Answer) -> bool:
    """Whether it says that it may be sent again, and when."""
    assert refused.body["retryable"] is True
    told_s = int(refused.headers["Retry-After"])
    return told_s >= 1 and bool(told_s == refused.body["retry_after_s"])


async def test_without_postgres_looking_goes_on_and_what_is_on_the_log_waits(house: House) -> None:
    postgres = house.stage.ground.postgres
    await postgres.kill()
    waiting = await house.hold()
    assert waiting.status == httpx.codes.ACCEPTED
    assert comes_back(await house.until_refused(house.hold, "sales_paused"))
    assert comes_back(await house.until_refused(lambda: house.confirm("first"), "sales_paused"))
    assert await house.looks() == {"places": OK, "held": OK, "list": OK}
    await house.sees()
    await house.until_says("ingress", OK, "sales are paused: Postgres takes no writes")
    await house.until_says("notifier", OK, '"status":"degraded"')
    await house.until_says("allocator", UNAVAILABLE, "the database cannot be reached")
    await house.until_says("expiry_worker", UNAVAILABLE, "a server is away")
    for room, metric in (
        ("ingress", "onsale_ingress_postgres_up"),
        ("allocator", "allocator_postgres_up"),
        ("notifier", "onsale_notifier_follows"),
    ):
        await house.until_measured(room, metric, 0)

    await postgres.start()
    await house.until_granted(lambda: house.confirm("first"))
    assert await house.until_decided(waiting, waiting.body["token"]) == "granted"
    await house.until_ready()
    await house.until_measured("ingress", "onsale_ingress_postgres_up", 1)
    await house.until_measured("allocator", "allocator_postgres_up", 1)


async def test_with_postgres_read_only_looking_goes_on_and_what_is_on_the_log_waits(house: House) -> None:
    await house.stage.rows("ALTER SYSTEM SET default_transaction_read_only = on")
    await house.stage.rows("SELECT pg_reload_conf()")
    waiting = await house.hold()
    assert waiting.status == httpx.codes.ACCEPTED
    assert comes_back(await house.until_refused(house.hold, "sales_paused"))
    assert comes_back(await house.until_refused(lambda: house.confirm("first"), "sales_paused"))
    assert await house.looks() == {"places": OK, "held": OK, "list": OK}
    await house.sees()
    await house.until_says("ingress", OK, "sales are paused")
    await house.until_says("allocator", UNAVAILABLE, "read-only")
    await house.until_measured("ingress", "onsale_ingress_postgres_up", 0)

    await house.stage.rows("ALTER SYSTEM RESET default_transaction_read_only")
    await house.stage.rows("SELECT pg_reload_conf()")
    await house.until_granted(lambda: house.confirm("first"))
    assert await house.until_decided(waiting, waiting.body["token"]) == "granted"
    await house.until_ready()
    await house.until_measured("ingress", "onsale_ingress_postgres_up", 1)


async def test_a_confirmation_that_the_log_does_not_answer_is_unknown_and_the_same_key_finds_out(house: House) -> None:
    kafka = house.stage.ground.kafka
    kafka.send(signal.SIGSTOP)
    try:
        unknown = await house.until_refused(lambda: house.confirm("only once"), "log_unavailable")
        assert comes_back(unknown)
        assert "may or may not be written" in unknown.body["detail"]
        assert comes_back(await house.until_refused(house.hold, "log_unavailable"))
        assert await house.looks() == {"places": OK, "held": OK, "list": OK}
        await house.sees()
        await house.until_says("ingress", OK, "the log cannot be reached")
        await house.until_measured("ingress", "onsale_ingress_log_up", 0)
        await house.until_says("allocator", UNAVAILABLE, "the log cannot be reached")
        await house.until_measured("allocator", "allocator_log_up", 0)
        await house.until_says("notifier", OK, "the log cannot be reached")
        await house.until_says("expiry_worker", UNAVAILABLE, "the log cannot be reached")
    finally:
        kafka.send(signal.SIGCONT)

    booked = await house.until_granted(lambda: house.confirm("only once"))
    assert booked.body["reservation"] == house.held
    again = await house.confirm("only once")
    assert (again.status, again.headers["Idempotent-Replayed"]) == (201, "true")
    await house.until_ready()
    await house.until_measured("ingress", "onsale_ingress_log_up", 1)


async def test_while_an_allocator_is_behind_nobody_new_is_let_in_and_what_is_held_is_confirmed(house: House) -> None:
    (allocator,) = house.stage.running("allocator")
    allocator.pause()
    try:
        waiting = await house.hold()
        assert waiting.status == httpx.codes.ACCEPTED
        assert comes_back(await house.until_refused(house.hold, "busy"))
        confirming = await house.confirm("first", prefer="respond-async")
        assert confirming.status == httpx.codes.ACCEPTED
        assert await house.looks() == {"places": OK, "held": OK, "list": OK}
        await house.sees()
        await house.until_says("ingress", OK, "nothing is heard of their allocators")
        await house.until_measured("ingress", "onsale_ingress_partitions_silent", 1)
    finally:
        allocator.wake()

    assert await house.until_decided(confirming, house.fan) == "granted"
    assert await house.until_decided(waiting, waiting.body["token"]) == "granted"
    await house.until_granted(lambda: house.hold(prefer="wait=5"))
    await house.until_ready()
    await house.until_measured("ingress", "onsale_ingress_partitions_silent", 0)
