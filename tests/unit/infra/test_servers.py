"""Where a test run takes its servers from, on a machine with a Docker engine."""

import pytest
from docker.client import DockerClient
from docker.errors import APIError, ImageNotFound
from testcontainers.core.config import testcontainers_config

from tests import servers


class Engine:
    """One that has some images, and may reach a registry that has all others."""

    def __init__(self, *has: str, reaches_registry: bool) -> None:
        self.images = self
        self.has = set(has)
        self.reaches_registry = reaches_registry

    def get(self, image: str) -> None:
        if image not in self.has:
            raise ImageNotFound(image)

    def pull(self, image: str) -> None:
        if not self.reaches_registry:
            raise APIError("500", explanation="no such host")
        self.has.add(image)

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(autouse=True)
def an_engine_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in servers.EXTERNAL:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(servers, "_docker_answers", lambda: True)


def kind(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> str:
    monkeypatch.setattr(DockerClient, "from_env", lambda: engine)
    return servers._kind()


def test_an_engine_that_has_no_images_and_cannot_pull_any_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = Engine(servers.POSTGRES_IMAGE, reaches_registry=False)
    assert kind(monkeypatch, lacking) == "embedded"
    assert f"has no {servers.REDIS_IMAGE}, and cannot pull it: no such host" in capsys.readouterr().out


def test_what_can_be_pulled_is_pulled_with_what_cleans_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", False)
    engine = Engine(reaches_registry=True)
    assert kind(monkeypatch, engine) == "docker"
    named = {servers.POSTGRES_IMAGE, servers.REDIS_IMAGE, servers.KAFKA_IMAGE}
    assert engine.has == {*named, testcontainers_config.ryuk_image}


def test_images_that_are_there_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    engine = Engine(servers.POSTGRES_IMAGE, servers.REDIS_IMAGE, servers.KAFKA_IMAGE, reaches_registry=False)
    assert kind(monkeypatch, engine) == "docker"
