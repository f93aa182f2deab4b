"""`onsale demo` and `onsale up` as a person runs them: real processes, real servers, nothing left behind."""

import asyncio
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from onsale import running
from tests.conftest import Database
from tests.servers import Servers

CONNECTIONS_MAX = 100
"""That all of so many fall to one of two processes does not happen."""
ENDED_WITHIN_S = 30.0
PAUSE_S_MAX = 5.0
"""What is promised of an allocator that is killed."""


@pytest.fixture
def environment(servers: Servers, database: Database, topics: str, redis_prefix: str) -> Iterator[dict[str, str]]:
    """What makes the commands use this test's own database, topics and keys; afterwards none of them runs."""
    own = {
        "ONSALE_POSTGRES_URL": database.url,
        "ONSALE_REDIS_URL": servers.redis_url,
        "ONSALE_KAFKA_BOOTSTRAP": servers.kafka_bootstrap,
        "ONSALE_SECRET": servers.secret,
        "ONSALE_TOPIC_PREFIX": topics,
        "ONSALE_REDIS_PREFIX": redis_prefix,
    }
    yield {**os.environ, **own}
    left = processes_with(topics)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def processes_with(topics: str) -> list[int]:
    """The processes that were started with this topic prefix in their environment, ours excepted."""
    mark = f"ONSALE_TOPIC_PREFIX={topics}".encode()
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdecimal() and int(place.name) != os.getpid():
            try:
                if mark in (place / "environ").read_bytes().split(b"\0"):
                    found.append(int(place.name))
            except OSError:
                continue
    return found


def until(what: str, within_s: float, condition: Callable[[], bool]) -> None:
    """Wait for a condition of other processes, which nothing announces."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.1)


def onsale(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "onsale", *arguments]


@contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """A process of this test's, ended with it."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


