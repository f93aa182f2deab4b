"""Ten thousand holds that end at one moment."""

import asyncio
import time

import asyncpg
import msgspec

from onsale.crowd.http import HttpClient, Unreachable
from tests.faults.crowd import Load
from tests.faults.report import Report, conclude
from tests.faults.rooms import until
from tests.faults.stage import Stage
from ticketing.clock import SystemClock
from ticketing.messages import HoldExpired, decode_outcomes
from ticketing.tokens import Pass, TokenKeys
from ticketing.vocabulary import parse_show

HOLD_S = 20
RELEASED_S_MAX = 1.0
CONNECTIONS = 100
DECIDED_S_MAX = 60.0
STATUSES = """
SELECT status, count(*) AS n, max(expires_at_ms) AS last_ms, min(expires_at_ms) AS first_ms
FROM reservation WHERE show_id = $1 GROUP BY status
"""
BATCHES = "SELECT payload FROM outcome_log WHERE part = (SELECT part FROM show WHERE show_id = $1)"


async def all_at_once(stage: Stage, load: Load, *, holds: int) -> Report:
    """The holds are put on the log while nobody decides; then all of them are decided within a moment, and so end."""
    async with stage.sale() as sale:
        made = await sale.new_show(capacity=holds, test=True, policy={"hold_s": HOLD_S})
    show = parse_show(made["show"])
    for room in stage.running("allocator"):
        await room.kill()
    await _ask_for(stage, made["show"], holds)
    began_s = time.monotonic()
    await stage.start("allocator")
    await load.resumed_since(began_s)
    found = await until(lambda: _all_are(stage, show, "held", holds), DECIDED_S_MAX)
    clock = SystemClock()
    await until(lambda: _all_are(stage, show, "expired", holds), HOLD_S + DECIDED_S_MAX)
    late_s = (clock.now_ms() - found["last_ms"]) / 1000
    early = [at_ms for at_ms in await _released_ms(stage, show) if at_ms < found["first_ms"]]
    began_s = time.monotonic()
    await _ask_for(stage, made["show"], holds)
    await until(lambda: _all_are(stage, show, "held", holds), DECIDED_S_MAX)
    resold_s = time.monotonic() - began_s
    return await conclude(
        stage,
        load,
        fault="holds expire at one moment",
        done=f"{holds} holds that end within {(found['last_ms'] - found['first_ms']) / 1000:.2f} s, sold again",
        resumed_s=late_s,
        limit_s=RELEASED_S_MAX,
        details={"resold_in_s": round(resold_s, 2)},
        wrong={"released before the end": early[:5]} if early else {},
    )


async def _all_are(stage: Stage, show: int, status: str, holds: int) -> asyncpg.Record | None:
    """The row of STATUSES, once so many have this status and none that lives has another."""
    found = {row["status"]: row for row in await stage.rows(STATUSES, show)}
    row = found.get(status)
    return row if row is not None and row["n"] == holds and found.keys() <= {status, "expired"} else None


async def _released_ms(stage: Stage, show: int) -> list[int]:
    """When the log said that each hold is over."""
    return [
        outcome.at_ms
        for row in await stage.rows(BATCHES, show)
        for outcome in decode_outcomes(row["payload"])
        if isinstance(outcome, HoldExpired) and outcome.show == show
    ]


async def _ask_for(stage: Stage, show: str, holds: int) -> None:
    """One place for each of many fans; 202 or 201 will do."""
    assert stage.ingress is not None
    http = HttpClient("127.0.0.1", stage.ingress.port, CONNECTIONS)
    tokens = TokenKeys([stage.ground.secret])
    expires_at_ms = SystemClock().now_ms() + 3_600_000
    body = {"show": show, "areas": [{"area": "general", "quantity": 1}]}

    async def ask(number: int) -> None:
        token = tokens.sign_pass(Pass(parse_show(show), f"ent_{time.monotonic_ns():x}{number:x}", 1, expires_at_ms))
        headers = {"authorization": f"Bearer {token}", "idempotency-key": f"k{number}", "prefer": "respond-async"}
        while True:
            try:
                answer = await http.request("POST", "/api/reservations", body=body, headers=headers)
            except Unreachable:
                continue
            if answer.status in {201, 202}:
                return
            if answer.status != 503:
                raise AssertionError(msgspec.json.decode(answer.body))
            await asyncio.sleep(1)

    await asyncio.gather(*(ask(number) for number in range(holds)))
    http.close()
