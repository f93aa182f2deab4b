"""Three brokers as one cluster: each record on all of them, two must have it before it counts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from infra.embedded.kafka import Shape, new_cluster_id
from infra.embedded.processes import free_port
from tests.faults.own_servers import OwnServer, own_kafka, running

NODES = (1, 2, 3)
IN_SYNC_LEAST = 2
ASK_TIMEOUT_S = 5.0


@dataclass
class KafkaTrio:
    """The brokers by node id."""

    brokers: dict[int, OwnServer]

    @property
    def bootstrap(self) -> str:
        """All three."""
        return ",".join(broker.server.address for broker in self.brokers.values())

    async def is_whole(self) -> bool:
        """Whether every partition is on all of its brokers, up to date."""
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                client = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
                try:
                    await client.start()
                    described = await client.describe_topics()
                finally:
                    await client.close()
        except (KafkaError, OSError, TimeoutError):
            return False
        return all(
            len(partition["isr"]) == len(NODES) and partition["leader"] in NODES
            for topic in described
            for partition in topic["partitions"]
        )


@asynccontextmanager
async def open_trio(directory: Path) -> AsyncIterator[KafkaTrio]:
    """All three running."""
    ports = {node: (free_port(), free_port()) for node in NODES}
    cluster_id = new_cluster_id()
    voters = {node: f"127.0.0.1:{controller}" for node, (_, controller) in ports.items()}
    brokers = {
        node: own_kafka(
            directory / f"kafka-{node}",
            Shape(node_id=node, cluster_id=cluster_id, voters=voters, replicas=len(NODES), in_sync_least=IN_SYNC_LEAST),
            ports=ports[node],
        )
        for node in NODES
    }
    async with running(*brokers.values()):
        yield KafkaTrio(brokers)
