"""Signing in on a real Postgres: two processes, the command line, and the room's own look at who is signed in."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

import staff.__main__ as staff_room
from onsale.admin import add_person, everybody, give_password, operate, shut_out, unlock
from onsale.demo_visitor import invite
from onsale.installation import Installation
from runtime.postgres import open_pool, room_url
from staff.people import TRIES_HERE_MAX
from staff.settings import Settings
from tests.conftest import Database
from ticketing.clock import SystemClock
from ticketing.staff import SESSION_COOKIE, StaffKeys
from waiting_room.operating import Act
from waiting_room.phases import Control
from waiting_room.room_table import PostgresRooms

EMAIL, BENS, PASSWORD = "ann@example.org", "ben@example.org", "correct horse battery"
SHOW = 0xAB
CATALOGUE = """
INSERT INTO catalogue_venue VALUES ('ven_1', 'Hall', 0);
INSERT INTO catalogue_layout VALUES ('lay_1', 'ven_1', 1, '', 10, '', 0);
INSERT INTO catalogue_show (show_id, part, venue_id, layout_id, name, currency, starts_at_ms, opens_at_ms, closes_at_ms,
    places, prices, policy, created_by, request_key, fingerprint, created_at_ms)
VALUES (171, 0, 'ven_1', 'lay_1', 'A First Night', 'EUR', 4102444800000, 0, 0, 10, '{}', '{}', 'key', 'k', 'f', 0);
"""


@dataclass
class Two:
    """Two processes that know of each other by Postgres alone."""

    installation: Installation
    browsers: list[httpx.AsyncClient]
    table: PostgresRooms

    async def sign_in(self, process: int, password: str, email: str = EMAIL) -> httpx.Response:
        http = self.browsers[process]
        page = await http.get("/sign-in")
        form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
        return await http.post("/sign-in", data=form | {"email": email, "password": password})

    async def signed_in(self, process: int) -> tuple[int, tuple[str, frozenset[str]] | None]:
        """What the process says, and what the room makes of the same cookie."""
        http, now_ms = self.browsers[process], SystemClock().now_ms()
        session = StaffKeys([self.installation.secret]).read_session(http.cookies.get(SESSION_COOKIE) or "", now_ms)
        known = None if session is None else await self.table.session_roles(session.session, now_ms)
        return (await http.get("/sign-in/me")).status_code, known


@pytest.fixture
async def two(anyio_backend: str, database: Database) -> AsyncIterator[Two]:
    redis, kafka = "redis://127.0.0.1:1", "127.0.0.1:1"
    given: dict[str, Any] = {"postgres_url": database.url, "secret": database.secret}
    settings = Settings(_env_file=None, redis_url=redis, kafka_bootstrap=kafka, **given)
    rooms = room_url(database.url, "onsale_waiting_room", database.secret)

    async def watch() -> None:
        """Nothing of ours to be kept alive."""

    installation = Installation(Path(), database.url, redis, kafka, database.secret, watch)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        pool = await enter(open_pool(rooms, min_size=1, max_size=1, application_name="test"))
        apps = [(await enter(staff_room.open_room(settings))).app for _ in range(2)]
        browsers = [
            await enter(httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://test"))
            for app in apps
            if app is not None
        ]
        yield Two(installation, browsers, PostgresRooms(pool))


async def test_a_person_of_the_command_line_signs_in_and_every_process_and_room_knows(two: Two) -> None:
    person = await add_person(two.installation, "Ann@Example.org", "Ann", ["operator"], PASSWORD)
    with pytest.raises(ValueError, match="is there already"):
        await add_person(two.installation, EMAIL, "Another", ["admin"], PASSWORD)
    assert [found.email for found in await everybody(two.installation)] == [EMAIL]
    assert (await two.sign_in(0, PASSWORD)).status_code == 303
    two.browsers[1].cookies = two.browsers[0].cookies
    assert await two.signed_in(0) == await two.signed_in(1) == (200, (person.person_id, frozenset({"operator"})))
    # Another password is another beginning, wherever they were signed in.
    await give_password(two.installation, EMAIL, PASSWORD[::-1])
    assert await two.signed_in(1) == (401, None)
    assert (await two.sign_in(0, PASSWORD)).status_code == 401
    assert (await two.sign_in(0, PASSWORD[::-1])).status_code == 303
    await shut_out(two.installation, EMAIL)
    assert await two.signed_in(0) == (401, None)
    with pytest.raises(ValueError, match="nobody who could"):
        await shut_out(two.installation, EMAIL)


async def test_each_demo_lets_its_operator_in_with_another_password(two: Two) -> None:
    first, second = await invite(two.installation), await invite(two.installation)
    assert (first.email, len(await everybody(two.installation))) == (second.email, 1)
    assert (await two.sign_in(0, first.password, first.email)).status_code == 401
    assert (await two.sign_in(0, second.password, second.email)).status_code == 303
    me = (await two.browsers[0].get("/sign-in/me")).json()
    assert sorted(me["roles"]) == ["admin", "operator"]


async def test_wrong_passwords_are_counted_by_all_processes_together(two: Two) -> None:
    await add_person(two.installation, EMAIL, "Ann", ["partner"], PASSWORD, partner="acme")
    tried = [(await two.sign_in(number % 2, "wrong")).status_code for number in range(TRIES_HERE_MAX)]
    assert tried == [401] * TRIES_HERE_MAX
    assert [(await two.sign_in(process, PASSWORD)).status_code for process in (0, 1)] == [429, 429]
    await add_person(two.installation, BENS, "Ben", ["operator"], PASSWORD)
    assert [(await two.sign_in(0, "wrong", BENS)).status_code for _ in range(TRIES_HERE_MAX)] == tried
    with pytest.raises(ValueError, match="nobody here"):
        await unlock(two.installation, "nobody@example.org")
    assert (await two.sign_in(0, PASSWORD)).status_code == 429
    await unlock(two.installation, EMAIL)
    entered = await two.sign_in(0, PASSWORD)
    assert (entered.status_code, entered.headers["location"]) == (303, "/partners")
    # Whoever else is locked out stays so: their guesser is not let go on.
    assert (await two.sign_in(1, PASSWORD, BENS)).status_code == 429


async def test_a_line_is_paused_from_the_machine_itself(two: Two, database: Database) -> None:
    connection = await asyncpg.connect(database.url)
    await connection.execute(CATALOGUE)
    await connection.close()

    def act(who: str) -> Act:
        return Act("pause", who, "nobody can sign in", control=Control.PAUSED)

    assert (await operate(two.installation, SHOW, act)).control is Control.PAUSED
    (row,) = await two.table.rooms(0)
    (kept,) = await two.table.acts(SHOW, 0, 9)
    assert (row.control, kept.act, kept.key_id[:4]) == (Control.PAUSED, "pause", "cli_")
    with pytest.raises(ValueError, match="no show"):
        await operate(two.installation, SHOW + 1, act)
