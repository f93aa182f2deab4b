"""Signing in and out."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from staff import metrics
from staff.people import PASSWORD_CHARS_MAX, Person, bounds, normal_email, wait_ms
from staff.ports import Passwords, People
from ticketing.clock import Clock
from ticketing.staff import StaffKeys, StaffSession

log = structlog.get_logger("staff")

ID_BYTES = 24


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The cookie for it, and who it is."""

    person: Person
    session: StaffSession
    cookie: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """No such person, or not their password: it is not said which."""


@dataclass(frozen=True, slots=True)
class Locked:
    """Too many wrong passwords: the next one is looked at after `wait_ms`."""

    wait_ms: int


class SignIn:
    """`entropy(n)` gives n random bytes."""

    def __init__(
        self,
        people: People,
        passwords: Passwords,
        keys: StaffKeys,
        *,
        clock: Clock,
        entropy: Callable[[int], bytes],
        session_ms: int,
    ) -> None:
        self._people = people
        self._passwords = passwords
        self._keys = keys
        self._clock = clock
        self._entropy = entropy
        self._session_ms = session_ms

    async def sign_in(self, email: str, password: str, address: str) -> SignedIn | Wrong | Locked:
        """Raises `StaffAway`, `Busy`."""
        now_ms = self._clock.now_ms()
        try:
            email = normal_email(email)
        except ValueError:
            return Wrong()
        counted_for = bounds(email, address)
        counted = await self._people.count(counted_for, now_ms)
        wait = wait_ms(list(zip(counted_for, counted, strict=True)), now_ms)
        if wait > 0:
            metrics.SIGN_INS.labels("locked").inc()
            return Locked(wait)
        person = await self._people.by_email(email)
        known = None if person is None or person.disabled else person
        kept = None if known is None else known.password_hash
        with metrics.CHECK_SECONDS.time():
            fits = await self._passwords.fits(kept, password[: PASSWORD_CHARS_MAX + 1])
        if not fits or known is None:
            metrics.SIGN_INS.labels("wrong").inc()
            log.warning("staff.wrong_password", person=None if known is None else known.person_id, address=address)
            return Wrong()
        await self._people.forgive(counted_for)
        if self._passwords.outdated(known.password_hash):
            await self._people.set_hash(known.person_id, await self._passwords.make(password))
        session = StaffSession(self._entropy(ID_BYTES).hex(), self._entropy(ID_BYTES).hex(), now_ms + self._session_ms)
        await self._people.begin(session.session, known.person_id, address, now_ms, session.expires_at_ms)
        metrics.SIGN_INS.labels("done").inc()
        log.info("staff.signed_in", person=known.person_id, address=address)
        return SignedIn(known, session, self._keys.sign_session(session))

    async def who(self, cookie: str) -> tuple[Person, StaffSession] | None:
        """Who is signed in by a cookie; None: nobody. Raises `StaffAway`."""
        now_ms = self._clock.now_ms()
        session = self._keys.read_session(cookie, now_ms)
        if session is None:
            return None
        person = await self._people.of_session(session.session, now_ms)
        return None if person is None else (person, session)

    async def sign_out(self, session: StaffSession) -> None:
        """Raises `StaffAway`."""
        await self._people.end(session.session)
