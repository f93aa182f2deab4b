"""Embedded servers of a test's own, and ways to watch processes end."""

import os
import select
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from infra.settings import InfraSettings
from tests.servers import run_directory

ELSEWHERE = {"postgres": "postgresql://elsewhere/x", "redis": "redis://elsewhere/0", "kafka": "elsewhere:9092"}
SECRET = "a secret of this test alone"


@pytest.fixture
def directory() -> Iterator[Path]:
    """A place for data directories that any user may pass through."""
    with run_directory() as place:
        yield place


def settings_with(*embedded: str, secret: str | None = SECRET) -> InfraSettings:
    """Settings under which only the servers named are embedded ones, whatever the environment says."""
    given = {name: None if name in embedded else url for name, url in ELSEWHERE.items()}
    return InfraSettings(
        postgres_url=given["postgres"],
        redis_url=given["redis"],
        kafka_bootstrap=given["kafka"],
        secret=secret,
        cache_dir=None,
    )


class Watch:
    """Processes by their handles, so that a number used again is never taken for the old process."""

    def __init__(self, *pids: int) -> None:
        self._handles = [os.pidfd_open(pid) for pid in pids]

    def all_end(self, timeout_s: float = 20) -> bool:
        """Waits for every process to end; closes the handles."""
        try:
            return all(select.select([handle], [], [], timeout_s)[0] for handle in self._handles)
        finally:
            for handle in self._handles:
                os.close(handle)


def eventually(condition: Callable[[], bool], timeout_s: float = 20) -> bool:
    """Whether the condition comes true in time."""
    deadline = monotonic() + timeout_s
    while not condition():
        if monotonic() > deadline:
            return False
        sleep(0.02)
    return True
