"""The sign-in over people in memory, as a browser meets it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import httpx

from runtime.addresses import ClientAddresses
from staff.pages import read_sign_in_page
from staff.people import WINDOW_MS, Bound, Person, Tries
from staff.ports import Busy, StaffAway
from staff.routes import StaffRoutes
from staff.service import SignIn
from ticketing.clock import ManualClock
from ticketing.staff import StaffKeys

NOW_MS = 1_800_000_000_000
EMAIL, PASSWORD = "ann@example.org", "correct horse battery"
HOUR_MS = 3_600_000


@dataclass
class MemoryPeople:
    """`ports.People`."""

    away: bool = False
    people: dict[str, Person] = field(default_factory=dict)
    sessions: dict[str, tuple[str, int]] = field(default_factory=dict)
    tries: dict[bytes, Tries] = field(default_factory=dict)

    def _reach(self) -> None:
        if self.away:
            raise StaffAway("away")

    async def by_email(self, email: str) -> Person | None:
        self._reach()
        return self.people.get(email)

    async def of_session(self, session: str, now_ms: int) -> Person | None:
        self._reach()
        email, ends_at_ms = self.sessions.get(session, ("", 0))
        person = self.people.get(email)
        return person if person and not person.disabled and ends_at_ms > now_ms else None

    async def count(self, bounds: Sequence[Bound], now_ms: int) -> list[Tries]:
        self._reach()
        for bound in bounds:
            tries, since_ms = self.tries.get(bound.subject, Tries(0, now_ms))
            fresh = since_ms > now_ms - WINDOW_MS
            self.tries[bound.subject] = Tries(tries + 1, since_ms) if fresh else Tries(1, now_ms)
        return [self.tries[bound.subject] for bound in bounds]

    async def forgive(self, bounds: Sequence[Bound]) -> None:
        self._reach()
        del self.tries[bounds[0].subject]
        for bound in bounds[1:]:
            found = self.tries[bound.subject]
            self.tries[bound.subject] = found._replace(tries=max(0, found.tries - 1))

    async def begin(self, session: str, person_id: str, address: str, now_ms: int, ends_at_ms: int) -> None:
        self._reach()
        email = next(person.email for person in self.people.values() if person.person_id == person_id)
        self.sessions[session] = (email, ends_at_ms)

    async def end(self, session: str) -> None:
        self._reach()
        self.sessions.pop(session, None)

    async def set_hash(self, person_id: str, password_hash: str) -> None:
        self._reach()
        for email, person in self.people.items():
            if person.person_id == person_id:
                self.people[email] = replace(person, password_hash=password_hash)


class PlainPasswords:
    """`ports.Passwords` for people in a hurry. `asked` counts how often one was compared."""

    def __init__(self) -> None:
        self.asked = 0
        self.busy = False

    async def fits(self, password_hash: str | None, password: str) -> bool:
        if self.busy:
            raise Busy
        self.asked += 1
        return password_hash in (f"new:{password}", f"old:{password}")

    def outdated(self, password_hash: str) -> bool:
        return password_hash.startswith("old:")

    async def make(self, password: str) -> str:
        return f"new:{password}"


class Door:
    """One process, and browsers in front of it. The test itself is the proxy that is ours."""

    def __init__(self, secrets: Sequence[str] = ("a secret of the server",)) -> None:
        self.clock = ManualClock(NOW_MS)
        self.people, self.passwords, self.keys = MemoryPeople(), PlainPasswords(), StaffKeys(secrets)
        self.people.people[EMAIL] = Person("per_ann", EMAIL, "Ann", frozenset({"operator"}), f"new:{PASSWORD}")
        self._made = 0
        sign_in = SignIn(
            self.people,
            self.passwords,
            self.keys,
            clock=self.clock,
            entropy=self._entropy,
            session_ms=HOUR_MS,
        )
        routes = StaffRoutes(
            sign_in,
            self.keys,
            read_sign_in_page(),
            clock=self.clock,
            entropy=self._entropy,
            address_of=ClientAddresses(["127.0.0.1"]).of,
        )
        self._app = routes.app()

    def _entropy(self, size: int) -> bytes:
        self._made += 1
        return self._made.to_bytes(size, "big")

    def browser(self, address: str = "192.0.2.7") -> "Browser":
        return Browser(self._app, address)


class Browser:
    """With its cookies, which it also keeps over https only: so the address is one."""

    def __init__(self, app: object, address: str) -> None:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # an ASGI application
        headers = {"x-forwarded-for": address}
        self.http = httpx.AsyncClient(transport=transport, base_url="https://test", headers=headers)

    async def form(self, after: str = "") -> dict[str, str]:
        """What the form would send if nothing were filled in."""
        page = await self.http.get("/sign-in", params={"next": after} if after else None)
        return dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))

    async def sign_in(self, password: str = PASSWORD, email: str = EMAIL, after: str = "") -> httpx.Response:
        form = await self.form(after)
        return await self.http.post("/sign-in", data=form | {"email": email, "password": password})

    async def me(self) -> httpx.Response:
        return await self.http.get("/sign-in/me")
