"""A database that is put back as it was a while ago, and the log that goes on from there."""

import asyncio
import time
from typing import Any

from infra.embedded import base_backup
from onsale.backup.history import begin_history
from tests.acceptance.sale import Sale
from tests.faults.crowd import Load
from tests.faults.report import Report, conclude
from tests.faults.rooms import until
from tests.faults.stage import Stage
from ticketing.clock import SystemClock
from ticketing.vocabulary import parse_reservation

SOLD_ON_S = 8.0
SHORT_HOLD_S = 3
RESOLD_S_MAX = 30.0
SEAT = "A-1"
STATUS = "SELECT status FROM reservation WHERE show_id = $1 AND reservation_id = $2"
HISTORY = "SELECT history_id FROM installation"


async def restored(stage: Stage, load: Load) -> Report:
    """A base backup under load, more sales, kill -9 of Postgres, the backup in its place, allocators started again.

    Ingress and the expiry worker live through it, and load anew. One hold ends after the backup and its seat is bought
    by somebody else before the restore: decided once more, it has to end again, although an hour may have passed.
    """
    notifier = await stage.start("notifier")
    ground, clock = stage.ground, SystemClock()
    async with stage.sale() as sale:
        short = await sale.new_show(rows=2, seats_per_row=10, test=True, policy={"hold_s": SHORT_HOLD_S})
        copy = ground.directory / "backup"
        size = await base_backup.take(stage.ground.admin_url, ground.secret, copy, clock.now_ms())
        (before,) = await stage.rows(HISTORY)
        taken_s = time.monotonic()
        anna, ben = await _resold(sale, short["show"])
        await asyncio.sleep(max(0.0, taken_s + SOLD_ON_S - time.monotonic()))
    await asyncio.gather(*(allocator.stop() for allocator in stage.running("allocator")))
    await ground.postgres.kill()
    about = await asyncio.to_thread(base_backup.unpack, copy, ground.directory / "postgres")
    with base_backup.put_back(about, ground.directory / "postgres", clock.now_ms()):
        await ground.postgres.start()
        begun = await begin_history(stage.postgres_url, ground.kafka_bootstrap, "", force=False)
    began_s = time.monotonic()
    await stage.start("allocator")
    resumed_s = await load.resumed_since(began_s)
    found: dict[str, Any] = {}
    for reservation, wanted in ((anna, "expired"), (ben, "booked")):
        statuses = [row["status"] for row in await stage.rows(STATUS, *parse_reservation(reservation))]
        if statuses != [wanted]:
            found[f"a reservation that was {wanted}"] = statuses
    changed = [
        len(await room.until_said(event, RESOLD_S_MAX))
        for module, event in (
            ("ingress", "ingress.history_changed"),
            ("expiry_worker", "expiry.history_changed"),
            ("notifier", "outcomes.history_changed"),
        )
        for room in stage.running(module)
    ]
    if not all(changed):
        found["not everybody saw the new history"] = changed
    if begun.history_id == before["history_id"] or begun.commands == 0:
        found["nothing was restored"] = begun.commands
    if not await notifier.is_ready():
        found["the notifier is not ready"] = True
    return await conclude(
        stage,
        load,
        fault="restore of an older backup",
        done=f"base backup, {time.monotonic() - taken_s:.0f} s of sales, kill -9, backup put back",
        resumed_s=resumed_s,
        details={"decided_once_more": begun.commands, "backup_mib": round(size / 2**20, 1)},
        wrong=found,
    )


async def _resold(sale: Sale, show: str) -> tuple[str, str]:
    """A hold that ends, and the booking of the same seat by the next one: their reservations."""
    anna, ben = sale.fan(show), sale.fan(show)
    held = await sale.hold(show, anna, SEAT)

    async def bought() -> str:
        answer = await sale.hold(show, ben, SEAT)
        return answer.body["reservation"] if answer.status == 201 else ""

    reservation = await until(bought, RESOLD_S_MAX)
    confirmed = await sale.confirm(reservation, ben)
    assert confirmed.status == 201, confirmed.body
    return held.body["reservation"], reservation
