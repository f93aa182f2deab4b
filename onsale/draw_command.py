"""`onsale draw`: fetch what was published of a draw, and check it."""

import json
import shutil
import urllib.request
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from onsale import draw_check
from onsale.records import say

TIMEOUT_S = 60

app = typer.Typer(help="Check the draw of a waiting room.", no_args_is_help=True, rich_markup_mode="markdown")
LineOption = Annotated[str, typer.Option(help="Which line of the room.")]


@app.command()
def fetch(
    url: Annotated[str, typer.Argument(help="The room: https://HOST/room/shw_…")],
    to: Annotated[Path, typer.Option(help="Folder for draw.json and leaves.")] = Path(),
    line: LineOption = "general",
) -> None:
    """Write down what a room has published of its draw. Once fetched, checking needs no network."""
    room = url.rstrip("/")
    if urlsplit(room).scheme not in {"http", "https"}:
        raise typer.BadParameter("the address of a room begins with http:// or https://")
    to.mkdir(parents=True, exist_ok=True)
    for name, path in (("draw.json", "draw"), ("leaves", f"draw/leaves?line={line}")):
        try:
            # The scheme was looked at above.
            with (
                urllib.request.urlopen(f"{room}/{path}", timeout=TIMEOUT_S) as answer,  # noqa: S310
                (to / name).open("wb") as kept,
            ):
                shutil.copyfileobj(answer, kept)
        except OSError as error:
            say(f"{room}/{path}: {error}")
            raise typer.Exit(2) from None
    say(f"{to / 'draw.json'} and {to / 'leaves'}: onsale draw verify {to / 'draw.json'} {to / 'leaves'}")


@app.command()
def verify(
    published: Annotated[Path, typer.Argument(help="draw.json")],
    leaves: Annotated[Path, typer.Argument(help="leaves")],
    line: LineOption = "general",
    number: Annotated[
        int | None, typer.Option("--number", help="Print the place of this number as well.", show_default=False)
    ] = None,
) -> None:
    """Check a draw from what was published of it, offline, and reproduce every place.

    Exit code 0 when it is as it says, 1 when it is not, 2 when the files cannot be read.
    """
    try:
        told = json.loads(published.read_text())
        code = draw_check.tell(told, leaves.read_bytes(), line)
        if number is not None and code == 0:
            print(f"number {number} has place {draw_check.place(told['lines'][line], number)}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        say(f"these are not the files of a draw: {error!r}")
        raise typer.Exit(2) from None
    raise typer.Exit(code)
