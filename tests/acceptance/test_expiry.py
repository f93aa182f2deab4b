"""A hold that nobody paid for comes back on sale, soon and once; its owner is told before and after."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest

import expiry_worker.__main__ as expiry_room
from expiry_worker.settings import ExpirySettings
from expiry_worker.store import read_snapshot
from runtime.postgres import room_url
from tests.acceptance.sale import Sale
from tests.acceptance.spectator import spectator
from ticketing.clock import SystemClock, parse_rfc3339

pytestmark = pytest.mark.anyio

HOLD_S = 6
"""The last two seconds of it are what a warning comes before, and what there is to answer it in on a busy machine."""
SHORT: dict[str, Any] = {"test": True, "policy": {"hold_s": HOLD_S}}
EXPIRED = "SELECT count(*) AS holds FROM reservation WHERE status = 'expired'"


async def test_it_is_warned_of_then_expires_and_is_sold_again(sale: Sale) -> None:
    show = await sale.new_show(rows=2, seats_per_row=5, **SHORT)
    anna, ben = sale.fan(show["show"]), sale.fan(show["show"])
    async with spectator(sale, show) as annas, spectator(sale, show) as public:
        await annas.hello(anna)
        await public.hello()
        held = await sale.hold(show["show"], anna, "A-1")
        reservation, ends_ms = held.body["reservation"], parse_rfc3339(held.body["expires_at"])
        warned = await annas.until("reservation_expiring")
        assert warned["data"] == {"reservation": reservation, "expires_at": held.body["expires_at"]}
        assert ends_ms - HOLD_S * 1_000 // 3 <= parse_rfc3339(warned["ts"]) < ends_ms
        expired = await annas.until("reservation_expired")
        assert expired["data"]["outcome"]["reservation"] == reservation
        await public.until_seq(expired["seq"])
        assert public.taken() == {}
        assert (await sale.hold(show["show"], ben, "A-1")).status == 201
        late = await sale.confirm(reservation, anna)
        assert (late.status, late.body["code"]) == (410, "hold_expired")
        assert "reservation_expiring" not in {frame["type"] for frame in public.heard}
    code, report = await sale.verify()
    assert code == 0, report


async def test_an_extended_hold_lives_until_its_new_end(sale: Sale) -> None:
    show = await sale.new_show(rows=2, seats_per_row=5, **SHORT)
    anna = sale.fan(show["show"])
    async with spectator(sale, show) as annas:
        await annas.hello(anna)
        held = await sale.hold(show["show"], anna, "A-1")
        await annas.until("reservation_expiring")
        path = f"/api/reservations/{held.body['reservation']}/extend"
        extended = await sale.call("PUT", path, {"by_s": HOLD_S}, token=anna)
        assert extended.status == 200, extended.body
        ends_ms = parse_rfc3339(extended.body["expires_at"])
        assert ends_ms > parse_rfc3339(held.body["expires_at"])
        again = await annas.until("reservation_expiring")
        assert again["data"]["expires_at"] == extended.body["expires_at"]
        expired = await annas.until("reservation_expired")
        assert parse_rfc3339(expired["ts"]) >= ends_ms


@pytest.mark.deadline
async def test_two_workers_expire_many_holds_once_each_and_soon(sale: Sale) -> None:
    show = await sale.new_show(capacity=400, **SHORT)
    fans = [sale.fan(show["show"]) for _ in range(300)]
    async with AsyncExitStack() as stack:
        watcher = await stack.enter_async_context(spectator(sale, show))
        await watcher.hello()
        await stack.enter_async_context(_another_worker(sale))
        wish: dict[str, Any] = {"areas": [{"area": "general", "quantity": 1}]}
        held = await asyncio.gather(*(sale.hold(show["show"], fan, **wish) for fan in fans))
        assert {answer.status for answer in held} == {201}
        last_end_ms = max(parse_rfc3339(answer.body["expires_at"]) for answer in held)
        # Opened; each held once and expired once.
        await watcher.until_seq(1 + 300 + 300)
        all_back_ms = SystemClock().now_ms()
    assert watcher.areas == {"general": 400}
    assert [row["holds"] for row in await sale.rows(EXPIRED)] == [300]
    (state,) = await sale.rows("SELECT seq FROM show")
    assert state["seq"] == 1 + 300 + 300
    assert all_back_ms - last_end_ms < 1_000
    code, report = await sale.verify()
    assert code == 0, report


async def test_a_worker_that_starts_late_knows_the_holds_that_are_live(sale: Sale) -> None:
    show = await sale.new_show(rows=2, seats_per_row=5)
    anna = sale.fan(show["show"])
    held = await sale.hold(show["show"], anna, "A-1")
    booked = await sale.hold(show["show"], anna, "A-2")
    await sale.confirm(booked.body["reservation"], anna)
    url = room_url(sale.database.url, "onsale_expiry_worker", sale.environment["ONSALE_SECRET"])
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        snapshot = await read_snapshot(pool, list(range(12)))
    assert [hold.reservation.hex() for hold in snapshot.holds] == [held.body["reservation"][-32:]]
    (hold,) = snapshot.holds
    assert hold.expires_at_ms == parse_rfc3339(held.body["expires_at"])
    assert (hold.version, hold.hold_s) == (1, 300)
    assert sorted(snapshot.batch_seqs) == list(range(12))
    assert sum(snapshot.batch_seqs.values()) >= 4


class _another_worker:
    """A second expiry worker on the same sale, with its loop running."""

    def __init__(self, sale: Sale) -> None:
        names = {name: value for name, value in sale.environment.items() if name.startswith("ONSALE_")}
        given: dict[str, Any] = {name.removeprefix("ONSALE_").lower(): value for name, value in names.items()}
        given["_env_file"] = None
        self._settings = ExpirySettings(**given)

    async def __aenter__(self) -> None:
        self._room = expiry_room.open_room(self._settings)
        running = await self._room.__aenter__()
        (loop,) = running.tasks
        self._loop = asyncio.ensure_future(loop())

    async def __aexit__(self, *exc: object) -> None:
        self._loop.cancel()
        await asyncio.wait({self._loop})
        await self._room.__aexit__(None, None, None)
