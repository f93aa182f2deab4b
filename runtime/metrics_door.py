"""A listener for `/metrics` alone: where a scrape meets no crowd, and where only those who measure come."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import start_http_server

from runtime.settings import ServerSettings


@asynccontextmanager
async def open_metrics_door(settings: ServerSettings) -> AsyncIterator[None]:
    """While it is open a thread serves the metrics of this process; nothing where the settings ask for none.

    With `metrics_target` its address stands in that file as Prometheus reads it (`file_sd_configs`), under the name of
    the file: a process that takes over from another one takes over its name. Raises OSError: the port is taken.
    """
    if settings.metrics_port is None and not settings.metrics_target:
        yield
        return
    server, thread = start_http_server(settings.metrics_port or 0, settings.metrics_host)
    try:
        if settings.metrics_target:
            announce(Path(settings.metrics_target), settings.metrics_host, server.server_port)
        yield
    finally:
        if settings.metrics_target:
            await asyncio.to_thread(Path(settings.metrics_target).unlink, missing_ok=True)
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()


def announce(target: Path, host: str, port: int) -> None:
    """Replace what the file says, whole: Prometheus may read it at any moment."""
    reachable = socket.gethostname() if host in ("0.0.0.0", "::") else host  # noqa: S104 -- compared, not bound
    unfinished = target.with_suffix(".new")
    found = [{"targets": [f"{reachable}:{port}"], "labels": {"instance": target.stem}}]
    unfinished.write_text(json.dumps(found))
    unfinished.replace(target)
