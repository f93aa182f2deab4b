"""The log of a show that is over goes into its archive, and what is left is proven as before."""

from pathlib import Path
from typing import Any

import pytest

from onsale.verify.command_log import open_commands
from tests.acceptance.sale import Sale
from tests.acceptance.test_replay import execute, failed, onsale

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

BEGINS = "UPDATE show SET starts_at_ms = 0 WHERE show_id = {}"
WHERE = "SELECT part FROM show WHERE show_id = $1"
LOG = "SELECT count(*) AS batches, coalesce(min(batch_seq), 0) AS first FROM outcome_log WHERE part = $1"


async def sold(sale: Sale) -> dict[str, Any]:
    """A show with a booking, a hold that was given back, and somebody who came too late."""
    show = await sale.new_show(rows=2, seats_per_row=6, test=True)
    anna, ben = sale.fan(show["show"]), sale.fan(show["show"])
    held = await sale.hold(show["show"], anna, "A-1", "A-2")
    assert (await sale.confirm(held.body["reservation"], anna)).status == 201
    assert (await sale.hold(show["show"], ben, "A-1")).status == 409
    other = await sale.hold(show["show"], ben, "A-3")
    assert (await sale.call("DELETE", f"/api/reservations/{other.body['reservation']}", token=ben)).status == 200
    return show


async def commands_begin(sale: Sale, part: int) -> int:
    prefix = sale.environment["ONSALE_TOPIC_PREFIX"]
    async with open_commands(sale.environment["ONSALE_KAFKA_BOOTSTRAP"], prefix) as commands:
        return (await commands.bounds(part))[0]


async def test_what_is_archived_is_removed_and_what_is_left_is_judged(sale: Sale, tmp_path: Path) -> None:
    over = await sold(sale)
    closed = await sale.call("POST", f"/api/admin/shows/{over['show']}/close", {}, token=sale.admin_key)
    assert closed.status in {200, 201}, closed.body
    # The partition that has least on sale is the same one again.
    goes_on = await sold(sale)
    (part,) = {(await sale.rows(WHERE, int(show["show"][4:], 16)))[0]["part"] for show in (over, goes_on)}
    (before,) = await sale.rows(LOG, part)
    file = tmp_path / "over.jsonl.gz"
    assert (await onsale(sale, "archive", "--show", over["show"], str(file)))[0] == 0

    code, report = await onsale(sale, "prune", str(file))
    assert (code, "over not long enough ago" in report["said"]) == (0, True), report
    assert await sale.rows(LOG, part) == [before]
    await execute(sale, BEGINS.format(int(over["show"][4:], 16)))
    code, report = await onsale(sale, "prune", "--days", "0", str(file))
    assert (code, "batches removed" in report["said"]) == (0, True), report

    (after,) = await sale.rows(LOG, part)
    assert after["first"] > 1 and 0 < after["batches"] < before["batches"]
    (pruned,) = await sale.rows("SELECT * FROM log_pruned")
    assert (pruned["part"], pruned["batch_seq"]) == (part, after["first"] - 1)
    assert await commands_begin(sale, part) == pruned["next_offset"] > 0
    await sale.allocators[0].kill()
    await sale.spawn_allocator()
    late = await sale.hold(over["show"], sale.fan(over["show"]), "B-1")
    assert late.status == 409, late.body
    more = await sale.hold(goes_on["show"], sale.fan(goes_on["show"]), "B-1")
    assert more.status == 201, more.body
    code, report = await onsale(sale, "verify", "--json", "--replay")
    assert (code, failed(report), report["read"]["shows_pruned"]) == (0, set(), 1), report
    assert {one["why_not"] for one in report["replayed"]["ranges"]} == {""}
    assert (await onsale(sale, "verify", "--show", over["show"]))[0] == 2
    assert (await onsale(sale, "verify", "--json", "--archive", str(file), servers=False))[0] == 0
    code, report = await onsale(sale, "prune", "--days", "0", str(file))
    assert (code, "batches removed" in report["said"]) == (0, False), "twice is once"
