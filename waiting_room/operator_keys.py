"""Who may operate a room: the holders of API keys with the role, and whoever is signed in to the pages with it."""

from starlette.requests import Request

from ticketing.clock import Clock
from ticketing.staff import ADMIN, CSRF_HEADER, OPERATOR, SAFE_METHODS, SESSION_COOKIE, StaffKeys, same_csrf
from ticketing.tokens import api_key_hash
from waiting_room.answers import Refused
from waiting_room.operating import RoomTable

ROLES = frozenset({OPERATOR, ADMIN})


class Operators:
    """Asks the table at each request: an act is rare, and a key or session that has ended must not do one more."""

    def __init__(self, table: RoomTable, keys: StaffKeys, clock: Clock) -> None:
        self._table = table
        self._keys = keys
        self._clock = clock

    async def of(self, request: Request) -> str:
        """The id of the caller's key, or of who is signed in. Raises `Refused`, `LedgerUnavailable`."""
        if "authorization" not in request.headers and SESSION_COOKIE in request.cookies:
            found = await self._by_session(request)
        else:
            found = await self._by_key(request)
        who, roles = found
        if not roles & ROLES:
            raise Refused("insufficient_scope", "this needs the role operator or admin")
        return who

    async def _by_key(self, request: Request) -> tuple[str, frozenset[str]]:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise Refused("unauthenticated", "send Authorization: Bearer and an API key with the role operator")
        found = await self._table.key_roles(api_key_hash(key.strip()))
        if found is None:
            raise Refused("token_invalid", "no such API key, or it has been revoked")
        return found

    async def _by_session(self, request: Request) -> tuple[str, frozenset[str]]:
        now_ms = self._clock.now_ms()
        session = self._keys.read_session(request.cookies[SESSION_COOKIE], now_ms)
        if session is None:
            raise Refused("token_expired", "sign in again")
        # The browser sends the cookie whoever made it ask; the other half is read by our own pages only.
        given = request.headers.get(CSRF_HEADER, "")
        if request.method not in SAFE_METHODS and not same_csrf(given, session.csrf):
            raise Refused("insufficient_scope", f"send {CSRF_HEADER} as /sign-in/me says it")
        found = await self._table.session_roles(session.session, now_ms)
        if found is None:
            raise Refused("token_expired", "sign in again")
        return found
