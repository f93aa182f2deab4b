"""People who work with a sale, as every room knows them: a session in a cookie, signed, and what goes along with it.

A cookie is sent by the browser whoever made it ask. So a request that changes something counts only with the session's
other half in a header, which a page of ours alone can read and another site's cannot send.

Like other tokens: JWS HS256, one derived key per purpose, `kid` naming the secret it came from. A session can be ended
before its time, so its id is looked up as well (view `staff_sessions`); the signature keeps guesses away from there.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence

from msgspec import Struct

from ticketing.jws import Signer, Verifier
from ticketing.tokens import derive_key

SESSION_COOKIE = "__Host-onsale-session"
"""`__Host-`: a browser takes it with Secure, for the whole site, and for no other host. Over plain http Chromium and
Firefox take it from this machine itself (127.0.0.1, localhost) and from nowhere else."""
FORM_COOKIE = "__Host-onsale-form"
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SESSION = "onsale-session"
FORM = "onsale-form"
OPERATOR, ADMIN, PARTNER = "operator", "admin", "partner"
STAFF_ROLES = (OPERATOR, ADMIN, PARTNER)
PARTNER_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
"""A company that sells by API keys: what its keys and its people have in common."""


class StaffSession(Struct, frozen=True):
    """What the cookie says. `session` is looked up; `csrf` has to come back with whatever changes something."""

    session: str
    csrf: str
    expires_at_ms: int


class StaffKeys:
    """Signs with the first secret, verifies with any of them."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("at least one secret is needed, and none may be empty")
        kids = [hashlib.sha256(b"onsale-kid" + secret.encode()).hexdigest()[:8] for secret in secrets]
        signers = {
            purpose: [
                Signer(derive_key(secret, purpose), {"typ": purpose, "kid": kid})
                for kid, secret in zip(kids, secrets, strict=True)
            ]
            for purpose in (SESSION, FORM)
        }
        self._first = {purpose: of_purpose[0] for purpose, of_purpose in signers.items()}
        self._verifiers = {purpose: Verifier(of_purpose) for purpose, of_purpose in signers.items()}

    def sign_session(self, session: StaffSession) -> str:
        """The cookie's value."""
        claims = {"sid": session.session, "csrf": session.csrf, "exp_ms": session.expires_at_ms}
        return self._first[SESSION].sign(claims)

    def read_session(self, cookie: str, now_ms: int) -> StaffSession | None:
        """What a cookie says; None: it is none of ours, or its time is over."""
        found = self._verifiers[SESSION].claims(cookie)
        if found is None or found[1]["exp_ms"] <= now_ms:
            return None
        claims = found[1]
        return StaffSession(claims["sid"], claims["csrf"], claims["exp_ms"])

    def sign_form(self, csrf: str, expires_at_ms: int) -> str:
        """A cookie for a form that is filled in before there is a session."""
        return self._first[FORM].sign({"csrf": csrf, "exp_ms": expires_at_ms})

    def read_form(self, cookie: str, now_ms: int) -> str | None:
        """What has to come back with the form; None: it is none of ours, or too old."""
        found = self._verifiers[FORM].claims(cookie)
        return None if found is None or found[1]["exp_ms"] <= now_ms else str(found[1]["csrf"])


def same_csrf(given: str, expected: str) -> bool:
    """Whether the other half came along; takes the same time whichever way."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())
