"""`python -m web`: the pages alone in a process."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runtime import logs
from runtime.metered import Meter, metered
from runtime.process import RunningRoom, run, serve
from web.app import create_app
from web.settings import Settings

ROOM = "web"


@asynccontextmanager
async def open_room(_settings: Settings) -> AsyncIterator[RunningRoom]:
    """The pages, for every path that no other room has."""
    yield RunningRoom(name=ROOM, app=metered(create_app(), Meter(ROOM)), prefixes=("/",))


def main() -> int:
    """Run until told to stop."""
    settings = Settings()
    logs.configure(settings.log_level, settings.log_json)
    return run(serve(ROOM, open_room, settings))


if __name__ == "__main__":
    sys.exit(main())
