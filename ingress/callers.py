"""Who asks: an API key or what it was exchanged for, a fan's pass, the token of one reservation, or the link to one
booking; all as `Authorization: Bearer`.
"""

from collections.abc import Awaitable, Mapping
from typing import Protocol

from msgspec import Struct

from ingress.asgi import Request
from ingress.caches import Lru
from ingress.keys import ApiKey
from ingress.refusals import Refused
from ingress.shows import Show
from ticketing.clock import Clock
from ticketing.intake import Caller
from ticketing.tokens import (
    API_KEY_LIVE,
    API_KEY_TEST,
    BOOKING,
    PARTNER,
    PASS,
    RESERVATION,
    PartnerToken,
    TokenError,
    TokenKeys,
)

TOKEN_CHARS_MAX = 4_096
KEY_ACCOUNTS = "key_"


class Identity(Struct, frozen=True, gc=False):
    """A caller; with a reservation token or a booking's link the one reservation that it is for (`rsv_…`), with an API
    key the key.

    The roles of a key's caller are its roles and permissions. `expires_at_ms`: of the token, where it has an end;
    `wave`: of a pass; `by_link`: came by the link in a mail. `person`: who is signed in at our pages, as an admin or
    for their `partner` (`sessions.py`).
    """

    caller: Caller
    reservation: str | None = None
    key: ApiKey | None = None
    expires_at_ms: int | None = None
    wave: int | None = None
    by_link: bool = False
    person: str = ""
    partner: str = ""

    @property
    def sandbox(self) -> bool:
        """Whether it is all for trying things out."""
        return self.key is not None and self.key.sandbox

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

    def known_by_id(self, key_id: str, now_ms: int) -> ApiKey | None: ...

    def look_up_by_id(self, key_id: str, now_ms: int) -> Awaitable[ApiKey | None]: ...


class Callers:
    """Tells from a request who asks.

    `waves`: the wave that passes of a show must be of at least, where any were taken back; `tokens_max`: how many
    verified tokens are remembered.
    """

    def __init__(
        self, *, keys: Keys, tokens: TokenKeys, clock: Clock, waves: Mapping[int, int], tokens_max: int
    ) -> None:
        self._keys = keys
        self._tokens = tokens
        self._clock = clock
        self._waves = waves
        # Reading a token's parts costs more than the rest of a request's checks: once each. Expiry is looked at anew.
        self._verified: Lru[str, Identity | PartnerToken] = Lru(tokens_max)
        # What a key was found to give -> who that is: the same until it is looked up again.
        self._identities: Lru[str, tuple[ApiKey, Identity]] = Lru(tokens_max)

    @property
    def waves(self) -> Mapping[int, int]:
        """Show -> the wave that its passes must be of at least; 0 where it has none. Changes as time goes by."""
        return self._waves

    async def identify(self, request: Request) -> Identity:
        """Who asks. Raises `Refused` (401, or 403 from a wrong address), StoreAway."""
        token = _bearer(request)
        now_ms = self._clock.now_ms()
        if _is_key(token):
            found = self._keys.known(token, now_ms) or await self._keys.look_up(token, now_ms)
            return self._of_key(token, found, request.address, now_ms)
        read = self._by_token(token, now_ms)
        if isinstance(read, Identity):
            return read
        found = self._keys.known_by_id(read.key_id, now_ms) or await self._keys.look_up_by_id(read.key_id, now_ms)
        return self._of_partner(token, read, found, request.address)

    def known(self, request: Request) -> Identity | None:
        """Who asks, where that needs no look-up. Raises `Refused` (401, or 403 from a wrong address)."""
        token = _bearer(request)
        now_ms = self._clock.now_ms()
        if _is_key(token):
            found = self._keys.known(token, now_ms)
            return None if found is None else self._of_key(token, found, request.address, now_ms)
        read = self._by_token(token, now_ms)
        if isinstance(read, Identity):
            return read
        found = self._keys.known_by_id(read.key_id, now_ms)
        return None if found is None else self._of_partner(token, read, found, request.address)

    async def exchange(self, key: str, address: str) -> Identity:
        """Whose key it is that comes in a body. Raises `Refused` (401, 403), StoreAway."""
        now_ms = self._clock.now_ms()
        return self._of_key(key, await self._keys.look_up(key, now_ms) if _is_key(key) else None, address, now_ms)

    def _by_token(self, token: str, now_ms: int) -> Identity | PartnerToken:
        identity = self._verify(token, now_ms)
        if isinstance(identity, Identity) and identity.wave is not None:
            show = identity.caller.show
            if show is not None and identity.wave < self._waves.get(show, 0):
                raise _unauthenticated("token_expired", "the pass was taken back; claim your turn again for another")
        return identity

    def _verify(self, token: str, now_ms: int) -> Identity | PartnerToken:
        known = self._verified.get(token)
        if known is not None and (known.expires_at_ms is None or now_ms < known.expires_at_ms):
            return known
        try:
            identity = self._read(token, now_ms)
        except TokenError as error:
            raise _unauthenticated(error.code, str(error)) from error
        self._verified.put(token, identity)
        return identity

    def _read(self, token: str, now_ms: int) -> Identity | PartnerToken:
        """Whose the token is. Raises `TokenError`, `Refused`."""
        purpose = self._tokens.purpose_of(token)
        if purpose == PASS:
            granted = self._tokens.read_pass(token, now_ms)
            fan = Caller(granted.entry, partner=False, roles=frozenset(), show=granted.show)
            return Identity(fan, expires_at_ms=granted.expires_at_ms, wave=granted.wave)
        if purpose == RESERVATION:
            right = self._tokens.read_reservation(token, now_ms)
            # Never a partner, whoever held it: such a token may be in a customer's hands.
            holder = Caller(right.account, partner=False, roles=frozenset(), show=right.show)
            return Identity(holder, reservation=right.reservation, expires_at_ms=right.expires_at_ms)
        if purpose == BOOKING:
            link = self._tokens.read_booking(token)
            reader = Caller(link.account, partner=False, roles=frozenset(), show=link.show)
            return Identity(reader, reservation=link.reservation, by_link=True)
        if purpose == PARTNER:
            return self._tokens.read_partner(token, now_ms)
        raise _unauthenticated("token_invalid", "a ticket is a place in line; it must be changed into a pass first")

    def _of_key(self, token: str, found: ApiKey | None, address: str, now_ms: int) -> Identity:
        if found is None or (found.ends_at_ms is not None and found.ends_at_ms <= now_ms):
            raise _unauthenticated("token_invalid", "this API key is not one of ours, or has been rotated away")
        _require_good(found, address)
        kept = self._identities.get(token)
        if kept is not None and kept[0] is found:
            return kept[1]
        identity = Identity(
            Caller(account=found.key_id, partner=True, roles=found.roles | found.permissions), key=found
        )
        self._identities.put(token, (found, identity))
        return identity

    def _of_partner(self, token: str, read: PartnerToken, found: ApiKey | None, address: str) -> Identity:
        if found is None:
            raise _unauthenticated("token_invalid", "the API key of this token is not there any more")
        _require_good(found, address)
        kept = self._identities.get(token)
        if kept is not None and kept[0] is found:
            return kept[1]
        # What the key has lost since is lost to the token, too.
        roles = frozenset(read.permissions) & found.gives
        caller = Caller(account=found.key_id, partner=True, roles=roles)
        identity = Identity(caller, key=found, expires_at_ms=read.expires_at_ms)
        self._identities.put(token, (found, identity))
        return identity


