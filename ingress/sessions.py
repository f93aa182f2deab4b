"""Who asks from our own pages: by the cookie of somebody who is signed in there, beside keys and passes.

Only the calls of `pages.py` are served, and none of them takes or pays for stock. What changes something
needs the session's other half in a header, which no other site can send. The session is looked up at each request, so
one that was signed out of is over at once. An admin is one; who works for a partner speaks for the key of that partner
that the request names, with the rights of that key as far as they are not an admin's, and sees what the key sees.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ingress.asgi import Request
from ingress.callers import Identity, Keys
from ingress.keys import RIGHTS_OF_PARTNERS
from ingress.operations import Operation
from ingress.pages import FOR_ADMINS, FOR_PARTNERS
from ingress.refusals import Refused
from ticketing.clock import Clock
from ticketing.intake import Caller
from ticketing.staff import ADMIN, CSRF_HEADER, PARTNER, SAFE_METHODS, SESSION_COOKIE, StaffKeys, same_csrf

KEY_HEADER = "x-onsale-key"
COOKIE_CHARS_MAX = 4_096


class Person(NamedTuple):
    """Who is signed in; `partner`: the company they work for, if they have the role partner."""

    person: str
    roles: frozenset[str]
    partner: str


class People(Protocol):
    """Where it is known who is signed in."""

    async def of_session(self, session: str, now_ms: int) -> Person | None:
        """Whose session it is, now. Raises StoreAway."""
        ...


@dataclass(frozen=True, slots=True)
class Sessions:
    """Tells from a request who is signed in."""

    people: People
    keys: Keys
    cookies: StaffKeys
    clock: Clock

    async def identify(self, request: Request, operation: Operation) -> Identity | None:
        """Who asks, where the call serves pages; None: it does not, or there is no cookie, or there are other
        credentials. Raises `Refused` (401, 403), StoreAway."""
        headers = request.headers
        if b"authorization" in headers or b"cookie" not in headers:
            return None
        if operation.name not in FOR_PARTNERS and operation.name not in FOR_ADMINS:
            return None
        cookie = _cookie(request.header("cookie") or "")
        if cookie is None:
            return None
        now_ms = self.clock.now_ms()
        session = self.cookies.read_session(cookie, now_ms)
        if session is None:
            raise Refused("token_expired", "sign in again")
        if request.method not in SAFE_METHODS and not same_csrf(request.header(CSRF_HEADER) or "", session.csrf):
            raise Refused("insufficient_scope", f"send {CSRF_HEADER} as /sign-in/me says it")
        person = await self.people.of_session(session.session, now_ms)
        if person is None:
            raise Refused("token_expired", "sign in again")
        if ADMIN in person.roles:
            return Identity(Caller(person.person, partner=True, roles=frozenset({ADMIN})), person=person.person)
        if PARTNER not in person.roles or not person.partner or operation.name in FOR_ADMINS:
            raise Refused("insufficient_scope", "this page is for others; ask an admin for the role")
        return await self._of_partner(person, request.header(KEY_HEADER), request.method, now_ms)

    async def _of_partner(self, person: Person, key_id: str | None, method: str, now_ms: int) -> Identity:
        """For the partner as a whole, or for one key of theirs. A key that was revoked can be looked back at."""
        if key_id is None:
            nothing = Caller(person.person, partner=True, roles=frozenset())
            return Identity(nothing, person=person.person, partner=person.partner)
        key = self.keys.known_by_id(key_id, now_ms) or await self.keys.look_up_by_id(key_id, now_ms)
        if key is None or key.partner != person.partner:
            # In the same words, or one could find out which keys there are.
            raise Refused("insufficient_scope", "this key is none of yours")
        if key.revoked and method not in SAFE_METHODS:
            raise Refused("insufficient_scope", "the key has been revoked; nothing is changed with it any more")
        caller = Caller(key.key_id, partner=True, roles=key.gives & RIGHTS_OF_PARTNERS)
        return Identity(caller, key=key, person=person.person, partner=person.partner)


def _cookie(header: str) -> str | None:
    """The session's cookie in a Cookie header (RFC 6265, 4.2)."""
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == SESSION_COOKIE and len(value) <= COOKIE_CHARS_MAX:
            return value
    return None
