"""Who asks: an API key, a fan's pass, or the token of one reservation; all as `Authorization: Bearer`."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from ingress.asgi import Request
from ingress.caches import Lru
from ingress.keys import ApiKey
from ingress.refusals import Refused
from ticketing.clock import Clock
from ticketing.intake import Caller
from ticketing.tokens import API_KEY_LIVE, API_KEY_TEST, PASS, RESERVATION, TokenError, TokenKeys

TOKEN_CHARS_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller, and with a reservation token the one reservation that it is for (`rsv_…`)."""

    caller: Caller
    reservation: str | None = None

    @property
    def admin(self) -> bool:
        return "admin" in self.caller.roles

    def owns(self, account: str, reservation: str | None) -> bool:
        """Whether what belongs to `account` (and is, or is about, `reservation`) belongs to this caller."""
        if account != self.caller.account:
            return False
        return self.reservation is None or reservation is None or self.reservation == reservation


class Keys(Protocol):
    """Where API keys are looked up."""

    def known(self, key: str, now_ms: int) -> ApiKey | None: ...

    def look_up(self, key: str, now_ms: int) -> Awaitable[ApiKey | None]: ...


class Callers:
    """Tells from a request who asks. `tokens_max`: how many verified tokens are remembered."""

    def __init__(self, *, keys: Keys, tokens: TokenKeys, clock: Clock, tokens_max: int) -> None:
        self._keys = keys
        self._tokens = tokens
        self._clock = clock
        # Reading a token's parts costs more than the rest of a request's checks: once each. Expiry is looked at anew.
        self._verified: Lru[str, tuple[int, Identity]] = Lru(tokens_max)

    async def identify(self, request: Request) -> Identity:
        """Who asks. Raises `Refused` (401), StoreAway."""
        token = _bearer(request)
        return self._known(token) or _of_key(await self._keys.look_up(token, self._clock.now_ms()))

    def known(self, request: Request) -> Identity | None:
        """Who asks, where that needs no look-up. Raises `Refused` (401)."""
        return self._known(_bearer(request))

    def _known(self, token: str) -> Identity | None:
        if not token.startswith((API_KEY_LIVE, API_KEY_TEST)):
            return self._by_token(token)
        found = self._keys.known(token, self._clock.now_ms())
        return None if found is None else _of_key(found)

    def _by_token(self, token: str) -> Identity:
        now_ms = self._clock.now_ms()
        known = self._verified.get(token)
        if known is not None and now_ms < known[0]:
            return known[1]
        try:
            expires_at_ms, identity = self._read(token, now_ms)
        except TokenError as error:
            raise _unauthenticated(error.code, str(error)) from error
        self._verified.put(token, (expires_at_ms, identity))
        return identity

    def _read(self, token: str, now_ms: int) -> tuple[int, Identity]:
        """When the token ends (ms), and whose it is. Raises `TokenError`, `Refused`."""
        purpose = self._tokens.purpose_of(token)
        if purpose == PASS:
            granted = self._tokens.read_pass(token, now_ms)
            fan = Caller(granted.entry, partner=False, roles=frozenset(), show=granted.show)
            return granted.expires_at_ms, Identity(fan)
        if purpose == RESERVATION:
            right = self._tokens.read_reservation(token, now_ms)
            # Never a partner, whoever held it: such a token may be in a customer's hands.
            holder = Caller(right.account, partner=False, roles=frozenset(), show=right.show)
            return right.expires_at_ms, Identity(holder, reservation=right.reservation)
        raise _unauthenticated("token_invalid", "a ticket is a place in line; it must be changed into a pass first")


def _bearer(request: Request) -> str:
    raw = request.header("authorization")
    if raw is None:
        raise _unauthenticated("unauthenticated", "send Authorization: Bearer with an API key, a pass or a token")
    scheme, _, token = raw.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise _unauthenticated("unauthenticated", "the Authorization header is not of the form: Bearer TOKEN")
    if len(token) > TOKEN_CHARS_MAX:
        raise _unauthenticated("token_invalid")
    return token


def _of_key(found: ApiKey | None) -> Identity:
    if found is None:
        raise _unauthenticated("token_invalid", "this API key is not one of ours")
    if found.revoked:
        raise _unauthenticated("key_revoked")
    return Identity(Caller(account=found.key_id, partner=True, roles=found.roles))


def require_sale(identity: Identity, show: int) -> None:
    """The caller may ask for stock of this show. Raises `Refused` (403)."""
    caller = identity.caller
    if caller.partner and not caller.roles & {"booking", "admin"}:
        raise Refused("insufficient_scope", "this key may read only")
    if caller.show is not None and caller.show != show:
        raise Refused("wrong_show")


def require_no_reservation_token(identity: Identity) -> None:
    """The caller is more than the bearer of one reservation's token. Raises `Refused` (403)."""
    if identity.reservation is not None:
        raise Refused("insufficient_scope", "a reservation token is good for its one reservation only")


def require_reservation(identity: Identity, reservation: str) -> None:
    """A reservation token is for this reservation. Raises `Refused` (403)."""
    if identity.reservation is not None and identity.reservation != reservation:
        raise Refused("not_yours", "the token is for another reservation")


def require_admin(identity: Identity) -> None:
    """The caller is an admin. Raises `Refused` (403)."""
    if not identity.admin:
        raise Refused("insufficient_scope", "this call needs a key with the role admin")


def _unauthenticated(code: str, detail: str = "") -> Refused:
    error = ' error="invalid_token"' if code != "unauthenticated" else ""
    return Refused(code, detail, headers=[("www-authenticate", f'Bearer realm="onsale"{"," if error else ""}{error}')])