def _is_key(token: str) -> bool:
    return token.startswith((API_KEY_LIVE, API_KEY_TEST))


def _require_good(key: ApiKey, address: str) -> None:
    if key.revoked:
        raise _unauthenticated("key_revoked")
    if not key.limits.allow_address(address):
        raise Refused("insufficient_scope", "this key is not good from your address")


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


def require_sale(identity: Identity, show: Show) -> None:
    """The caller may ask for stock of this show. Raises `Refused` (403)."""
    caller = identity.caller
    if caller.partner and not caller.roles & {"booking", "admin"}:
        raise Refused("insufficient_scope", "this key may read only")
    if caller.show is not None and caller.show != show.row.show:
        raise Refused("wrong_show")
    require_within(identity, show.row.venue, show.row.show)


def require_within(identity: Identity, venue: str, show: int | None = None) -> None:
    """The caller's key is good for this venue, or this show of it. Raises `Refused` (403)."""
    if identity.key is not None and not identity.key.limits.allow(venue, show):
        raise Refused("insufficient_scope", "this key is limited to other venues or shows")


def require_unlimited(identity: Identity) -> None:
    """The caller's key is good everywhere. Raises `Refused` (403)."""
    if identity.key is not None and not identity.key.limits.none:
        raise Refused("insufficient_scope", "a key that is limited to some venues, shows or addresses may not do this")


def require_no_reservation_token(identity: Identity) -> None:
    """The caller is more than the bearer of one reservation's token. Raises `Refused` (403)."""
    if identity.reservation is not None:
        raise Refused("insufficient_scope", "a reservation token is good for its one reservation only")


def require_booking(identity: Identity, reservation: str) -> None:
    """The caller may change the booking of this reservation, if it is theirs: not with the token that came with a hold,
    and with a booking's link only where a fan has bought. Who bought of a partner turns to that partner, who has the
    money. Raises `Refused` (403)."""
    if identity.by_link and identity.reservation == reservation:
        if identity.caller.account.startswith(KEY_ACCOUNTS):
            raise Refused("insufficient_scope", "it was sold by a partner, who can change it")
        return
    require_no_reservation_token(identity)


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
