"""The commands about what happened: prove it, keep it, show it to others, forget whom it happened to."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(rich_markup_mode="markdown")

DataDir = Annotated[
    Path | None,
    typer.Option(
        help="Where the embedded servers keep their data, with the secret and the logs. Default: ONSALE_DATA_DIR, "
        "else .onsale in the current directory.",
        show_default=False,
    ),
]


def say(text: str) -> None:
    """A line for whoever sits at the terminal, apart from what a command prints."""
    Console(stderr=True).print(text, highlight=False)


@app.command()
def verify(
    *,
    show: Annotated[str | None, typer.Option(help="Judge this show alone (shw_…).", show_default=False)] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Decide the commands in the log once more as well, and compare.")
    ] = False,
    history: Annotated[
        Path | None,
        typer.Option(
            help="Check what clients were told as well: JSON lines, see docs/histories.md.", show_default=False
        ),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(help="Check this archive of a show instead; needs no server.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Prove from Postgres alone that what happened may happen.

    Rebuilds every seat, area, reservation, payment and show from the log of outcomes, judges every step, and compares
    where that ends with what the tables hold. It runs beside a sale that goes on: it reads one snapshot, as a role
    that can only read.

    With --replay it also reads topic commands from the beginning, decides every command again and compares outcome by
    outcome; it says which offsets that covers, and why not the others.

    Exit code 0: no violation. 1: violations, each named. 2: it could not run.
    """
    from onsale.verify.command import VerifyOptions  # noqa: PLC0415 -- imports the allocator, which others need not
    from onsale.verify.command import verify as run_verify  # noqa: PLC0415 -- as above

    if history is not None and show is not None:
        raise typer.BadParameter("--history is checked against all shows: leave --show away")
    if archive is not None and (history is not None or show is not None or replay):
        raise typer.BadParameter("--archive stands alone: a file has one show, and its commands are always replayed")
    options = VerifyOptions(
        data_dir=data_dir, show=show, replay=replay, history=history, archive=archive, as_json=as_json
    )
    raise typer.Exit(run_verify(options, say))


@app.command()
def archive(
    file: Annotated[Path, typer.Argument(help="Where to; it must not exist. By custom it ends in .jsonl.gz.")],
    show: Annotated[str, typer.Option(help="The show (shw_…); it must be closed.")],
    data_dir: DataDir = None,
) -> None:
    """Keep a closed show in one file: its commands, its log of outcomes and its rows.

    `onsale verify --archive FILE` checks it without any server; docs/archive.md tells what stands in it.

    Exit code 0: written. 2: it could not be, and there is no file.
    """
    from onsale.verify.archive_command import archive as run_archive  # noqa: PLC0415 -- as with verify

    raise typer.Exit(run_archive(data_dir, show, file, say))


@app.command()
def export(
    archive: Annotated[Path, typer.Argument(help="The archive of the show, from `onsale archive`.")],
    file: Annotated[Path, typer.Argument(help="Where to; it must not exist. By custom it ends in .jsonl.")],
    *,
    history: Annotated[
        Path | None,
        typer.Option(help="What clients were told, JSON lines: its lines of this show go along.", show_default=False),
    ] = None,
) -> None:
    """Write an archive out as plain JSON lines, for whoever wants to check the sale with means of their own.

    Commands, outcomes and what clients were told, decoded, of this show alone; needs no server. docs/histories.md tells
    what stands in it, with a checker of forty lines.

    Exit code 0: written. 2: it could not be, and there is no file.
    """
    from onsale.verify.export_command import export as run_export  # noqa: PLC0415 -- as with verify

    raise typer.Exit(run_export(archive, file, history, say))


@app.command()
def prune(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Archives of shows that are over, made with onsale archive.", show_default=False),
    ] = None,
    days: Annotated[int, typer.Option(help="How long a show must have been closed, and begun.", min=0)] = 30,
    data_dir: DataDir = None,
) -> None:
    """Remove from the logs what archives keep: outcomes, dead letters, and commands.

    Only the beginning of a partition's log can go, up to the first batch of a show that must stay; it says which those
    are, and why. Each archive is judged before, as by `onsale verify --archive`, and must end with the table's own
    chain. Rows of shows, reservations and payments stay. What is left is judged by `onsale verify` as before.

    Exit code 0: removed, or nothing could be. 2: it could not run.
    """
    from onsale.verify.prune_command import prune_log  # noqa: PLC0415 -- as with verify

    raise typer.Exit(prune_log(data_dir, files or [], days, say))


@app.command()
def move(
    partition: Annotated[int, typer.Argument(help="Whose shows are all over.", min=0)],
    data_dir: DataDir = None,
) -> None:
    """Bring a partition whose shows are over into the cluster of Postgres where the settings say that it is.

    Change ONSALE_POSTGRES_CLUSTERS, run this, then replace the rooms. It judges the partition as `onsale verify` does,
    takes it from its allocator, copies it, judges the copy, compares the two, and removes it where it was; from then on
    an allocator with the new settings decides it. What comes meanwhile waits in the log. Whatever cuts it off, the same
    command goes on from there.

    Exit code 0: it is there. 2: it is not, or not yet, and the reason is printed.
    """
    from onsale.moving.command import move_partition  # noqa: PLC0415 -- as with verify

    raise typer.Exit(move_partition(data_dir, partition, say))


@app.command()
def erase(
    booking: Annotated[
        list[str] | None, typer.Option(help="Of this booking (bkg_…); give it again for more.", show_default=False)
    ] = None,
    email: Annotated[
        str | None, typer.Option(help="Of every booking with this address, capitals or not.", show_default=False)
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Erase contact data: name, address, phone, notes and requests.

    The booking stays, and `onsale verify` proves it as before: no contact data was ever on the log or in the ledger.
    A backup that was made earlier still has the data: erase again after a restore.

    Exit code 0: erased, or nothing was there. 2: it could not be.
    """
    from onsale.erase import EraseOptions  # noqa: PLC0415 -- the API's own code, as with keys
    from onsale.erase import erase as run_erase  # noqa: PLC0415 -- as above

    if not booking and email is None:
        raise typer.BadParameter("say whom: --booking or --email")
    raise typer.Exit(run_erase(EraseOptions(data_dir, tuple(booking or ()), email), say))
