"""`onsale fairness`: after a sale, what can be said of how fair it was."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.embedded import ServersUnavailable
from onsale.fairness.judging import Sale, report
from onsale.fairness.page import as_lines, page
from onsale.fairness.reading import read
from onsale.installation import infra_settings, open_installation
from onsale.records import DataDir, say
from runtime.postgres import FAILURES, connect, room_url
from ticketing.vocabulary import Malformed, parse_show

FAIR, INVERTED, COULD_NOT_RUN = 0, 1, 2


def fairness(
    show: Annotated[str, typer.Argument(help="The show: shw_…")],
    *,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report there as JSON.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report there as a page.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Say how fair a sale was: who came before whom, how long people waited, who was refused and why.

    Reads what the waiting room has kept, one snapshot, as a role that can only read; nobody is named in it.

    Exit code 0: nobody was let in before their place was called. 1: somebody was. 2: it could not run.
    """
    try:
        sale = _read(show, data_dir)
    except Malformed:
        say(f"{show} is not the id of a show")
        raise typer.Exit(COULD_NOT_RUN) from None
    except (ServersUnavailable, *FAILURES) as error:
        say(f"Postgres cannot be read: {error}")
        raise typer.Exit(COULD_NOT_RUN) from None
    if sale is None:
        say(f"there is no show {show}")
        raise typer.Exit(COULD_NOT_RUN)
    raise typer.Exit(tell(sale, json_file, html))


def tell(sale: Sale, json_file: Path | None, html: Path | None) -> int:
    """Print and write the report; the exit code."""
    told: dict[str, Any] = report(sale)
    print("\n".join(as_lines(told)))
    if json_file is not None:
        json_file.write_text(json.dumps(told))
        say(f"the report: {json_file}")
    if html is not None:
        html.write_text(page(told))
        say(f"the page: {html}")
    return INVERTED if told["inversions"] else FAIR


def _read(show: str, data_dir: Path | None) -> Sale | None:
    """Raises `Malformed`, and what Postgres does."""
    number = parse_show(show)
    unused = {"redis_url": "unused", "kafka_bootstrap": "unused"}
    with open_installation(infra_settings(data_dir).model_copy(update=unused), say) as installation:
        url = room_url(installation.postgres_url, "onsale_verify", installation.secret)
        return asyncio.run(_ask(url, number))


async def _ask(url: str, show: int) -> Sale | None:
    connection = await connect(url, application_name="onsale fairness")
    try:
        return await read(connection, show)
    finally:
        await connection.close()
