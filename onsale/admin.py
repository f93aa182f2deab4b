"""People with a password, and the line of a show, from the machine itself: what is left when nobody can sign in."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from getpass import getuser

from infra.settings import InfraSettings
from onsale.installation import Installation
from runtime.postgres import open_pool, room_url
from staff.passwords import Argon2Passwords
from staff.people import Person, check_partner, check_password, check_roles, normal_email
from staff.store import PostgresStaff
from ticketing.clock import SystemClock
from waiting_room.operating import Act, RoomRow
from waiting_room.room_table import PostgresRooms

NOT_NEEDED = {"redis_url": "unused", "kafka_bootstrap": "unused"}
ID_BYTES = 8


def postgres_alone(settings: InfraSettings) -> InfraSettings:
    """Settings under which nothing but Postgres is started, if it does not run yet."""
    return settings.model_copy(update=NOT_NEEDED)


async def add_person(
    installation: Installation, email: str, name: str, roles: list[str], password: str, *, partner: str = ""
) -> Person:
    """Somebody who may sign in. Raises ValueError for what cannot be, `StaffAway`."""
    check_password(password)
    has = check_roles(roles)
    check_partner(partner, has)
    kept = await Argon2Passwords().make(password)
    person = Person(
        f"per_{os.urandom(ID_BYTES).hex()}", normal_email(email), name, has, kept, partner=partner
    )  # fmt: skip
    async with _staff(installation) as people:
        if not await people.add(person, SystemClock().now_ms()):
            raise ValueError(f"{person.email} is there already; `onsale admin password` gives them another password")
    return person


async def give_password(installation: Installation, email: str, password: str) -> None:
    """Another password; sessions end. Raises ValueError, `StaffAway`."""
    check_password(password)
    kept = await Argon2Passwords().make(password)
    async with _staff(installation) as people:
        if not await people.give_password(normal_email(email), kept, SystemClock().now_ms()):
            raise ValueError(f"{email} is nobody here")


async def shut_out(installation: Installation, email: str) -> None:
    """They cannot sign in any more; sessions end. Raises ValueError, `StaffAway`."""
    async with _staff(installation) as people:
        if not await people.shut_out(normal_email(email), SystemClock().now_ms()):
            raise ValueError(f"{email} is nobody who could sign in")


async def unlock(installation: Installation, email: str) -> None:
    """They may sign in, whatever was guessed. Raises ValueError, `StaffAway`."""
    async with _staff(installation) as people:
        if not await people.let_in(normal_email(email)):
            raise ValueError(f"{email} is nobody here")


async def everybody(installation: Installation) -> list[Person]:
    """By their addresses. Raises `StaffAway`."""
    async with _staff(installation) as people:
        return await people.everybody()


async def operate(installation: Installation, show: int, act: Callable[[str], Act]) -> RoomRow:
    """Do `act(who)` to the room of a show, straight in Postgres, from where every instance reads it each second.

    Raises ValueError where there is no such show, `waiting_room.ports.LedgerUnavailable`.
    """
    url = room_url(installation.postgres_url, "onsale_waiting_room", installation.secret)
    async with open_pool(url, min_size=1, max_size=1, application_name="onsale admin") as pool:
        changed = await PostgresRooms(pool).change_room(show, act(f"cli_{getuser()}"), SystemClock().now_ms())
    if changed is None:
        raise ValueError("no show has this id")
    return changed.row


@asynccontextmanager
async def _staff(installation: Installation) -> AsyncIterator[PostgresStaff]:
    url = room_url(installation.postgres_url, "onsale_staff", installation.secret)
    async with open_pool(url, min_size=1, max_size=1, application_name="onsale admin") as pool:
        yield PostgresStaff(pool)
