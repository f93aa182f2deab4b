"""A listener for metrics alone: found by Prometheus in a file, gone with its process."""

import json
import os
from pathlib import Path

import httpx
import pytest

from runtime.metrics_door import announce, open_metrics_door
from runtime.settings import ServerSettings

SERVERS = {"postgres_url": "postgresql://a:b@h/d", "redis_url": "redis://h", "kafka_bootstrap": "h:1"}


def settings(**own: object) -> ServerSettings:
    return ServerSettings.model_validate(SERVERS | {"secret": "sixteen characters"} | own)


async def test_the_door_says_where_it_is_under_the_name_of_its_file_and_ends_with_its_process(tmp_path: Path) -> None:
    target = tmp_path / "allocator-1.json"
    async with open_metrics_door(settings(metrics_target=str(target))):
        (found,) = json.loads(target.read_text())
        assert found["labels"] == {"instance": "allocator-1"}
        (address,) = found["targets"]
        async with httpx.AsyncClient() as http:
            assert "process_cpu_seconds_total" in (await http.get(f"http://{address}/metrics")).text
    assert os.listdir(tmp_path) == []
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"http://{address}/metrics")


async def test_whoever_asks_for_no_door_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.metrics_door.start_http_server", lambda *_: pytest.fail("a door was opened"))
    async with open_metrics_door(settings()):
        assert os.listdir(tmp_path) == []


def test_a_door_that_is_open_to_all_addresses_is_found_under_the_name_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "node-7")
    announce(tmp_path / "ingress.json", "::", 9_464)
    assert json.loads((tmp_path / "ingress.json").read_text()) == [
        {"targets": ["node-7:9464"], "labels": {"instance": "ingress"}}
    ]
