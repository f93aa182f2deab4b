"""The command `onsale`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra import doctor as machine
from infra import embedded
from onsale import records, running
from onsale.admin_command import app as admin_commands
from onsale.backup.cli import app as backup_commands
from onsale.draw_command import app as draw_commands
from onsale.fairness.command import fairness
from onsale.installation import NotProvisioned, infra_settings, open_installation, provision
from onsale.listen import listen_command
from onsale.provision_command import provision_servers
from onsale.records import DataDir, say
from onsale.server_process import UpFailed
from onsale.simulate_command import simulate
from onsale_client import OnsaleError

UNAVAILABLE = 2
"""Exit code of a command that could not do its work; 1 says that it did, and that something is wrong."""
HOLD_S_BY_HAND, TIMEOUT_S_BY_HAND = 60, 300
"""Of a demo in which a person buys: time to read and to type, for them and for the fans who forget what they hold."""

app = typer.Typer(
    help="A flash sale on one machine: bring it up, try it with a crowd, prove what happened.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
keys_app = typer.Typer(
    help="API keys for partners, admins and operators.", no_args_is_help=True, rich_markup_mode="markdown"
)
app.add_typer(keys_app, name="keys")
app.add_typer(admin_commands, name="admin")
app.add_typer(records.app)
app.add_typer(backup_commands)
app.add_typer(draw_commands, name="draw")
app.command()(simulate)
app.command()(fairness)
app.command("listen")(listen_command)
app.command("provision")(provision_servers)


@app.command()
def up(
    *,
    data_dir: DataDir = None,
    port: Annotated[int, typer.Option(help="Port of 127.0.0.1 to listen on; 0 takes a free one.", min=0)] = 8400,
    allocators: Annotated[int, typer.Option(help="How many allocators share the partitions.", min=1, max=12)] = 1,
    ingress: Annotated[
        int, typer.Option(help="How many processes answer; the kernel shares connections among them.", min=1, max=16)
    ] = 1,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error; the logs are in DATA_DIR/log.")] = (
        "warning"
    ),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON line once everything answers, for programs.")
    ] = False,
) -> None:
    """Run everything: servers, rooms, pages. Ctrl-C ends it.

    Postgres, Redis and Apache Kafka are started under the data directory, unless ONSALE_POSTGRES_URL, ONSALE_REDIS_URL
    or ONSALE_KAFKA_BOOTSTRAP name servers of yours. Tables and topics are made as far as they are missing. Waiting
    room, API, sockets and pages answer on one port. Allocator and expiry worker are processes of their own, as are
    those that answer beside the first one (--ingress 2); all of them are started again when they die. Whatever way
    this command ends, nothing it started is left running.

    Prints the addresses, an admin key, a sandbox key, a show that is on sale and a curl line that holds two places.
    """
    from onsale.greeting import greet  # noqa: PLC0415 -- the rooms take a second to import; other commands need none
    from onsale.up import UpOptions  # noqa: PLC0415 -- as above
    from onsale.up import up as run_up  # noqa: PLC0415 -- as above

    options = UpOptions(
        data_dir=data_dir,
        port=port,
        allocators=allocators,
        ingress=ingress,
        log_level=log_level,
        tell_of_deaths=not as_json,
    )
    try:
        code = run_up(options, say, lambda done: greet(done, as_json=as_json))
    except (running.AlreadyRunning, embedded.ServersUnavailable, NotProvisioned) as error:
        say(str(error))
        raise typer.Exit(UNAVAILABLE) from None
    raise typer.Exit(code)


@app.command()
def stop(data_dir: DataDir = None) -> None:
    """End what runs in a data directory: rooms first, then the servers.

    Waits until everything has ended. Nothing running is no error.
    """
    directory = infra_settings(data_dir).data_dir.absolute()
    try:
        ended = running.stop(directory)
    except TimeoutError as error:
        say(str(error))
        raise typer.Exit(1) from None
    ended = embedded.stop(directory) or ended
    say(f"stopped what ran in {directory}" if ended else f"nothing runs in {directory}")


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Ask whether this machine can run onsale, and what a first start will fetch.

    Every "no" says what to do. Exit code 0 when all is well, 1 otherwise. Changes nothing.
    """
    console = Console()
    checks = machine.run(infra_settings(data_dir))
    for check in checks:
        mark = "[green]ok[/green]  " if check.ok else "[red]FAIL[/red]"
        console.print(f"{mark}  {check.name}: {check.detail}", highlight=False, soft_wrap=True)
        if check.remedy:
            console.print(f"      -> {check.remedy}", highlight=False, soft_wrap=True, style="bold")
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


@keys_app.command("create")
def create_key(
    *,
    name: Annotated[str, typer.Option(help="Whose key it is; shown beside it in lists.")],
    role: Annotated[list[str], typer.Option(help="read, booking, admin or operator; give it again for more than one.")],
    sandbox: Annotated[bool, typer.Option(help="A key for trying things (osk_test_…).")] = False,
    per_minute: Annotated[int, typer.Option(help="Requests that it may send in a minute.", min=1)] = 100,
    at_once: Annotated[int, typer.Option(help="Commands that it may have under way at once.", min=1)] = 20,
    data_dir: DataDir = None,
) -> None:
    """Make an API key and print it. It is shown this once: only a hash of it is kept.

    Uses the servers that run in the data directory, or starts them for the moment.

    Example: onsale keys create --name "Box office" --role booking --role read
    """
    from ingress.keys import Allowance  # noqa: PLC0415 -- as below
    from onsale.keys import make_key  # noqa: PLC0415 -- the API's own code, which other commands need not import

    try:
        with open_installation(infra_settings(data_dir), say) as installation:
            provision(installation)
            made = make_key(installation, name, role, Allowance(per_minute, at_once), sandbox=sandbox)
            key_id, key = asyncio.run(made)
    except (embedded.ServersUnavailable, NotProvisioned) as error:
        say(str(error))
        raise typer.Exit(UNAVAILABLE) from None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    say(f"{key_id}: {', '.join(sorted(role))}")
    print(key)


