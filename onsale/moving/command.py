"""`onsale move`: finds the clusters, and brings a partition where the settings say that it is."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from infra.embedded import ServersUnavailable
from onsale.installation import Installation, infra_settings, open_installation
from onsale.moving.fence import MustStay
from onsale.moving.moving import move
from runtime.postgres import FAILURES, connect

DONE, COULD_NOT_RUN = 0, 2
STATEMENT_S_MAX = 3600.0
"""A partition may have gigabytes."""


def move_partition(data_dir: Path | None, part: int, say: Callable[[str], None]) -> int:
    """Move it; the exit code."""
    unused = {"redis_url": "unused", "kafka_bootstrap": "unused"}
    try:
        with open_installation(infra_settings(data_dir).model_copy(update=unused), say) as installation:
            asyncio.run(_move(installation, part, say))
    except MustStay as error:
        say(f"partition {part} is not moved, or not to the end: {error}")
    except (ServersUnavailable, *FAILURES) as error:
        say(f"partition {part} is not moved, or not to the end; run it again once Postgres can be reached: {error!r}")
    else:
        say(f"partition {part} is in its cluster; replace the rooms, so that all of them look for it there")
        return DONE
    return COULD_NOT_RUN


async def _move(installation: Installation, part: int, say: Callable[[str], None]) -> None:
    places = installation.cluster_map
    async with AsyncExitStack() as stack:
        clusters = []
        for url in places.urls:
            # As the owner of the tables: no room may remove anything.
            connection = await connect(url, application_name="onsale move", statement_timeout_s=STATEMENT_S_MAX)
            stack.push_async_callback(connection.close)
            clusters.append(connection)
        await move(clusters, places, part, say)
