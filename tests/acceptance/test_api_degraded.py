"""The API while Postgres is out of its reach: writes pause, what is in memory is still shown, and then it goes on."""

import asyncio

import pytest

from tests.acceptance.sale import Answer, Sale

pytestmark = pytest.mark.anyio

WISH = [{"area": "general", "quantity": 1}]


async def _until(sale: Sale, show: str, fan: str, status: int) -> Answer:
    """Hold again and again until it is answered with `status`; nothing but that, 201 and 503 may come before."""
    async with asyncio.timeout(20):
        while (answer := await sale.hold(show, fan, areas=WISH)).status != status:
            assert answer.status in (201, 503), answer.body
            await asyncio.sleep(0)
    return answer


async def test_without_postgres_sales_pause_and_looking_goes_on(sale: Sale) -> None:
    show = await sale.new_show(capacity=200_000, policy={"max_held_seats_per_person": 200_000, "holds_at_once": 0})
    fan = sale.fan(show["show"])
    held = await sale.hold(show["show"], fan, areas=WISH)
    availability = f"/api/venues/{show['venue']}/shows/{show['show']}/availability"
    assert (await sale.call("GET", availability)).body["held_seats"] == 1
    name = sale.database.name

    await sale.rows(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
    await sale.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'ingress'",
        name,
    )
    paused = await _until(sale, show["show"], fan, 503)

    assert (paused.body["code"], paused.body["retryable"]) == ("sales_paused", True)
    assert int(paused.headers["Retry-After"]) >= 1
    assert (await sale.call("GET", availability)).status == 200
    assert (await sale.call("GET", f"/api/reservations/{held.body['reservation']}", token=fan)).status == 200
    away = await sale.call("GET", "/api/events")
    assert (away.status, away.body["code"]) == (503, "sales_paused")
    assert (await sale.http.get("/livez")).status_code == 200
    # Ingress is among those that serve on; whoever cannot do without says that it is not ready.
    assert [said for said in (await sale.http.get("/readyz")).json()["degraded"]["ingress"] if "paused" in said]

    await sale.rows(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')
    resumed = await _until(sale, show["show"], fan, 201)
    assert resumed.body["status"] == "held"
