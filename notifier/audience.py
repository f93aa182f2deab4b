"""Who hears what. Values in, values out: no socket, no clock.

The public hears of places, never of people. A person hears of each of their own commands, and of everything that
happens to their own reservations whoever caused it; one outcome is told to one person once.
"""

from dataclasses import dataclass

from notifier.ports import KeyFound
from ticketing.messages import (
    AllocationReturned,
    AnyOutcome,
    BookingCancelled,
    BookingChanged,
    BookingConfirmed,
    HoldExpired,
    Outcome,
    RefundDue,
    ReservationOutcome,
)
from ticketing.tokens import API_KEY_LIVE, API_KEY_TEST, PARTNER, PASS, RESERVATION, PartnerToken, TokenError, TokenKeys
from ticketing.vocabulary import SYSTEM_ACCOUNT, Malformed, parse_reservation

REQUEST_DECIDED = "request_decided"
BOOKING_CONFIRMED = "booking_confirmed"
OWN_WORD: dict[type[Outcome], str] = {
    BookingConfirmed: BOOKING_CONFIRMED,
    BookingChanged: "booking_changed",
    BookingCancelled: "booking_cancelled",
    HoldExpired: "reservation_expired",
    RefundDue: "refund_due",
    AllocationReturned: "allocation_returned",
}
"""Outcomes that their owner hears under a name of their own; all others are `request_decided`."""

TOKEN_CHARS_MAX = 4_096
ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Right:
    """What a token lets its bearer hear. `expires_at_ms` None: until it is revoked."""

    account: str
    expires_at_ms: int | None = None
    reservation: bytes | None = None
    """With the token of one reservation: nothing else is heard."""
    key_id: str | None = None
    roles: frozenset[str] = frozenset()
    """Of the key, where it is good for the show: roles and permissions."""
    asks_max: int | None = None
    """How many requests of the key may be under way at once."""
    wave: int | None = None
    """Of a pass: operators take back all passes of earlier waves."""
    sandbox: bool = False
    """Whether labels can force what becomes of a wish (`ticketing/sandbox.py`)."""

    @property
    def admin(self) -> bool:
        """Whether the bearer hears of all bookings."""
        return ADMIN in self.roles


@dataclass(frozen=True, slots=True)
class Denied:
    """Why a token gives no right: a code of `ticketing/problems.py`."""

    code: str


@dataclass(frozen=True, slots=True)
class Telling:
    """One frame to one account; `admins`: to every admin instead."""

    kind: str
    account: str = ""
    admins: bool = False


def tellings(outcome: AnyOutcome) -> list[Telling]:
    """Whom an outcome is told to, and under which name. Answers to repeats are the HTTP caller's alone."""
    if outcome.repeat:
        return []
    told = []
    word = OWN_WORD.get(type(outcome))
    owner = ""
    if isinstance(outcome, ReservationOutcome):
        owner = outcome.reservation.account
    elif isinstance(outcome, RefundDue):
        owner = outcome.owner
    elif isinstance(outcome, AllocationReturned):
        owner = outcome.allocation
    if owner and owner != outcome.account:
        told.append(Telling(word or REQUEST_DECIDED, owner))
    if outcome.account and outcome.account != SYSTEM_ACCOUNT:
        told.append(Telling((word if owner == outcome.account else None) or REQUEST_DECIDED, outcome.account))
    if word == BOOKING_CONFIRMED:
        told.append(Telling(BOOKING_CONFIRMED, admins=True))
    return told


def may_hear(right: Right, outcome: AnyOutcome) -> bool:
    """Whether the bearer may hear an outcome that is told to their account."""
    if right.reservation is None:
        return True
    if isinstance(outcome, RefundDue):
        return outcome.reservation_id == right.reservation
    return isinstance(outcome, ReservationOutcome) and outcome.reservation.id == right.reservation


def is_api_key(token: str) -> bool:
    """Whether the token must be looked up; all others prove themselves."""
    return token.startswith((API_KEY_LIVE, API_KEY_TEST))


def right_of_token(
    token: str, show: int, keys: TokenKeys, now_ms: int, *, wave: int = 0
) -> Right | PartnerToken | Denied:
    """What a pass (of this wave at least) or a reservation token lets its bearer hear of `show`; a partner's token, for
    whose key see `right_of_key`."""
    if len(token) > TOKEN_CHARS_MAX:
        return Denied("token_invalid")
    try:
        purpose = keys.purpose_of(token)
        if purpose == PASS:
            granted = keys.read_pass(token, now_ms)
            if granted.show != show:
                return Denied("wrong_show")
            if granted.wave < wave:
                return Denied("token_expired")
            return Right(granted.entry, granted.expires_at_ms, wave=granted.wave)
        if purpose == RESERVATION:
            held = keys.read_reservation(token, now_ms)
            if held.show != show:
                return Denied("wrong_show")
            return Right(held.account, held.expires_at_ms, reservation=parse_reservation(held.reservation)[1])
        if purpose == PARTNER:
            return keys.read_partner(token, now_ms)
    except TokenError as error:
        return Denied(error.code)
    except Malformed:
        return Denied("token_invalid")
    return Denied("token_invalid")


def right_of_key(
    found: KeyFound | None, *, venue: str, show: int, address: str, now_ms: int, token: PartnerToken | None = None
) -> Right | Denied:
    """What an API key, or a token that it was exchanged for, gives in a show to who comes from `address`."""
    if found is None or (found.ends_at_ms is not None and found.ends_at_ms <= now_ms):
        return Denied("token_invalid")
    if found.revoked:
        return Denied("key_revoked")
    if not found.limits.allow_address(address):
        return Denied("insufficient_scope")
    gives = found.gives
    if token is not None:
        # What the key has lost since is lost to the token, too; who may administer may give away anything.
        asked = frozenset(token.permissions)
        gives = asked if ADMIN in gives else asked & gives
    if not found.limits.allow(venue, show):
        gives = frozenset()
    ends_at_ms = found.ends_at_ms if token is None else token.expires_at_ms
    return Right(
        found.key_id,
        ends_at_ms,
        key_id=found.key_id,
        roles=gives,
        asks_max=found.selling_at_once_max,
        sandbox=found.sandbox,
    )
