"""`onsale verify`: finds the database, reads it as a role that can only read, says what is wrong."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import msgspec

from infra.embedded import ServersUnavailable
from onsale.installation import infra_settings, open_installation
from onsale.verify.reading import Reading, UnknownShow, read_and_check
from onsale.verify.report import as_json as json_report
from onsale.verify.report import as_lines
from runtime.postgres import connect, room_url
from ticketing.vocabulary import Malformed, parse_show

CLEAN, VIOLATED, COULD_NOT_RUN = 0, 1, 2


def verify(data_dir: Path | None, show: str | None, *, as_json: bool, say: Callable[[str], None]) -> int:
    """Print the report; the exit code."""
    settings = infra_settings(data_dir)
    began_s = time.perf_counter()
    try:
        only_show = None if show is None else parse_show(show)
        # All it needs is Postgres, so it starts nothing else where nothing runs.
        settings = settings.model_copy(update={"redis_url": "unused", "kafka_bootstrap": "unused"})
        with open_installation(settings, say) as installation:
            url = room_url(installation.postgres_url, "onsale_verify", installation.secret)
            reading = asyncio.run(_read(url, only_show))
    except Malformed:
        say(f"{show} is not the id of a show")
        return COULD_NOT_RUN
    except UnknownShow:
        say(f"there is no show {show}")
        return COULD_NOT_RUN
    except (ServersUnavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        say(f"Postgres cannot be read: {error}")
        return COULD_NOT_RUN
    took_s = time.perf_counter() - began_s
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(json_report(reading, took_s)), indent=2).decode())
    else:
        print("\n".join(as_lines(reading, took_s)))
    return VIOLATED if reading.findings.total else CLEAN


async def _read(url: str, only_show: int | None) -> Reading:
    connection = await connect(url, application_name="onsale verify")
    try:
        return await read_and_check(connection, only_show)
    finally:
        await connection.close()
