"""`onsale backup` and `onsale restore`, as the command line calls them."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import asyncpg

from infra.embedded import ServersUnavailable, base_backup, stop
from infra.embedded.base_backup import BackupUnusable
from infra.embedded.processes import ServerFailed
from infra.settings import InfraSettings
from onsale import running
from onsale.backup.history import LosesSales, NewHistory, begin_history, take_events_again
from onsale.installation import Installation, NotProvisioned, infra_settings, open_installation, provision
from onsale.verify.command_log import CommandMissing
from runtime.kafka import LogError
from ticketing.clock import SystemClock

DONE, REFUSED, COULD_NOT_RUN = 0, 1, 2
MIB = 1024 * 1024
FOREIGN = (
    "ONSALE_POSTGRES_URL names a server of yours, whose files are not ours to copy: docs/runbook.md tells how to keep "
    "backups of it, and what follows its restore"
)


def backup(data_dir: Path | None, target: Path, say: Callable[[str], None]) -> int:
    """Copy the database while everything runs; the exit code."""
    settings = infra_settings(data_dir)
    if settings.postgres_url:
        say(FOREIGN)
        return COULD_NOT_RUN
    settings = settings.model_copy(update={"redis_url": "unused", "kafka_bootstrap": "unused"})
    target = target.absolute()
    try:
        with open_installation(settings, say) as installation:
            now_ms = SystemClock().now_ms()
            size = asyncio.run(base_backup.take(installation.postgres_url, installation.secret, target, now_ms))
    except (ServersUnavailable, ServerFailed, OSError) as error:
        say(f"there is no backup: {error}")
        return COULD_NOT_RUN
    say(f"{target}: {size / MIB:.1f} MiB. The log of commands is the other half: a restore decides what came since")
    return DONE


def restore(
    data_dir: Path | None, source: Path | None, say: Callable[[str], None], *, force: bool, cluster: int = 0
) -> int:
    """Put a backup back, or (`source` None) begin the new history of a server that was put back by other means.

    `cluster`: which of several; a backup of ours is always the first's.
    """
    settings = infra_settings(data_dir)
    if (source is None) is not bool(settings.postgres_url):
        say(FOREIGN if source else "say which backup: onsale restore DIRECTORY")
        return COULD_NOT_RUN
    try:
        if source is None:
            _begin(settings, say, force=force, cluster=cluster)
        else:
            _put_back(settings, source.absolute(), say, force=force)
    except LosesSales as error:
        say(f"{error}\nNothing was changed. With --force it is done all the same, and that is lost")
        return REFUSED
    except (
        BackupUnusable, running.AlreadyRunning, ServersUnavailable, NotProvisioned, ServerFailed, LogError,
        CommandMissing, asyncpg.PostgresError, OSError,
    ) as error:  # fmt: skip
        say(f"nothing was restored: {error}")
        return COULD_NOT_RUN
    return DONE


def _put_back(settings: InfraSettings, source: Path, say: Callable[[str], None], *, force: bool) -> None:
    data_dir = settings.data_dir.absolute()
    with running.only_one(data_dir):
        about = base_backup.unpack(source, data_dir)
        stop(data_dir)
        with base_backup.put_back(about, data_dir, SystemClock().now_ms()) as before:
            _begin(settings, say, force=force)
        if before is not None:
            say(f"what was there before is kept in {before}; remove it when you are sure")


def _begin(settings: InfraSettings, say: Callable[[str], None], *, force: bool, cluster: int = 0) -> None:
    with open_installation(settings.model_copy(update={"redis_url": "unused"}), say) as installation:
        if cluster >= len(installation.cluster_map.urls):
            raise NotProvisioned(f"ONSALE_POSTGRES_CLUSTERS names no cluster {cluster}")
        # A backup may be older than the latest migrations.
        provision(installation)
        prefix = os.environ.get("ONSALE_TOPIC_PREFIX", "")
        begun = asyncio.run(begin_history_in(installation, cluster, prefix, force=force))
    for line in begun.lost:
        say(f"lost: {line}")
    say(f"history {begun.history_id} begins; {begun.commands} commands of the log are decided once more")


async def begin_history_in(installation: Installation, cluster: int, prefix: str, *, force: bool) -> NewHistory:
    """The new history of one cluster. What partners are told of its partitions is taken again from there on.

    Raises as `begin_history`.
    """
    first, url = installation.postgres_url, installation.cluster_map.urls[cluster]
    begun = await begin_history(url, installation.kafka_bootstrap, prefix, force=force)
    if cluster:
        await take_events_again(first, url)
    return begun
