"""The quick part of `make faults`: what one stage of servers can bear, one after the other, under load.

A killed broker is in `tests/contract`, hostile input in the fuzzing of ingress and of the decoders; under load they are
in `make faults`: all tests together are to take less than eight minutes.
"""

import pytest

from tests.faults.report import Report
from tests.faults.scenarios import allocators, servers
from tests.faults.stage import Stage

pytestmark = [pytest.mark.anyio, pytest.mark.servers, pytest.mark.kills, pytest.mark.slow]

SEED = 4
KILLS = 30
PEAK_S = 2.0


def passed(report: Report) -> bool:
    """How soon is for `make faults` to judge, on a machine that does nothing else, and for the acceptance tests."""
    assert (report.lost, report.doubled, report.wrong.keys() - {"too late"}) == (0, 0, set()), report.line()
    return report.resumed_s is not None


async def test_thirty_kills_at_four_points_lose_nothing(stage: Stage) -> None:
    async with stage.load(SEED, peak_s=PEAK_S) as load:
        assert passed(await allocators.kills(stage, load, rounds=KILLS, seed=SEED))


async def test_a_killed_postmaster_costs_a_pause(stage: Stage) -> None:
    async with stage.load(SEED + 1, peak_s=PEAK_S) as load:
        assert passed(await servers.postgres_killed(stage, load, rounds=1))
