"""`python -m onsale.console`: waiting room, sign-in and pages, where the settings of the console say."""

import sys
from functools import partial

import staff.__main__
import staff.settings
import waiting_room.__main__
import waiting_room.settings
import web.__main__
import web.settings
from onsale.console.settings import ConsoleSettings
from runtime import logs
from runtime.metrics_door import open_metrics_door
from runtime.process import run, serve_together
from runtime.settings import ServerSettings


def main() -> int:
    """Run until told to stop."""
    settings, own = ServerSettings(), ConsoleSettings()
    logs.configure(settings.log_level, settings.log_json)
    return run(_serve(settings, own))


async def _serve(settings: ServerSettings, own: ConsoleSettings) -> None:
    async with open_metrics_door(settings):
        await serve_together(
            [
                partial(waiting_room.__main__.open_room, waiting_room.settings.Settings()),
                partial(staff.__main__.open_room, staff.settings.Settings()),
                partial(web.__main__.open_room, web.settings.Settings()),
            ],
            own.console_host,
            own.console_port,
            limits=settings.http_limits(),
            stop_grace_s=settings.stop_grace_s,
        )


if __name__ == "__main__":
    sys.exit(main())
