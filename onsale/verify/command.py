"""`onsale verify`: finds the servers, reads them as a role that can only read, says what is wrong."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from infra.embedded import ServersUnavailable
from infra.settings import InfraSettings
from onsale.histories import LINE_BYTES_MAX
from onsale.installation import Installation, infra_settings, open_installation
from onsale.verify.archived import check_archive
from onsale.verify.client_history import ClientHistory
from onsale.verify.command_log import open_commands
from onsale.verify.findings import REPLAYED, STORED, TOLD, Findings
from onsale.verify.reading import Companion, Reading, ShowPruned, UnknownShow, read_and_check
from onsale.verify.replaying import Replaying
from onsale.verify.report import as_json, as_lines
from onsale.verify.told import WhatWasTold
from runtime.kafka import LogError
from runtime.postgres import FAILURES, connect, room_url
from ticketing.vocabulary import Malformed, parse_show

CLEAN, VIOLATED, COULD_NOT_RUN = 0, 1, 2


@dataclass(frozen=True)
class VerifyOptions:
    """What the command line says. With `archive` nothing else is looked at, and no server is needed."""

    data_dir: Path | None = None
    show: str | None = None
    replay: bool = False
    history: Path | None = None
    archive: Path | None = None
    as_json: bool = False


def verify(options: VerifyOptions, say: Callable[[str], None]) -> int:
    """Print the report; the exit code."""
    began_s = time.perf_counter()
    try:
        reading = _read_archive(options.archive) if options.archive else _read_servers(options, say)
    except Malformed:
        say(f"{options.show} is not the id of a show")
        return COULD_NOT_RUN
    except UnknownShow:
        say(f"there is no show {options.show}")
        return COULD_NOT_RUN
    except ShowPruned:
        say(f"the log of {options.show} was pruned: onsale verify --archive judges its archive")
        return COULD_NOT_RUN
    except LogError as error:
        say(f"topic commands cannot be read: {error}")
        return COULD_NOT_RUN
    except FileUnreadable as error:
        say(str(error))
        return COULD_NOT_RUN
    except (ServersUnavailable, *FAILURES) as error:
        say(f"Postgres cannot be read: {error}")
        return COULD_NOT_RUN
    took_s = time.perf_counter() - began_s
    if options.as_json:
        print(msgspec.json.format(msgspec.json.encode(as_json(reading, took_s)), indent=2).decode())
    else:
        print("\n".join(as_lines(reading, took_s)))
    return VIOLATED if reading.findings.total else CLEAN


class FileUnreadable(Exception):
    """A file of the command line is not there, or not readable."""


def _read_archive(file: Path) -> Reading:
    try:
        return check_archive(file)
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read: {error.strerror or error}") from None


def _read_servers(options: VerifyOptions, say: Callable[[str], None]) -> Reading:
    only_show = None if options.show is None else parse_show(options.show)
    checks = STORED + (REPLAYED if options.replay else ()) + (TOLD if options.history else ())
    findings = Findings(checks)
    history = None if options.history is None else _history(options.history, findings)
    settings = _settings(options)
    with open_installation(settings, say) as installation:
        return asyncio.run(_read(installation, findings, only_show, history, replay=options.replay))


def _settings(options: VerifyOptions) -> InfraSettings:
    """It starts nothing that it does not need where nothing runs."""
    settings = infra_settings(options.data_dir)
    unused = {"redis_url": "unused"} if options.replay else {"redis_url": "unused", "kafka_bootstrap": "unused"}
    return settings.model_copy(update=unused)


def _history(file: Path, findings: Findings) -> ClientHistory:
    history = ClientHistory(findings)
    try:
        with file.open("rb") as lines:
            number = 0
            while line := lines.readline(LINE_BYTES_MAX):
                number += 1
                history.read(number, line)
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read: {error.strerror or error}") from None
    return history


async def _read(
    installation: Installation,
    findings: Findings,
    only_show: int | None,
    history: ClientHistory | None,
    *,
    replay: bool,
) -> Reading:
    companions: list[Companion] = []
    replaying = None
    async with AsyncExitStack() as stack:
        if replay:
            prefix = os.environ.get("ONSALE_TOPIC_PREFIX", "")
            commands = await stack.enter_async_context(open_commands(installation.kafka_bootstrap, prefix))
            replaying = Replaying(commands, findings, only_show)
            companions.append(replaying)
        if history is not None:
            companions.append(WhatWasTold(history))
        reading, places = Reading(findings), installation.cluster_map
        for number, url in enumerate(places.urls):
            connection = await connect(
                room_url(url, "onsale_verify", installation.secret), application_name="onsale verify"
            )
            stack.push_async_callback(connection.close)
            await read_and_check(
                connection,
                reading,
                only_show,
                has=places.has(number),
                companions=companions,
            )
        if only_show is not None and not reading.parts:
            raise UnknownShow
        for companion in companions:
            companion.conclude()
    if replaying is not None:
        reading.replayed = replaying.replayed
    if history is not None:
        reading.operations = history.operations
    return reading
