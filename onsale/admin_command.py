"""`onsale admin`: who may sign in, and the acts of the console for when nobody can."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from infra import embedded
from onsale.installation import Installation, NotProvisioned, infra_settings, open_installation, provision
from onsale.records import DataDir, say
from ticketing.vocabulary import Malformed, parse_show

UNAVAILABLE = 2
T = TypeVar("T")

Email = Annotated[str, typer.Option(help="The address that they sign in with.")]
Reason = Annotated[str, typer.Option(help="Why; everybody can read it at /room/SHOW/log.")]
Show = Annotated[str, typer.Argument(help="The show: shw_…", show_default=False)]

app = typer.Typer(
    help="People who may sign in, and a line's brakes for when nobody can.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.command("create")
def create(
    *,
    email: Email,
    name: Annotated[str, typer.Option(help="Their name, as others see it.")],
    role: Annotated[list[str], typer.Option(help="operator, admin or partner; give it again for more than one.")],
    partner: Annotated[str, typer.Option(help="With the role partner: whose API keys they see (a-z, 0-9, -).")] = "",
    data_dir: DataDir = None,
) -> None:
    """Let somebody sign in at /sign-in. Asks for the password twice; where nobody types, reads a line.

    Uses the servers that run in the data directory, or starts them for the moment.

    Example: onsale admin create --email ann@example.org --name Ann --role admin
    """
    from onsale.admin import add_person  # noqa: PLC0415 -- the rooms take a second to import; other commands need none

    password = _password()

    person = _done(data_dir, lambda it: add_person(it, email, name, role, password, partner=partner), provisions=True)
    say(f"{person.email} may sign in at /sign-in: {', '.join(sorted(person.roles))}")


@app.command("password")
def password(*, email: Email, data_dir: DataDir = None) -> None:
    """Give somebody another password. Wherever they are signed in, they no longer are."""
    from onsale.admin import give_password  # noqa: PLC0415 -- as with create

    given = _password()
    _done(data_dir, lambda installation: give_password(installation, email, given))
    say(f"{email} has another password")


@app.command("shut-out")
def shut_out(*, email: Email, data_dir: DataDir = None) -> None:
    """Let somebody in no longer, and end what they are signed in to. `unlock` takes it back."""
    from onsale.admin import shut_out as work  # noqa: PLC0415 -- as with create

    _done(data_dir, lambda installation: work(installation, email))
    say(f"{email} is shut out")


@app.command("unlock")
def unlock(*, email: Email, data_dir: DataDir = None) -> None:
    """Let somebody in again, after too many wrong passwords or after `shut-out`: nobody else, and no address."""
    from onsale.admin import unlock as work  # noqa: PLC0415 -- as with create

    _done(data_dir, lambda installation: work(installation, email))
    say(f"{email} may sign in")


@app.command("list")
def list_people(*, data_dir: DataDir = None) -> None:
    """Who may sign in, and as what."""
    from onsale.admin import everybody  # noqa: PLC0415 -- as with create

    for person in _done(data_dir, everybody):
        out = "  (shut out)" if person.disabled else ""
        print(f"{person.email}  {person.name}  {', '.join(sorted(person.roles))}{out}")


@app.command("pause")
def pause(show: Show, *, reason: Reason, data_dir: DataDir = None) -> None:
    """Call nobody else: straight in Postgres, whatever answers. Whoever was called may go on."""
    _act(show, "pause", reason, None, data_dir)


@app.command("resume")
def resume(show: Show, *, reason: Reason, data_dir: DataDir = None) -> None:
    """Let the times of the show decide again."""
    _act(show, "resume", reason, None, data_dir)


@app.command("rate")
def rate(
    show: Show,
    people_per_min: Annotated[int, typer.Argument(help="At most so many people a minute.", min=0, max=1_000_000)],
    *,
    reason: Reason,
    data_dir: DataDir = None,
) -> None:
    """Set the ceiling."""
    _act(show, "limits", reason, people_per_min, data_dir)


def _act(show: str, name: str, reason: str, rate_per_min: int | None, data_dir: DataDir) -> None:
    from onsale.admin import operate  # noqa: PLC0415 -- as with create
    from waiting_room.acts import CONTROLS  # noqa: PLC0415 -- as with create
    from waiting_room.operating import Act  # noqa: PLC0415 -- as with create

    try:
        number = parse_show(show)
    except Malformed as error:
        raise typer.BadParameter(str(error)) from None

    def act(who: str) -> Act:
        return Act(name, who, reason, control=CONTROLS.get(name), rate_per_min=rate_per_min)

    row = _done(data_dir, lambda installation: operate(installation, number, act))
    say(f"{show}: {name} is in the books (version {row.version}); every instance reads it within a second")


def _password() -> str:
    """Twice where somebody types it, a line where a program does."""
    from staff.people import check_password  # noqa: PLC0415 -- as with create

    if sys.stdin.isatty():
        given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        given = sys.stdin.readline().rstrip("\n")
    try:
        check_password(given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return given


def _done(data_dir: DataDir, work: Callable[[Installation], Awaitable[T]], *, provisions: bool = False) -> T:
    """What `work` gives; exit code 2, with the reason, where it could not be done."""
    from onsale.admin import postgres_alone  # noqa: PLC0415 -- as with create
    from runtime.postgres import FAILURES  # noqa: PLC0415 -- as with create
    from staff.ports import StaffAway  # noqa: PLC0415 -- as with create
    from waiting_room.ports import LedgerUnavailable  # noqa: PLC0415 -- as with create

    async def run(installation: Installation) -> T:
        return await work(installation)

    settings = infra_settings(data_dir)
    try:
        with open_installation(settings if provisions else postgres_alone(settings), say) as installation:
            if provisions:
                provision(installation)
            return asyncio.run(run(installation))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except (embedded.ServersUnavailable, NotProvisioned, StaffAway, LedgerUnavailable, *FAILURES) as error:
        say(f"nothing was done: {error}")
        raise typer.Exit(UNAVAILABLE) from None
