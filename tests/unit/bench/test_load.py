"""A closed loop whose requests are all sent: where that ends the window, and where there is no figure."""

import asyncio
from collections.abc import Iterator

import pytest

from bench.load import BEGUN, ENDED, OutOfRequests, Run, measure

pytestmark = pytest.mark.anyio


@pytest.fixture
def nothing() -> Iterator[bytes]:
    return iter(())


async def test_before_anything_was_measured_there_is_no_figure(nothing: Iterator[bytes]) -> None:
    run = Run(nothing)
    run.finish()
    with pytest.raises(OutOfRequests, match="before anything was measured"):
        await measure(run, 1_000, 1_000)


async def test_early_in_the_window_it_is_said_at_once_and_there_is_no_figure(
    nothing: Iterator[bytes], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    run = Run(nothing)

    def sold_out() -> None:
        run.latencies_s.append(0.001)
        run.finish()

    asyncio.get_running_loop().call_later(0.01, sold_out)
    with pytest.raises(OutOfRequests, match="of 1000.0 s"):
        await measure(run, 0, 1_000)
    assert capsysbinary.readouterr().out == BEGUN + ENDED


async def test_a_failure_is_one_whenever_it_comes(nothing: Iterator[bytes]) -> None:
    run = Run(nothing)
    run.fail(ConnectionError("the server closed a connection"))
    run.finish()
    with pytest.raises(ConnectionError):
        await measure(run, 1_000, 1_000)
