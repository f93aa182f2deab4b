"""The two commands as people read them."""

from pathlib import Path
from typing import Annotated

import typer

from onsale.records import DataDir, say

app = typer.Typer(rich_markup_mode="markdown")


@app.command()
def backup(
    directory: Annotated[Path, typer.Argument(help="Where to; it must not exist. Keep it on another disk.")],
    data_dir: DataDir = None,
) -> None:
    """Copy the database into a directory, while the sale goes on.

    Half of what a restore needs: the log of commands is the other half, and holds what was sold after the copy. Take
    one after every change of the catalogue (venues, layouts, shows, keys), which is not in the log.

    Exit code 0: taken. 2: it could not be, and there is none.
    """
    from onsale.backup.commands import backup as run_backup  # noqa: PLC0415 -- the rooms take a second to import

    raise typer.Exit(run_backup(data_dir, directory, say))


@app.command()
def restore(
    *,
    directory: Annotated[
        Path | None,
        typer.Argument(help="A backup of ours; none where ONSALE_POSTGRES_URL was put back by its own means."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also where something sold since then cannot be brought back.")
    ] = False,
    cluster: Annotated[
        int,
        typer.Option(
            help="Which of several clusters of Postgres was put back, as ONSALE_POSTGRES_CLUSTERS has them.", min=0
        ),
    ] = 0,
    data_dir: DataDir = None,
) -> None:
    """Put a backup back, and begin a new history.

    Nothing may run in the data directory. The database that is there is kept beside the restored one. At the next
    `onsale up` the allocators decide what the log holds beyond the backup once more, with the same outcomes; every
    reader loads anew. docs/runbook.md tells when to do this, and how with servers of yours.

    Exit code 0: done. 1: something would be lost, nothing was changed. 2: it could not be done, nothing was changed.
    """
    from onsale.backup.commands import restore as run_restore  # noqa: PLC0415 -- as above

    if directory is not None and cluster:
        raise typer.BadParameter("a backup of ours is that of the first cluster: leave --cluster away")
    raise typer.Exit(run_restore(data_dir, directory, say, force=force, cluster=cluster))
