"""Postgres and Kafka that die and come back."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tests.faults.crowd import Load
from tests.faults.history import Line
from tests.faults.own_servers import OwnServer
from tests.faults.reading import reading
from tests.faults.report import Report, conclude
from tests.faults.stage import Stage

POSTGRES_RESUMED_S_MAX = 5.0


async def postgres_killed(stage: Stage, load: Load, *, rounds: int) -> Report:
    """kill -9 of the postmaster under load; started again as its keeper would. Reads go on."""
    async with reading(stage, load) as reads:
        times = await _kill(stage.ground.postgres, load, rounds)
    wrong: dict[str, Any] = {} if not reads.failed else {"reads that failed": reads.failed[:5]}
    return await conclude(
        stage,
        load,
        fault="Postgres kill -9",
        done=f"{rounds} times the postmaster, started again at once",
        resumed_s=max(times.resumed_s),
        limit_s=POSTGRES_RESUMED_S_MAX,
        details={**times.told(), "codes_503": _codes(load.history.lines), "reads": reads.answered},
        wrong=wrong,
    )


async def kafka_killed(stage: Stage, load: Load, *, rounds: int) -> Report:
    """kill -9 of the one broker under load; started again as its keeper would."""
    async with reading(stage, load) as reads:
        times = await _kill(stage.ground.kafka, load, rounds)
    codes = _codes(load.history.lines)
    wrong: dict[str, Any] = {} if not reads.failed else {"reads that failed": reads.failed[:5]}
    if "log_unavailable" not in codes:
        wrong["nobody was told that the log is away"] = codes
    return await conclude(
        stage,
        load,
        fault="Kafka broker kill -9",
        done=f"{rounds} times, started again at once",
        resumed_s=max(times.resumed_s),
        details={**times.told(), "codes_503": codes, "reads": reads.answered},
        wrong=wrong,
    )


async def postgres_read_only(stage: Stage, load: Load, *, seconds: float) -> Report:
    """`default_transaction_read_only` for a while: sales pause with their own 503, and go on by themselves."""
    began_s = time.monotonic()
    async with reading(stage, load) as reads:
        await stage.rows("ALTER SYSTEM SET default_transaction_read_only = on")
        await stage.rows("SELECT pg_reload_conf()")
        await asyncio.sleep(seconds)
        paused = _codes([line for line in load.history.read_on() if line.at_s > began_s])
        await stage.rows("ALTER SYSTEM RESET default_transaction_read_only")
        await stage.rows("SELECT pg_reload_conf()")
        resumed_s = await load.resumed_since(time.monotonic())
    wrong: dict[str, Any] = {} if not reads.failed else {"reads that failed": reads.failed[:5]}
    if "sales_paused" not in paused:
        wrong["sales did not pause"] = paused
    return await conclude(
        stage,
        load,
        fault="Postgres read-only",
        done=f"default_transaction_read_only=on for {seconds:.0f} s",
        resumed_s=resumed_s,
        details={"codes_503": paused, "reads": reads.answered},
        wrong=wrong,
    )


@dataclass
class Times:
    """Of each round, from the kill on: until the server answered again, and until every show was decided again."""

    away_s: list[float] = field(default_factory=list)
    resumed_s: list[float] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """For the line."""
        return {
            "server_away_s": [round(seconds, 2) for seconds in self.away_s],
            "resumed_each_s": [round(seconds, 2) for seconds in self.resumed_s],
        }


async def _kill(server: OwnServer, load: Load, rounds: int) -> Times:
    times = Times()
    for _ in range(rounds):
        began_s = time.monotonic()
        await server.kill()
        await server.start()
        times.away_s.append(time.monotonic() - began_s)
        times.resumed_s.append(await load.resumed_since(began_s))
    return times


def _codes(lines: Sequence[Line]) -> list[str]:
    return sorted({line.code for line in lines if line.status == HTTPStatus.SERVICE_UNAVAILABLE})