@keys_app.command("gate")
def gate_keys(data_dir: DataDir = None) -> None:
    """Print the keys by which a gate on another site (`onsale_gate`) knows passes; the first one signs them now.

    Whoever has one can make passes of this installation: guard it as you guard a password.
    """
    from runtime.settings import each_secret  # noqa: PLC0415 -- as with up
    from ticketing.tokens import PASS, derive_key  # noqa: PLC0415 -- as with up

    try:
        with open_installation(infra_settings(data_dir), say) as installation:
            for secret in each_secret(installation.secret):
                print(derive_key(secret, PASS).hex())
    except (embedded.ServersUnavailable, NotProvisioned) as error:
        say(str(error))
        raise typer.Exit(UNAVAILABLE) from None


@app.command()
def demo(
    *,
    fans: Annotated[int, typer.Option(help="How many simulated fans come.", min=1, max=100_000)] = 2000,
    seats: Annotated[int, typer.Option(help="Places for sale, a tenth of them standing.", min=20, max=200_000)] = 500,
    seed: Annotated[int, typer.Option(help="The same seed sends the same crowd.")] = 1,
    once: Annotated[bool, typer.Option("--once", help="End after the report instead of serving on.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the report to this file as well.", show_default=False)
    ] = None,
    history_file: Annotated[
        Path | None,
        typer.Option("--history", help="Write down what each fan was told, and verify it too.", show_default=False),
    ] = None,
    port: Annotated[int, typer.Option(help="Port of 127.0.0.1 to listen on; 0 takes a free one.", min=0)] = 0,
    hold_s: Annotated[
        int, typer.Option(help="Seconds that a hold lasts: short, so that expiry is seen.", min=3, max=600)
    ] = 6,
    kill_allocator: Annotated[
        int, typer.Option(help="Kill the allocator by signal 9 so many times on the way.", min=0, max=20)
    ] = 0,
    timeout_s: Annotated[int, typer.Option(help="Give up on selling out after so many seconds.", min=10)] = 80,
    at: Annotated[
        str,
        typer.Option(
            help="Send the crowd to what answers there (http://HOST:PORT) instead of starting anything; the "
            "environment names its servers.",
            show_default=False,
        ),
    ] = "",
    with_me: Annotated[
        bool,
        typer.Option("--with-me", help="Wait until you have joined the line in a browser; holds last a minute then."),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """A flash sale with simulated fans, on everything that `up` runs.

    Makes a venue and a show and sends a crowd through the public doors only: they join the waiting room, wait, claim
    their turn, look, hold, lose and try again, pay, forget, walk away, reload the page, repeat a request whose answer
    got lost. Shows it live, then reports what was sold, refused, expired and resold, how fast, how long the sale stood
    still, and the verdict of `onsale verify`.

    A pause is the longest time that any one command waited for its verdict, first sending to verdict, as a fan or a
    probe (ten a second, to the show's own partition) saw it.

    Prints where the shows, the line, the console and the portal are, and whom to sign in as: a person of the demo's
    own, with another password each time. To buy among the crowd, use --with-me: it comes once you are in line.

    Exit code 0 when every place was sold and nothing is wrong; 1 otherwise, with the reasons; 2 if it could not run.

    Example: onsale demo --once --fans 2000 --seats 500 --kill-allocator 2 --json out.json
    """
    from onsale.crowd.http import Unreachable  # noqa: PLC0415 -- as with up
    from onsale.crowd.prober import ProbeFailed  # noqa: PLC0415 -- as with up
    from onsale.demo import DemoOptions  # noqa: PLC0415 -- as with up
    from onsale.demo import demo as run_demo  # noqa: PLC0415 -- as with up
    from onsale.elsewhere import NoAddress  # noqa: PLC0415 -- as with up

    if at and kill_allocator:
        raise typer.BadParameter("--kill-allocator kills what the demo has started; with --at it starts nothing")
    options = DemoOptions(
        fans=fans,
        seats=seats,
        seed=seed,
        once=once,
        port=port,
        hold_s=max(hold_s, HOLD_S_BY_HAND) if with_me else hold_s,
        timeout_s=max(timeout_s, TIMEOUT_S_BY_HAND) if with_me else timeout_s,
        kill_allocator=kill_allocator,
        json_file=json_file,
        history_file=history_file,
        data_dir=data_dir,
        at=at,
        with_me=with_me,
    )
    try:
        code = asyncio.run(run_demo(options))
    except (OnsaleError, UpFailed, embedded.ServersUnavailable, NoAddress) as error:
        say(str(error) or "onsale up did not come up")
        code = UNAVAILABLE
    except (ProbeFailed, Unreachable) as error:
        say(f"the demo could not go on: {error}")
        code = UNAVAILABLE
    except KeyboardInterrupt:
        code = 130
    raise typer.Exit(code)


def main() -> None:
    """Entry of the command `onsale`."""
    app(prog_name="onsale")
