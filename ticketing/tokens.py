"""What we sign: tickets (a place in line), passes (the right to buy now), reservation tokens (the right to finish),
partner tokens (what an API key was exchanged for), booking links (the way back to a booking, by mail).

JWS HS256 (`ticketing/jws.py`), one derived key per purpose, `kid` naming the secret it came from: to rotate, put the
new secret first and keep the old one until its tokens have run out. Also the format of API keys, which are looked up
by hash.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from msgspec import Struct

from ticketing.jws import Signer, Verifier

PASS_LIFE_S = 20 * 60
PARTNER_TOKEN_LIFE_S = 3_600
VERIFIED_KEPT = 64
"""Enough for one who asks first what a token is for, and reads it then."""

TICKET = "onsale-ticket"
PASS = "onsale-pass"  # noqa: S105 -- the name of a purpose
RESERVATION = "onsale-reservation"
PARTNER = "onsale-partner"
BOOKING = "onsale-booking"
PURPOSES = (TICKET, PASS, RESERVATION, PARTNER, BOOKING)


class TokenError(Exception):
    """The token gives no rights; `code` is the problem's."""

    code = "token_invalid"


class TokenInvalid(TokenError):
    """Forged, damaged, of another purpose, or signed with a secret that is no longer ours."""


class TokenExpired(TokenError):
    """It was ours, and its time is over."""

    code = "token_expired"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in line. `n` counts joins of one line from 1; `secret_hash` is of a secret that only the fan has."""

    show: int
    line: str
    n: int
    entry: str
    issued_at_ms: int
    secret_hash: str


class Pass(Struct, frozen=True, gc=False):
    """The right to hold and confirm in one show until `expires_at_ms`; subject is the entry, so limits are shared."""

    show: int
    entry: str
    wave: int
    expires_at_ms: int


class ReservationToken(
    Struct, frozen=True, gc=False, rename={"reservation": "rsv", "account": "sub", "expires_at_ms": "exp_ms"}
):
    """The right to finish one reservation, whatever became of the pass or the key it was made with."""

    show: int
    reservation: str
    account: str
    expires_at_ms: int


class PartnerToken(Struct, frozen=True, gc=False, rename={"key_id": "sub", "expires_at_ms": "exp_ms"}):
    """Some of what an API key may do, for a while. The key is named, not contained: revoking it ends its tokens."""

    key_id: str
    permissions: tuple[str, ...]
    expires_at_ms: int


class BookingLink(Struct, frozen=True, gc=False, rename={"reservation": "rsv", "account": "sub"}):
    """The way back to one booking (`reservation`: as a reservation's id), for whoever reads the mail.

    It has no end, as the booking has none: it lives as long as the secret that signed it is among ours.
    """

    show: int
    reservation: str
    account: str


def derive_key(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose: HKDF-SHA256 (RFC 5869), one block, without salt."""
    extracted = hmac.digest(bytes(32), secret.encode(), "sha256")
    return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")


class TokenKeys:
    """Signs with the first secret, verifies with any of them.

    `verified_max`: how many tokens are known again by their letters, about 1 kB each. Many only where the same are read
    again and again, and nobody keeps what was read of them.
    """

    def __init__(self, secrets: Sequence[str], *, verified_max: int = VERIFIED_KEPT) -> None:
        if not secrets or not all(secrets):
            raise ValueError("at least one secret is needed, and none may be empty")
        kids = [hashlib.sha256(b"onsale-kid" + secret.encode()).hexdigest()[:8] for secret in secrets]
        signers = {
            purpose: [
                Signer(derive_key(secret, purpose), {"typ": purpose, "kid": kid})
                for kid, secret in zip(kids, secrets, strict=True)
            ]
            for purpose in PURPOSES
        }
        self._signers = {purpose: of_purpose[0] for purpose, of_purpose in signers.items()}
        self._purposes = {signer: purpose for purpose, of_purpose in signers.items() for signer in of_purpose}
        self._verifier = Verifier([*self._purposes])
        # Expiry is checked at each use.
        self._verified = lru_cache(maxsize=verified_max)(self._verify)

    def sign_ticket(self, ticket: Ticket) -> str:
        """The ticket as a token. It does not expire: the place is kept as long as the sale lasts."""
        return self._signers[TICKET].sign(
            {
                "show": ticket.show,
                "line": ticket.line,
                "n": ticket.n,
                "sub": ticket.entry,
                "iat_ms": ticket.issued_at_ms,
                "sh": ticket.secret_hash,
            },
        )

    def read_ticket(self, token: str) -> Ticket:
        """Raises `TokenInvalid`."""
        claims = self._read(TICKET, token)
        return Ticket(
            show=claims["show"],
            line=claims["line"],
            n=claims["n"],
            entry=claims["sub"],
            issued_at_ms=claims["iat_ms"],
            secret_hash=claims["sh"],
        )

    def sign_pass(self, granted: Pass) -> str:
        """The same pass always gives the same token, so that a retry or another tab gets what the first one got."""
        jti = hashlib.sha256(f"{granted.entry}:{granted.wave}".encode()).hexdigest()[:32]
        return self._signers[PASS].sign(
            {
                "show": granted.show,
                "sub": granted.entry,
                "wave": granted.wave,
                "jti": jti,
                "exp_ms": granted.expires_at_ms,
            },
        )

    def read_pass(self, token: str, now_ms: int) -> Pass:
        """Raises `TokenInvalid`, `TokenExpired`."""
        claims = self._fresh(PASS, token, now_ms)
        return Pass(claims["show"], claims["sub"], claims["wave"], claims["exp_ms"])

    def sign_reservation(self, right: ReservationToken) -> str:
        """The right to finish one reservation as a token."""
        return self._signers[RESERVATION].sign(right)

    def read_reservation(self, token: str, now_ms: int) -> ReservationToken:
        """Raises `TokenInvalid`, `TokenExpired`."""
        claims = self._fresh(RESERVATION, token, now_ms)
        return ReservationToken(claims["show"], claims["rsv"], claims["sub"], claims["exp_ms"])

    def sign_partner(self, right: PartnerToken) -> str:
        """What an API key was exchanged for, as a token."""
        return self._signers[PARTNER].sign(right)

    def read_partner(self, token: str, now_ms: int) -> PartnerToken:
        """Raises `TokenInvalid`, `TokenExpired`."""
        claims = self._fresh(PARTNER, token, now_ms)
        return PartnerToken(claims["sub"], tuple(claims["permissions"]), claims["exp_ms"])

    def sign_booking(self, link: BookingLink) -> str:
        """The same for the same booking, whichever mail it stands in."""
        return self._signers[BOOKING].sign(link)

    def read_booking(self, token: str) -> BookingLink:
        """Raises `TokenInvalid`."""
        claims = self._read(BOOKING, token)
        return BookingLink(claims["show"], claims["rsv"], claims["sub"])

    def purpose_of(self, token: str) -> str:
        """Which of `PURPOSES` the token is of. Raises `TokenInvalid`."""
        return self._verified(token)[0]

    def _read(self, purpose: str, token: str) -> Mapping[str, Any]:
        found, claims = self._verified(token)
        if found != purpose:
            raise TokenInvalid(f"not a token of purpose {purpose}")
        return claims

    def _fresh(self, purpose: str, token: str, now_ms: int) -> Mapping[str, Any]:
        claims = self._read(purpose, token)
        if claims["exp_ms"] <= now_ms:
            raise TokenExpired("the token has expired")
        return claims

    def _verify(self, token: str) -> tuple[str, Mapping[str, Any]]:
        found = self._verifier.claims(token)
        if found is None:
            raise TokenInvalid("not a token that we signed")
        signer, claims = found
        return self._purposes[signer], claims


API_KEY_LIVE = "osk_live_"
API_KEY_TEST = "osk_test_"
API_KEY_SHOWN_CHARS = 13
"""How much of a key is kept in the clear, so that people can tell their keys apart."""


def new_api_key(entropy: bytes, *, sandbox: bool) -> str:
    """An API key from at least 24 random bytes. It is shown once; only `api_key_hash` of it is stored."""
    if len(entropy) < 24:
        raise ValueError("an API key needs at least 24 random bytes")
    return (API_KEY_TEST if sandbox else API_KEY_LIVE) + entropy.hex()


def api_key_hash(key: str) -> bytes:
    """sha256 of the key. Without salt or stretching, which would protect guessable words, not 192 random bits."""
    return hashlib.sha256(key.encode()).digest()


def secret_hash(secret: str) -> str:
    """What a ticket keeps of the fan's own secret."""
    return hashlib.sha256(b"onsale-entry-secret" + secret.encode()).hexdigest()


def same_secret(secret: str, expected_hash: str) -> bool:
    """Whether `secret` is the one behind a ticket's `secret_hash`; takes the same time whichever way."""
    return hmac.compare_digest(secret_hash(secret), expected_hash)
