"""Ten thousand holds that end at one moment."""

import asyncio
import time
from typing import Any

import msgspec

from onsale.crowd.http import HttpClient, Unreachable
from tests.faults.report import Report
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
BATCHES = "SELECT decided_at_ms, payload FROM outcome_log WHERE part = (SELECT part FROM show WHERE show_id = $1)"


async def all_at_once(stage: Stage, *, holds: int) -> Report:
    """The holds are put on the log while nobody decides; then all of them are decided within a moment, and so end."""
    async with stage.sale() as sale:
        made = await sale.new_show(capacity=holds, test=True, policy={"hold_s": HOLD_S})
    show = parse_show(made["show"])
    for room in stage.running("allocator"):
        await room.kill()
    await _ask_for(stage, made["show"], holds)
    await stage.start("allocator")

    async def decided() -> bool:
        found: dict[str, int] = {row["status"]: row["n"] for row in await stage.rows(STATUSES, show)}
        return sum(found.values()) == holds

    await until(decided, DECIDED_S_MAX)

    async def released() -> Any:
        found = {row["status"]: row for row in await stage.rows(STATUSES, show)}
        return found["expired"] if found.keys() == {"expired"} else None

    expired = await until(released, HOLD_S + DECIDED_S_MAX)
    last_ms = max(
        row["decided_at_ms"]
        for row in await stage.rows(BATCHES, show)
        for outcome in decode_outcomes(row["payload"])
        if isinstance(outcome, HoldExpired) and outcome.show == show
    )
    began_s = time.monotonic()
    await _ask_for(stage, made["show"], holds)

    async def resold() -> bool:
        found: dict[str, int] = {row["status"]: row["n"] for row in await stage.rows(STATUSES, show)}
        return found.get("held", 0) == holds

    await until(resold, DECIDED_S_MAX)
    resold_s = time.monotonic() - began_s
    code, said = await stage.verify([], replay=True)
    late_s = (last_ms - expired["last_ms"]) / 1000
    wrong: dict[str, Any] = {} if code == 0 else {"onsale verify": said[-600:]}
    if late_s > RELEASED_S_MAX:
        wrong["released too late"] = late_s
    report = Report(
        fault="holds expire at one moment",
        done=f"{holds} holds that end within {(expired['last_ms'] - expired['first_ms']) / 1000:.2f} s, sold again",
        resumed_s=late_s,
        ok=not wrong,
        details={"resold_in_s": round(resold_s, 2)},
        wrong=wrong,
    )
    print(report.line(), flush=True)
    return report


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
