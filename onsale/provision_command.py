"""`onsale provision`: roles, database, migrations and topics on servers that are there, and nothing else."""

from typing import Annotated

import typer

from infra import embedded
from onsale.installation import NotProvisioned, infra_settings, open_installation, provision
from onsale.records import DataDir, say

UNAVAILABLE = 2


def provision_servers(
    *,
    replicas: Annotated[
        int,
        typer.Option(
            help="How many brokers keep each topic that is made; 3 wherever a broker may be lost.", min=1, max=9
        ),
    ] = 1,
    data_dir: DataDir = None,
) -> None:
    """Make the servers ready for the rooms: roles, database, migrations, topics, as far as they are missing.

    To be run before the rooms of a new version are started; `onsale up` does the same by itself. Needs
    ONSALE_POSTGRES_URL with a superuser; the rooms need none, only host, port and database. Running it twice, or two at
    once, is harmless. A topic that is there keeps its replicas, and gets more partitions where
    ONSALE_PARTITIONS says more. Each cluster of ONSALE_POSTGRES_CLUSTERS is made ready like the first.

    Exit code 0: everything is there. 2: it could not be made, and the reason is printed.
    """
    try:
        with open_installation(infra_settings(data_dir), say) as installation:
            provision(installation, replicas)
    except (embedded.ServersUnavailable, NotProvisioned) as error:
        say(str(error))
        raise typer.Exit(UNAVAILABLE) from None
    say("roles, database, migrations and topics are there")
