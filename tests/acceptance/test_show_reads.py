"""What a show tells of itself, on real servers: its log, page by page."""

from typing import Any

import pytest

from tests.acceptance.sale import Sale

pytestmark = pytest.mark.anyio


async def test_the_log_of_a_show_has_each_of_its_outcomes_once(sale: Sale) -> None:
    show = (await sale.new_show(rows=2, seats_per_row=5))["show"]
    await sale.new_show(capacity=20)
    fan = sale.fan(show)
    held = (await sale.hold(show, fan, "A-1", "A-2")).body["reservation"]
    assert (await sale.hold(show, sale.fan(show), "A-1")).status == 409
    assert (await sale.confirm(held, fan)).status == 201
    lines: list[dict[str, Any]] = []
    path, has_more = f"/api/shows/{show}/ledger?limit=1", True
    while has_more:
        page = await sale.call("GET", path, token=sale.partner_key)
        assert page.status == 200, page.body
        lines += page.body["data"]
        has_more = page.body["has_more"]
        path = f"/api/shows/{show}/ledger?limit=1&after={page.body['next_cursor']}"
    assert [line["kind"] for line in lines] == ["ShowOpened", "SeatsHeld", "HoldRefused", "BookingConfirmed"]
    changes = [line["seq"] for line in lines if line["kind"] != "HoldRefused"]
    assert changes == list(range(changes[0], changes[0] + 3))
    assert lines[1]["places"] == [{"status": "held", "seats": ["A-1", "A-2"]}]
    assert "ent_" not in str(lines)
    assert "Lovelace" not in str(lines)
