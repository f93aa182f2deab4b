"""`python -m staff`: the sign-in alone in a process."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runtime import logs
from runtime.addresses import ClientAddresses
from runtime.metered import Meter, metered
from runtime.postgres import open_pool, room_url
from runtime.process import RunningRoom, run, serve
from staff.pages import read_sign_in_page
from staff.passwords import Argon2Passwords
from staff.routes import StaffRoutes
from staff.service import SignIn
from staff.settings import Settings
from staff.store import PostgresStaff
from ticketing.clock import SystemClock
from ticketing.staff import StaffKeys

ROOM = "staff"


@asynccontextmanager
async def open_room(settings: Settings) -> AsyncIterator[RunningRoom]:
    """The room with its connections, which are closed on the way out."""
    clock, keys = SystemClock(), StaffKeys(settings.secrets)
    async with open_pool(
        room_url(settings.postgres_url, f"onsale_{ROOM}", settings.secrets[0]),
        min_size=1,
        max_size=3,
        application_name=ROOM,
        statement_timeout_s=settings.postgres_statement_timeout_s,
        lock_timeout_s=settings.postgres_lock_timeout_s,
    ) as pool:
        sign_in = SignIn(
            PostgresStaff(pool),
            Argon2Passwords(),
            keys,
            clock=clock,
            entropy=os.urandom,
            session_ms=settings.staff_session_s * 1000,
        )
        routes = StaffRoutes(
            sign_in,
            keys,
            read_sign_in_page(),
            clock=clock,
            entropy=os.urandom,
            address_of=ClientAddresses(settings.proxies).of,
        )
        yield RunningRoom(name=ROOM, app=metered(routes.app(), Meter(ROOM)), prefixes=("/sign-in", "/sign-out"))


def main() -> int:
    """Run until told to stop."""
    settings = Settings()
    logs.configure(settings.log_level, settings.log_json)
    return run(serve(ROOM, open_room, settings))


if __name__ == "__main__":
    sys.exit(main())