async def execute(url: str, statement: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.slow
@pytest.mark.kills
@pytest.mark.deadline
def test_a_crowd_buys_every_place_once_although_the_allocator_is_killed(
    environment: dict[str, str], database: Database, topics: str, tmp_path: Path
) -> None:
    report_file, data_dir = tmp_path / "out.json", tmp_path / "data"
    words = ("--once", "--fans", "500", "--seats", "120", "--kill-allocator", "1", "--seed", "3", "--port", "0")
    done = subprocess.run(
        onsale("demo", *words, "--json", str(report_file), "--data-dir", str(data_dir)),
        check=False, capture_output=True, text=True, timeout=180, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(report_file.read_text())
    assert (report["seats"], report["sold"], report["violations"], report["complaints"]) == (120, 120, 0, 0)
    assert report["paid"] == 2 * 2500, "through the Python client, on the sandbox's page"
    assert report["seed"] == 3
    assert report["expired"] > 0
    assert report["resold"] > 0
    assert min(report["habits"].values()) > 0
    assert sum(report["refused"].values()) > 0
    assert 0 < report["hold_latency_ms"]["p50"] <= report["hold_latency_ms"]["p99"]
    assert report["restarts"]["allocator"] == 1
    assert 0 < report["longest_pause_s"] <= PAUSE_S_MAX
    assert processes_with(topics) == []
    assert running.read_state(data_dir) is None

    verify = onsale("verify", "--json", "--data-dir", str(data_dir))
    clean = subprocess.run(verify, check=False, capture_output=True, text=True, timeout=60, env=environment)
    assert clean.returncode == 0, clean.stdout
    moved = (
        "UPDATE seat_taken t SET reservation_id = e.reservation_id"
        " FROM (SELECT show_id, reservation_id FROM reservation WHERE status = 'expired' LIMIT 1) e"
        " WHERE t.show_id = e.show_id"
        " AND t.seat_no = (SELECT min(seat_no) FROM seat_taken o WHERE o.show_id = e.show_id)"
    )
    assert asyncio.run(execute(database.url, moved)) == "UPDATE 1"
    broken = subprocess.run(verify, check=False, capture_output=True, text=True, timeout=60, env=environment)
    assert broken.returncode == 1
    assert json.loads(broken.stdout)["checks"]["seat_table"]["violations"] == 1


@pytest.mark.kills
def test_a_killed_demo_leaves_nothing_running(environment: dict[str, str], topics: str, tmp_path: Path) -> None:
    words = ("--fans", "2000", "--seats", "500", "--port", "0", "--data-dir", str(tmp_path))
    with started(onsale("demo", *words), environment) as demo:

        def selling() -> bool:
            state = running.read_state(tmp_path)
            return state is not None and bool(state.url) and len(state.children) == 2

        until("the demo sells", 60, selling)
        assert len(processes_with(topics)) >= 4
        demo.kill()
    until("everything has ended", ENDED_WITHIN_S, lambda: processes_with(topics) == [])
    assert running.read_state(tmp_path) is None


def test_up_prints_a_curl_line_that_works_and_stop_ends_it(
    environment: dict[str, str], topics: str, tmp_path: Path
) -> None:
    words = ("--port", "0", "--data-dir", str(tmp_path))
    with started(onsale("up", *words), environment) as up:
        assert up.stdout is not None
        line = next(line for line in up.stdout if line.startswith("curl "))
        if shutil.which("curl") is None:
            pytest.skip("there is no curl on this machine")
        pasted = subprocess.run(["bash", "-c", line], check=True, capture_output=True, text=True, timeout=30)
        held = json.loads(pasted.stdout)
        assert held["status"] == "held"
        assert sum(area["quantity"] for area in held["areas"]) + len(held["seats"]) == 2
        assert "Bearer osk_test_" in line
        second = subprocess.run(
            onsale("up", *words), check=False, capture_output=True, text=True, timeout=30, env=environment
        )
        assert second.returncode == 2
        assert "onsale is running in" in second.stderr
        stopped = subprocess.run(onsale("stop", "--data-dir", str(tmp_path)), check=False, timeout=60, env=environment)
        assert stopped.returncode == 0
        assert up.wait(timeout=30) == 0
    assert processes_with(topics) == []


def call(connection: http.client.HTTPConnection, method: str, path: str, **how: Any) -> tuple[int, Any, Any]:
    """Status, headers and decoded body of one call."""
    connection.request(method, path, **how)
    answer = connection.getresponse()
    return answer.status, answer.headers, json.loads(answer.read())


def who_answers(connection: http.client.HTTPConnection) -> str:
    """Tells one process from another: by when it was started."""
    connection.request("GET", "/metrics")
    found = re.search(r"^process_start_time_seconds (.*)$", connection.getresponse().read().decode(), re.MULTILINE)
    assert found is not None
    return found[1]


def test_two_processes_answer_and_are_one_sale(environment: dict[str, str], topics: str, tmp_path: Path) -> None:
    words = ("--port", "0", "--ingress", "2", "--json", "--data-dir", str(tmp_path))
    with started(onsale("up", *words), environment) as up:
        assert up.stdout is not None
        told = json.loads(up.stdout.readline())
        address = urlsplit(told["url"])
        doors: dict[str, http.client.HTTPConnection] = {}

        def both_answer() -> bool:
            for _ in range(CONNECTIONS_MAX):
                connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
                if doors.setdefault(who_answers(connection), connection) is not connection:
                    connection.close()
            return len(doors) == 2

        until("both processes answer", 30, both_answer)
        first, second = doors.values()
        headers = {
            "authorization": f"Bearer {told['sandbox_key']}",
            "content-type": "application/json",
            "idempotency-key": secrets.token_hex(8),
            "prefer": "wait=10",
        }
        wish = json.dumps({"show": told["show"], "best": {"quantity": 2}})
        status, _, held = call(first, "POST", "/api/reservations", body=wish, headers=headers)
        assert status == 201, held
        path = f"/api/reservations/{held['reservation']}"
        status, _, seen = call(second, "GET", path, headers=headers)
        assert (status, seen["status"], seen["seats"]) == (200, "held", held["seats"])
        status, said, again = call(second, "POST", "/api/reservations", body=wish, headers=headers)
        assert (status, said["idempotent-replayed"], again["reservation"]) == (201, "true", held["reservation"])
        status, _, released = call(second, "DELETE", path, headers=headers)
        assert (status, released["status"]) == (200, "released")
        for connection in doors.values():
            connection.close()
        stopped = subprocess.run(onsale("stop", "--data-dir", str(tmp_path)), check=False, timeout=60, env=environment)
        assert stopped.returncode == 0
        assert up.wait(timeout=30) == 0
    assert processes_with(topics) == []
