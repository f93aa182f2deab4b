"""The real servers of a test run: external ones, else Docker's where it can have their images, else embedded ones of
the run's own.

`ONSALE_TEST_SERVERS` says `external`, `docker` or `embedded` to have it no other way.
"""

import os
import re
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import quote

from docker.client import DockerClient
from docker.errors import APIError, ImageNotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from infra.embedded import EmbeddedServers
from infra.embedded.processes import free_port

POSTGRES_IMAGE = os.environ.get("ONSALE_TEST_POSTGRES_IMAGE", "postgres:18")
REDIS_IMAGE = os.environ.get("ONSALE_TEST_REDIS_IMAGE", "redis:8")
KAFKA_IMAGE = os.environ.get("ONSALE_TEST_KAFKA_IMAGE", "apache/kafka:4.3.1")
EXTERNAL = ("ONSALE_POSTGRES_URL", "ONSALE_REDIS_URL", "ONSALE_KAFKA_BOOTSTRAP")
DOCKER_SOCKET = "/var/run/docker.sock"
CONTAINER_START_TIMEOUT_S = 120


@dataclass(frozen=True)
class Servers:
    """Addresses as a superuser sees them, the secret that passwords derive from, and where they come from."""

    postgres_url: str
    redis_url: str
    kafka_bootstrap: str
    secret: str
    kind: str


@contextmanager
def running_servers(directory: Path) -> Iterator[Servers]:
    """The servers, for as long as the context is open; embedded ones end with the last process that uses those of
    `directory`, however it ends."""
    kind = os.environ.get("ONSALE_TEST_SERVERS") or _kind()
    if kind == "external":
        secret = os.environ.get("ONSALE_SECRET", "only-for-tests-only-for-tests")
        postgres_url, redis_url, kafka_bootstrap = (os.environ[name] for name in EXTERNAL)
        yield Servers(postgres_url, redis_url, kafka_bootstrap, secret, kind)
    elif kind == "docker":
        with _containers() as servers:
            yield servers
    else:
        with _embedded(directory) as servers:
            yield servers


def _kind() -> str:
    if all(os.environ.get(name) for name in EXTERNAL):
        return "external"
    return "docker" if _docker_answers() and _images_can_be_had() else "embedded"


def _docker_answers() -> bool:
    # By hand: the client library's failed attempt leaves an open socket behind, which is an error here.
    if os.environ.get("DOCKER_HOST"):
        return True
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
        engine.settimeout(5)
        try:
            engine.connect(DOCKER_SOCKET)
            engine.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return engine.recv(64).startswith(b"HTTP/1.")
        except OSError:
            return False


def _images_can_be_had() -> bool:
    """Whether they are there now: an engine that has none, and reaches no registry, is of no use."""
    cleaner = () if testcontainers_config.ryuk_disabled else (testcontainers_config.ryuk_image,)
    with closing(DockerClient.from_env()) as engine:
        return all(_has(engine, image) for image in (POSTGRES_IMAGE, REDIS_IMAGE, KAFKA_IMAGE, *cleaner))


def _has(engine: DockerClient, image: str) -> bool:
    with suppress(ImageNotFound):
        engine.images.get(image)
        return True
    try:
        engine.images.pull(image)
    except APIError as error:
        print(f"embedded servers are used: the Docker engine has no {image}, and cannot pull it: {error.explanation}")
        return False
    return True


@contextmanager
def run_directory() -> Iterator[Path]:
    """A directory that Postgres' own user can pass through, unlike pytest's; short enough for a socket's path."""
    with tempfile.TemporaryDirectory(prefix="onsale-test-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o711)
        yield directory


@contextmanager
def _embedded(directory: Path) -> Iterator[Servers]:
    with EmbeddedServers(directory / "servers", ephemeral=True, on_progress=print) as up:
        yield Servers(up.postgres_url, up.redis_url, up.kafka_bootstrap, up.secret, "embedded")


@contextmanager
def _containers() -> Iterator[Servers]:
    secret = secrets.token_urlsafe(24)
    password = quote(secret, safe="")
    postgres_port, redis_port, kafka_port = free_port(), free_port(), free_port()
    postgres = _container(POSTGRES_IMAGE, 5432, postgres_port).with_env("POSTGRES_PASSWORD", secret)
    postgres = postgres.with_command("postgres -c max_connections=200")
    redis = _container(REDIS_IMAGE, 6379, redis_port)
    kafka = _container(KAFKA_IMAGE, 9092, kafka_port)
    for name, value in _kafka_environment(kafka_port).items():
        kafka = kafka.with_env(name, value)
    with ExitStack() as stack:
        for container, line in (
            # It starts twice, and the first time, to make the cluster, it listens on no address.
            (postgres, "listening on IPv4 address.*ready to accept connections"),
            (redis, "Ready to accept connections"),
            (kafka, "Kafka Server started"),
        ):
            told = LogMessageWaitStrategy(re.compile(line, re.DOTALL)).with_startup_timeout(CONTAINER_START_TIMEOUT_S)
            stack.enter_context(container.waiting_for(told))
        yield Servers(
            f"postgresql://postgres:{password}@127.0.0.1:{postgres_port}/postgres",
            f"redis://127.0.0.1:{redis_port}/0",
            f"127.0.0.1:{kafka_port}",
            secret,
            "docker",
        )


def _container(image: str, inside: int, outside: int) -> DockerContainer:
    container = DockerContainer(image)
    # The loopback address only; with_bind_ports() would publish it on every one.
    cast("dict[str, tuple[str, int]]", container.ports)[f"{inside}/tcp"] = ("127.0.0.1", outside)
    return container


def _kafka_environment(port: int) -> dict[str, str]:
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://localhost:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_MESSAGE_MAX_BYTES": "8388608",
    }
