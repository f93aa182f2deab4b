"""Apache Kafka as a combined KRaft node, broker and controller in one process: alone, or one of several."""

import base64
import signal
import struct
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.embedded import downloads, processes
from infra.embedded.processes import Commands

FORMAT_TIMEOUT_S = 60.0
API_VERSIONS = 18

# One command for the format and for the server. No C2 compiler flags: benches warm up and want its code.
JVM_OPTIONS = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-Djava.awt.headless=true")


@dataclass(frozen=True)
class Shape:
    """One broker alone, unless said otherwise.

    `host`: the address of the machine that it listens on. `voters`: node id -> address (`host:port`) of the controller
    of every broker of the cluster; all are given the same `cluster_id`.
    `doors`: more listeners by name, each `(port listened on, port told to clients)`: a proxy may stand between.
    """

    host: str = "127.0.0.1"
    node_id: int = 1
    cluster_id: str | None = None
    voters: Mapping[int, str] = field(default_factory=dict)
    replicas: int = 1
    in_sync_least: int = 1
    doors: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def new_cluster_id() -> str:
    """16 random bytes, as Kafka writes them."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()


class Kafka:
    """One broker. Its log directories are formatted at first use and keep their cluster id."""

    name = "kafka"

    def __init__(
        self, data_dir: Path, port: int, controller_port: int, cache_dir: Path, shape: Shape | None = None
    ) -> None:
        self.port = port
        self._shape = shape or Shape()
        self._controller_port = controller_port
        self._directory = data_dir / "kafka"
        self._log = data_dir / "log" / "kafka.log"
        self._java = [
            str(downloads.java()),
            *JVM_OPTIONS,
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp",
            f"{downloads.kafka_jars(cache_dir)}/*",
        ]

    @property
    def address(self) -> str:
        """`host:port` to bootstrap from."""
        return f"{self._shape.host}:{self.port}"

    async def prepare(self) -> None:
        """Writes server.properties and, at first use, formats the log directory."""
        self._directory.mkdir(parents=True, exist_ok=True)
        logs = self._directory / "logs"
        properties = self._directory / "server.properties"
        properties.write_text("".join(f"{key}={value}\n" for key, value in self._properties(logs).items()))
        if (logs / "meta.properties").exists():
            return
        cluster_id = self._shape.cluster_id or new_cluster_id()
        words = ("kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", f"--config={properties}")
        await processes.run_to_end(
            # A format that was killed has left directories without meta.properties: they are formatted again.
            Commands(run=[*self._java, *words, "--ignore-formatted"], stop_signal=signal.SIGTERM, stop_timeout_s=5.0),
            self._log,
            FORMAT_TIMEOUT_S,
        )

    def commands(self) -> Commands:
        """SIGTERM stops in order; on a killed keeper SIGKILL, because an orderly stop takes seconds and may hang."""
        return Commands(
            run=[*self._java, "kafka.Kafka", str(self._directory / "server.properties")],
            stop_signal=signal.SIGTERM,
            stop_timeout_s=20.0,
            directory=self._directory,
        )

    async def answers(self, pid: int) -> bool:
        """Whether an ApiVersions request is answered: the broker does so once it has joined and caught up."""
        client = b"onsale"
        body = struct.pack(">hhih", API_VERSIONS, 0, 1, len(client)) + client
        request = struct.pack(">i", len(body)) + body
        return len(await processes.ask(self.port, request, host=self._shape.host)) > 8

    def _properties(self, logs: Path) -> dict[str, object]:
        shape = self._shape
        controller = f"{shape.host}:{self._controller_port}"
        voters = shape.voters or {shape.node_id: controller}
        doors = {"PLAINTEXT": (self.port, self.port), **shape.doors}
        inner = f"CONTROLLER://{controller}"
        return {
            "process.roles": "broker,controller",
            "node.id": shape.node_id,
            "controller.quorum.voters": ",".join(f"{node}@{address}" for node, address in voters.items()),
            "listeners": ",".join([*(f"{name}://{shape.host}:{port}" for name, (port, _) in doors.items()), inner]),
            "advertised.listeners": ",".join(f"{name}://{shape.host}:{told}" for name, (_, told) in doors.items()),
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in (*doors, "CONTROLLER")),
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": logs,
            "auto.create.topics.enable": "false",
            "message.max.bytes": 8 * 1024 * 1024,
            "replica.fetch.max.bytes": 8 * 1024 * 1024,
            "default.replication.factor": shape.replicas,
            "min.insync.replicas": shape.in_sync_least,
            "offsets.topic.replication.factor": shape.replicas,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": shape.replicas,
            "transaction.state.log.min.isr": shape.in_sync_least,
            "transaction.state.log.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": shape.replicas,
            "share.coordinator.state.topic.min.isr": shape.in_sync_least,
            "group.initial.rebalance.delay.ms": 0,
            # A broker that was killed may come back only when its session has ended.
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            # Its default takes a quarter of the heap.
            "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
            "num.network.threads": 2,
            "num.io.threads": 4,
        }
