"""`onsale archive`: keeps a closed show in one file."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from infra.embedded import ServersUnavailable
from onsale.installation import Installation, infra_settings, open_installation
from onsale.verify.archive_file import new_archive
from onsale.verify.archiving import StillOpen, archive_show
from onsale.verify.command_log import CommandMissing, open_commands
from onsale.verify.reading import ShowPruned, UnknownShow
from runtime.kafka import LogError
from runtime.postgres import FAILURES, connect, room_url
from ticketing.clock import SystemClock
from ticketing.messages import Undecodable
from ticketing.vocabulary import Malformed, parse_show

DONE, COULD_NOT_RUN = 0, 2


def archive(data_dir: Path | None, show: str, file: Path, say: Callable[[str], None]) -> int:
    """Write the file; the exit code."""
    settings = infra_settings(data_dir).model_copy(update={"redis_url": "unused"})
    try:
        number = parse_show(show)
        with open_installation(settings, say) as installation:
            said = asyncio.run(_archive(installation, number, file))
    except Malformed:
        said = f"{show} is not the id of a show"
    except UnknownShow:
        said = f"there is no show {show}, or it was never opened"
    except ShowPruned:
        said = f"the log of {show} was pruned: the archive that was made before is the one there is"
    except StillOpen:
        said = f"{show} is still on sale: close it first"
    except (CommandMissing, LogError) as error:
        said = f"topic commands cannot be read: {error}"
    except Undecodable as error:
        said = f"the log of outcomes cannot be read, see onsale verify: {error}"
    except (ServersUnavailable, *FAILURES) as error:
        said = f"Postgres cannot be read: {error}"
    except OSError as error:
        said = f"{error.filename or file} cannot be written: {error.strerror or error}"
    else:
        say(said)
        return DONE
    say(said)
    return COULD_NOT_RUN


async def _archive(installation: Installation, show: int, file: Path) -> str:
    """What was written, in words."""
    async with AsyncExitStack() as stack:
        prefix = os.environ.get("ONSALE_TOPIC_PREFIX", "")
        commands = await stack.enter_async_context(open_commands(installation.kafka_bootstrap, prefix))
        writer = stack.enter_context(new_archive(file))
        for url in installation.cluster_map.urls:
            connection = await connect(
                room_url(url, "onsale_verify", installation.secret), application_name="onsale archive"
            )
            stack.push_async_callback(connection.close)
            with suppress(UnknownShow):  # then it is in another cluster, if it is anywhere
                stretch = await archive_show(connection, commands, show, writer, SystemClock().now_ms())
                break
        else:
            raise UnknownShow
    last = stretch.last
    ends = f"; the chain ends in {last.chain.hex()} at part {last.part} batch {last.batch_seq}" if last else ""
    return f"{file}: {writer.lines} lines{ends}"
