"""Exchanging an API key for a token that lives an hour and may be worth less; asking what one is worth."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ingress import bodies
from ingress.asgi import Response
from ingress.callers import Callers, Identity
from ingress.keys import OTHER_NAMES, PERMISSIONS, ROLES, Unknown, read_permissions
from ingress.operations import Call, Operation, Who
from ingress.refusals import FieldError, Refused
from ticketing.clock import Clock, rfc3339
from ticketing.layout import Body
from ticketing.telling import Answer
from ticketing.tokens import PARTNER_TOKEN_LIFE_S, PartnerToken, TokenKeys
from ticketing.vocabulary import show_text

PERMISSIONS_NAMED_MAX = 10

PermissionName = Annotated[
    # Which there are is told, and judged when they are read: a key may name one that it has not.
    str, Field(min_length=1, max_length=40, json_schema_extra={"enum": sorted({*ROLES, *PERMISSIONS, *OTHER_NAMES})})
]  # fmt: skip
PermissionNames = Annotated[list[PermissionName], Field(min_length=1, max_length=PERMISSIONS_NAMED_MAX)]


class TokenBody(Body):
    """What is asked for. `permissions`: some of what the key has; left out, all of it."""

    api_key: Annotated[str, Field(min_length=1, max_length=200)]
    permissions: PermissionNames | None = None


class TokenAnswer(Answer, kw_only=True):
    """A token, to be sent as `Authorization: Bearer`."""

    token: str
    token_type: str
    expires_in: int
    expires_at: str
    permissions: list[str]


class WhoAnswer(Answer, kw_only=True):
    """Whom the token speaks for. `kind`: `key`, `token` (what a key was exchanged for), `pass`,
    `reservation`, or `booking` (the link in a mail).

    `venues` and `shows`: where a key is good; absent where it is good everywhere.
    """

    valid: bool
    kind: str
    account: str
    permissions: list[str]
    sandbox: bool = False
    expires_at: str | None = None
    show: str | None = None
    reservation: str | None = None
    venues: list[str] | None = None
    shows: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Auth:
    """What the calls about tokens need."""

    callers: Callers
    tokens: TokenKeys
    clock: Clock

    async def exchange(self, call: Call) -> Response:
        """POST /api/auth/token"""
        body = call.read(TokenBody)
        identity = await self.callers.exchange(body.api_key, call.request.address)
        assert identity.key is not None
        gives = identity.key.gives
        wanted = gives if body.permissions is None else _named(body.permissions)
        if not wanted <= gives:
            raise Refused("insufficient_scope", f"this key does not have: {', '.join(sorted(wanted - gives))}")
        now_ms = self.clock.now_ms()
        right = PartnerToken(identity.key.key_id, tuple(sorted(wanted)), now_ms + 1000 * PARTNER_TOKEN_LIFE_S)
        answer = TokenAnswer(
            message=f"Good for {PARTNER_TOKEN_LIFE_S} seconds",
            created_at=rfc3339(now_ms),
            token=self.tokens.sign_partner(right),
            token_type="Bearer",  # noqa: S106 -- the name of a scheme (RFC 6750)
            expires_in=PARTNER_TOKEN_LIFE_S,
            expires_at=rfc3339(right.expires_at_ms),
            permissions=list(right.permissions),
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store")])

    async def validate(self, call: Call) -> Response:
        """GET /api/auth/validate"""
        who = call.caller
        kind = _kind(who)
        ends_at_ms = who.expires_at_ms
        limits = None if who.key is None else who.key.limits
        answer = WhoAnswer(
            message=f"This {kind} is good",
            created_at=rfc3339(self.clock.now_ms()),
            valid=True,
            kind=kind,
            account=who.caller.account,
            permissions=sorted(who.caller.roles),
            sandbox=who.sandbox,
            expires_at=None if ends_at_ms is None else rfc3339(ends_at_ms),
            show=None if who.caller.show is None else show_text(who.caller.show),
            reservation=who.reservation,
            venues=sorted(limits.venues) if limits is not None and limits.venues else None,
            shows=[show_text(show) for show in sorted(limits.shows)] if limits is not None and limits.shows else None,
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store")])

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        return [
            Operation(
                "exchange_key", "POST", "/api/auth/token", self.exchange,
                "Exchange an API key for a token of an hour, with all or some of its permissions", {200: TokenAnswer},
                body=TokenBody, signs_in=True,
                refusals=("token_invalid", "key_revoked", "insufficient_scope", "sales_paused"),
            ),
            Operation(
                "validate", "GET", "/api/auth/validate", self.validate, "What the token or key that is sent is worth",
                {200: WhoAnswer}, Who.SIGNED_IN,
            ),
        ]  # fmt: skip


def _named(names: list[str]) -> frozenset[str]:
    try:
        roles, permissions = read_permissions(names)
    except Unknown as error:
        raise Refused(
            "invalid_request", str(error), errors=[FieldError(pointer="/permissions", code="unknown_permission")]
        ) from error
    return roles | permissions


def _kind(who: Identity) -> str:
    if who.key is not None:
        return "key" if who.expires_at_ms is None else "token"
    if who.by_link:
        return "booking"
    return "pass" if who.reservation is None else "reservation"
