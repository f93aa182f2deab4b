"""Postgres and Kafka that die and come back."""

import asyncio
import time

from tests.faults.crowd import Load
from tests.faults.report import Report, conclude
from tests.faults.stage import Stage

RESUMED_S_MAX = 5.0
"""After the server answers again: how long that takes is the server's, and is told apart."""


async def postgres_killed(stage: Stage, load: Load, *, rounds: int) -> Report:
    """kill -9 of the postmaster under load; started again as its keeper would."""
    resumed, away = [], []
    for _ in range(rounds):
        began_s = time.monotonic()
        await stage.ground.postgres.kill()
        await stage.ground.postgres.start()
        back_s = time.monotonic()
        away.append(back_s - began_s)
        resumed.append(await load.resumed_since(back_s))
    codes = {line.code for line in load.history.lines if line.status == 503}
    return await conclude(
        stage,
        load,
        fault="Postgres kill -9",
        done=f"{rounds} times the postmaster, started again at once",
        resumed_s=max(resumed),
        resumed_s_max=RESUMED_S_MAX,
        details={"server_away_s": round(max(away), 2), "codes_503": sorted(codes)},
    )


async def kafka_killed(stage: Stage, load: Load, *, rounds: int) -> Report:
    """kill -9 of the one broker under load; started again as its keeper would."""
    resumed, away = [], []
    for _ in range(rounds):
        began_s = time.monotonic()
        await stage.ground.kafka.kill()
        await stage.ground.kafka.start()
        back_s = time.monotonic()
        away.append(back_s - began_s)
        resumed.append(await load.resumed_since(back_s))
    codes = {line.code for line in load.history.lines if line.status == 503}
    wrong = {} if "log_unavailable" in codes else {"nobody was told that the log is away": sorted(codes)}
    return await conclude(
        stage,
        load,
        fault="Kafka broker kill -9",
        done=f"{rounds} times, started again at once",
        resumed_s=max(resumed),
        resumed_s_max=KAFKA_RESUMED_S_MAX,
        details={"server_away_s": round(max(away), 2), "codes_503": sorted(codes)},
        wrong=wrong,
    )


KAFKA_RESUMED_S_MAX = 15.0
"""A broker that was killed waits for its own session to end; clients then find it by their bootstrap address."""


async def postgres_read_only(stage: Stage, load: Load, *, seconds: float) -> Report:
    """`default_transaction_read_only` for a while: sales pause with their own 503, and go on by themselves."""
    began_s = time.monotonic()
    await stage.rows("ALTER SYSTEM SET default_transaction_read_only = on")
    await stage.rows("SELECT pg_reload_conf()")
    await asyncio.sleep(seconds)
    paused = {line.code for line in load.history.read_on() if line.status == 503 and line.at_s > began_s}
    await stage.rows("ALTER SYSTEM RESET default_transaction_read_only")
    await stage.rows("SELECT pg_reload_conf()")
    ended_s = time.monotonic()
    resumed_s = await load.resumed_since(ended_s)
    return await conclude(
        stage,
        load,
        fault="Postgres read-only",
        done=f"default_transaction_read_only=on for {seconds:.0f} s",
        resumed_s=resumed_s,
        resumed_s_max=RESUMED_S_MAX,
        details={"codes_503": sorted(paused)},
        wrong={} if "sales_paused" in paused else {"sales did not pause": sorted(paused)},
    )
