"""`onsale prune`: removes what archives hold from the log of outcomes and from topic `commands`."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError

from infra.embedded import ServersUnavailable
from onsale.installation import Installation, infra_settings, open_installation
from onsale.verify.pruning import Archived, NotAnArchive, Pruned, prune, read_proof
from runtime.postgres import FAILURES, connect
from ticketing import topics
from ticketing.clock import SystemClock
from ticketing.messages import Undecodable

DONE, COULD_NOT_RUN = 0, 2
DAY_MS = 24 * 3600 * 1000
KEPT_FOR_MAX = 10
"""Shows of one partition that are named."""


def prune_log(data_dir: Path | None, files: Sequence[Path], days: int, say: Callable[[str], None]) -> int:
    """Remove what may go; the exit code."""
    settings = infra_settings(data_dir).model_copy(update={"redis_url": "unused"})
    try:
        archives = [read_proof(file) for file in files]
        with open_installation(settings, say) as installation:
            pruned = asyncio.run(_prune(installation, archives, days))
    except NotAnArchive as error:
        said = str(error)
    except Undecodable as error:
        said = f"the log of outcomes cannot be read, see onsale verify: {error}"
    except KafkaError as error:
        said = f"the log of outcomes is pruned, topic commands could not be: run it again ({error})"
    except (ServersUnavailable, *FAILURES) as error:
        said = f"nothing is pruned: {error}"
    else:
        for one in pruned:
            say(_in_words(one))
        return DONE
    say(said)
    return COULD_NOT_RUN


async def _prune(installation: Installation, archives: Sequence[Archived], days: int) -> list[Pruned]:
    pruned: list[Pruned] = []
    for url in installation.cluster_map.urls:
        # As the owner of the tables: no room may remove anything from the log.
        connection = await connect(url, application_name="onsale prune")
        try:
            pruned += await prune(connection, archives, SystemClock().now_ms(), kept_ms=days * DAY_MS)
        finally:
            await connection.close()
    await _prune_commands(installation.kafka_bootstrap, pruned)
    return pruned


async def _prune_commands(bootstrap: str, pruned: Sequence[Pruned]) -> None:
    """After the commit: what is gone from the table must not be all that is left of a command."""
    topic = topics.COMMANDS.full_name(os.environ.get("ONSALE_TOPIC_PREFIX", ""))
    before = {
        TopicPartition(topic, one.part): RecordsToDelete(before_offset=one.commands_before)
        for one in pruned
        if one.commands_before
    }
    if not before:
        return
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        await client.delete_records(before)
    finally:
        await client.close()


def _in_words(pruned: Pruned) -> str:
    part = f"part {pruned.part}"
    if pruned.batches:
        said = f"{part}: {pruned.batches} batches removed, up to {pruned.stand.batch_seq}; the chain goes on from "
        said += pruned.stand.chain.hex()
    else:
        said = f"{part}: nothing removed"
    more = len(pruned.kept_for) - KEPT_FOR_MAX
    kept_for = [*pruned.kept_for[:KEPT_FOR_MAX], *([f"{more} more"] if more > 0 else [])]
    return "\n    kept for ".join([said, *kept_for])
