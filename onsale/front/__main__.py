"""`python -m onsale.front`: one more process that answers, on the port that the settings name."""

import sys

from onsale.front.rooms import front_rooms
from onsale.open_files import raise_open_files
from runtime import logs
from runtime.metrics_door import open_metrics_door
from runtime.process import run, serve_together
from runtime.settings import ServerSettings


def main() -> int:
    """Run until told to stop."""
    raise_open_files()
    settings = ServerSettings()
    logs.configure(settings.log_level, settings.log_json)
    return run(_serve(settings))


async def _serve(settings: ServerSettings) -> None:
    async with open_metrics_door(settings):
        await serve_together(
            front_rooms(),
            settings.host,
            settings.port,
            port_shared=settings.port_shared,
            limits=settings.http_limits(),
            stop_grace_s=settings.stop_grace_s,
        )


if __name__ == "__main__":
    sys.exit(main())
