"""What admins do with API keys: make, list, rotate, revoke, limit."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from msgspec import Struct
from pydantic import BaseModel, Field

from ingress import bodies
from ingress.asgi import Response
from ingress.auth_routes import PermissionNames
from ingress.callers import require_unlimited
from ingress.key_table import ENTROPY_BYTES, KeyRow, KeyTable, Terms
from ingress.keys import (
    OTHER_NAMES,
    REQUESTS_PER_MIN_DEFAULT,
    ROLES,
    SELLING_AT_ONCE_DEFAULT,
    Unknown,
    read_permissions,
)
from ingress.operations import Call, Operation, Who
from ingress.paging import AfterId, next_link, read_id, write_cursor
from ingress.refusals import FieldError, Refused
from ingress.wishes import ShownName, VenueId
from ticketing.clock import Clock, rfc3339
from ticketing.key_limits import read_networks
from ticketing.layout import Body
from ticketing.telling import Answer
from ticketing.tokens import new_api_key
from ticketing.vocabulary import parse_show, show_text

OVERLAP_S_DEFAULT = 24 * 3600
OVERLAP_S_MAX = 30 * 24 * 3600
LIMITS_MAX = 100
KEY_ID = {"key": "the id of a key: key_…"}

ShowId = Annotated[str, Field(pattern=r"^shw_[0-9a-f]{10}$")]
_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_RANGES = {
    "anyOf": [
        {"format": "ipv4"},
        {"format": "ipv6"},
        {"pattern": rf"^({_BYTE}\.){{3}}{_BYTE}/(3[0-2]|[12]?[0-9])$"},
        {"pattern": r"^([0-9a-f]{1,4}:){1,6}:/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$"},
    ]
}
Address = Annotated[str, Field(min_length=1, max_length=50, json_schema_extra=_RANGES)]
PerMinute = Annotated[int, Field(ge=1, le=10_000_000)]
AtOnce = Annotated[int, Field(ge=1, le=100_000)]


class LimitsBody(Body):
    """What a key is limited to from now on; what is left out stays as it is, an empty list lifts a limit."""

    name: ShownName | None = None
    venues: Annotated[list[VenueId], Field(max_length=LIMITS_MAX)] | None = None
    shows: Annotated[list[ShowId], Field(max_length=LIMITS_MAX)] | None = None
    addresses: Annotated[
        list[Address], Field(max_length=LIMITS_MAX, description="ranges as 192.0.2.0/24, or one address")
    ] | None = None  # fmt: skip
    requests_per_min: PerMinute | None = None
    selling_at_once: AtOnce | None = None


_WITH_A_ROLE = {"contains": {"enum": sorted(ROLES | {name for name, role in OTHER_NAMES.items() if role in ROLES})}}


class KeyBody(Body):
    """A new key. `permissions`: roles (`read`, `booking`, `admin`, `operator`) and `group`."""

    name: ShownName
    permissions: Annotated[PermissionNames, Field(json_schema_extra=_WITH_A_ROLE)]
    sandbox: bool = False
    venues: Annotated[list[VenueId], Field(max_length=LIMITS_MAX)] = []
    shows: Annotated[list[ShowId], Field(max_length=LIMITS_MAX)] = []
    addresses: Annotated[
        list[Address], Field(max_length=LIMITS_MAX, description="ranges as 192.0.2.0/24, or one address")
    ] = []  # fmt: skip
    requests_per_min: PerMinute = REQUESTS_PER_MIN_DEFAULT
    selling_at_once: AtOnce = SELLING_AT_ONCE_DEFAULT


class RotateBody(Body):
    """`overlap_s`: how long the secret before still works."""

    overlap_s: Annotated[int, Field(ge=0, le=OVERLAP_S_MAX)] = OVERLAP_S_DEFAULT


class KeysQuery(BaseModel):
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: AfterId | None = None


class KeyShown(Struct, kw_only=True, omit_defaults=True):
    """A key without its secret; `shown_prefix` is how that begins."""

    key: str
    name: str
    shown_prefix: str
    permissions: list[str]
    sandbox: bool
    requests_per_min: int
    selling_at_once: int
    made_at: str
    made_by: str = ""
    venues: list[str] = []
    shows: list[str] = []
    addresses: list[str] = []
    rotated_at: str | None = None
    previous_until: str | None = None
    """Until then the secret before the last rotation works as well."""
    revoked_at: str | None = None


class KeyAnswer(Answer, kw_only=True):
    """A key. `api_key` is its secret: shown in this answer and never again."""

    data: KeyShown
    api_key: str | None = None


class KeysAnswer(Answer, kw_only=True):
    """A page of keys."""

    data: list[KeyShown]
    has_more: bool
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class KeyCalls:
    """What the calls about keys need. `entropy(n)` gives n random bytes."""

    table: KeyTable
    clock: Clock
    entropy: Callable[[int], bytes]

    async def make(self, call: Call) -> Response:
        """POST /api/admin/keys"""
        require_unlimited(call.caller)
        body = call.read(KeyBody)
        try:
            roles, permissions = read_permissions(body.permissions)
        except Unknown as error:
            raise _invalid("/permissions", "unknown_permission", str(error)) from error
        if not roles:
            raise _invalid("/permissions", "no_role", "a key needs a role")
        terms = Terms(
            name=body.name,
            roles=tuple(sorted(roles)),
            sandbox=body.sandbox,
            permissions=tuple(sorted(permissions)),
            venues=tuple(body.venues),
            shows=tuple(parse_show(show) for show in body.shows),
            addresses=_addresses(body.addresses),
            requests_per_min=body.requests_per_min,
            selling_at_once_max=body.selling_at_once,
            created_by=call.caller.caller.account,
        )
        key_id, secret = await self.table.add(terms, self.clock.now_ms(), self.entropy(ENTROPY_BYTES))
        row = await self._row(key_id)
        return self._answer(201, row, "Keep it: it is shown this once", secret)

    async def page(self, call: Call) -> Response:
        """GET /api/admin/keys"""
        require_unlimited(call.caller)
        query = call.asked(KeysQuery)
        rows = await self.table.page(read_id(query.after), query.limit + 1)
        shown = rows[: query.limit]
        cursor = write_cursor(shown[-1].created_at_ms, shown[-1].key_id) if len(rows) > query.limit else None
        answer = KeysAnswer(
            message=f"{len(shown)} keys",
            created_at=rfc3339(self.clock.now_ms()),
            data=[_shown(row) for row in shown],
            has_more=cursor is not None,
            next_cursor=cursor,
        )
        headers = [("cache-control", "no-store"), *next_link(call, cursor)]
        return Response(200, bodies.encode(answer), headers=headers)

    async def read(self, call: Call) -> Response:
        """GET /api/admin/keys/{key}"""
        require_unlimited(call.caller)
        row = await self._row(call.params["key"])
        return self._answer(200, row, f"Key {row.terms.name}")

    async def rotate(self, call: Call) -> Response:
        """POST /api/admin/keys/{key}/rotate"""
        require_unlimited(call.caller)
        row = await self._row(call.params["key"])
        overlap_s = call.read(RotateBody).overlap_s
        secret = new_api_key(self.entropy(ENTROPY_BYTES - 8), sandbox=row.terms.sandbox)
        now_ms = self.clock.now_ms()
        if not await self.table.rotate(row.key_id, secret, now_ms + 1000 * overlap_s, now_ms):
            raise Refused("key_gone")
        return self._answer(200, await self._row(row.key_id), "Keep it: it is shown this once", secret)

    async def revoke(self, call: Call) -> Response:
        """POST /api/admin/keys/{key}/revoke"""
        require_unlimited(call.caller)
        await self.table.revoke(call.params["key"], self.clock.now_ms())
        return self._answer(200, await self._row(call.params["key"]), "It works no more, within seconds everywhere")

    async def limit(self, call: Call) -> Response:
        """PATCH /api/admin/keys/{key}"""
        require_unlimited(call.caller)
        body = call.read(LimitsBody)
        row = await self._row(call.params["key"])
        was = row.terms
        terms = replace(
            was,
            name=was.name if body.name is None else body.name,
            venues=was.venues if body.venues is None else tuple(body.venues),
            shows=was.shows if body.shows is None else tuple(parse_show(show) for show in body.shows),
            addresses=was.addresses if body.addresses is None else _addresses(body.addresses),
            requests_per_min=body.requests_per_min or was.requests_per_min,
            selling_at_once_max=body.selling_at_once or was.selling_at_once_max,
        )
        await self.table.change(row.key_id, terms)
        return self._answer(200, await self._row(row.key_id), "Changed, within seconds everywhere")

    async def _row(self, key_id: str) -> KeyRow:
        row = await self.table.read(key_id)
        if row is None:
            raise Refused("not_found", "there is no such key")
        return row

    def _answer(self, status: int, row: KeyRow, message: str, secret: str | None = None) -> Response:
        answer = KeyAnswer(
            message=message, created_at=rfc3339(self.clock.now_ms()), data=_shown(row), api_key=secret
        )  # fmt: skip
        return Response(status, bodies.encode(answer), headers=[("cache-control", "no-store")])

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        path = "/api/admin/keys/{key}"
        return [
            Operation(
                "make_key", "POST", "/api/admin/keys", self.make, "Make an API key; its secret is shown this once",
                {201: KeyAnswer}, Who.ADMIN, body=KeyBody,
            ),
            Operation(
                "list_keys", "GET", "/api/admin/keys", self.page, "Keys, without their secrets", {200: KeysAnswer},
                Who.ADMIN, query=KeysQuery,
            ),
            Operation(
                "read_key", "GET", path, self.read, "One key, without its secret", {200: KeyAnswer}, Who.ADMIN,
                params=KEY_ID, refusals=("not_found",),
            ),
            Operation(
                "limit_key", "PATCH", path, self.limit, "Change what a key is limited to", {200: KeyAnswer}, Who.ADMIN,
                body=LimitsBody, params=KEY_ID, refusals=("not_found",),
            ),
            Operation(
                "rotate_key", "POST", f"{path}/rotate", self.rotate,
                "Give a key a new secret; the one before works a while longer", {200: KeyAnswer}, Who.ADMIN,
                body=RotateBody, body_needed=False, params=KEY_ID, refusals=("not_found", "key_gone"),
            ),
            Operation(
                "revoke_key", "POST", f"{path}/revoke", self.revoke, "End a key, and every token it was exchanged for",
                {200: KeyAnswer}, Who.ADMIN, params=KEY_ID, refusals=("not_found",),
            ),
        ]  # fmt: skip


def _addresses(texts: list[str]) -> tuple[str, ...]:
    try:
        return tuple(str(network) for network in read_networks(texts))
    except ValueError as error:
        raise _invalid("/addresses", "not_an_address_range", str(error)) from error


def _invalid(pointer: str, code: str, detail: str) -> Refused:
    return Refused("invalid_request", detail, errors=[FieldError(pointer=pointer, code=code)])


def _shown(row: KeyRow) -> KeyShown:
    def moment(at_ms: int | None) -> str | None:
        return None if at_ms is None else rfc3339(at_ms)

    terms = row.terms
    return KeyShown(
        key=row.key_id,
        name=terms.name,
        shown_prefix=row.shown_prefix,
        permissions=sorted({*terms.roles, *terms.permissions}),
        sandbox=terms.sandbox,
        requests_per_min=terms.requests_per_min,
        selling_at_once=terms.selling_at_once_max,
        made_at=rfc3339(row.created_at_ms),
        made_by=terms.created_by,
        venues=list(terms.venues),
        shows=[show_text(show) for show in terms.shows],
        addresses=list(terms.addresses),
        rotated_at=moment(row.rotated_at_ms),
        previous_until=moment(row.previous_ends_at_ms),
        revoked_at=moment(row.revoked_at_ms),
    )
