"""What admins do with API keys: make, list, rotate, revoke, limit. Partners do it with their own, at our pages."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ingress import bodies
from ingress.asgi import Response
from ingress.callers import Identity, require_admin, require_unlimited
from ingress.key_shapes import (
    KeyAnswer,
    KeyBody,
    KeysAnswer,
    KeysQuery,
    LimitsBody,
    RotateBody,
    shown_key,
)
from ingress.key_table import ENTROPY_BYTES, KeyRow, KeyTable, Terms
from ingress.key_terms import KEYS_OF_PARTNER_MAX, reaches_beyond
from ingress.keys import Unknown, read_permissions
from ingress.operations import Call, Operation, Who
from ingress.paging import next_link, read_id, write_cursor
from ingress.refusals import FieldError, Refused
from ticketing.clock import Clock, rfc3339
from ticketing.key_limits import read_networks
from ticketing.tokens import new_api_key
from ticketing.vocabulary import parse_show

KEY_ID = {"key": "the id of a key: key_…"}
KEYS_EVER_MAX = 500
"""Keys that a partner is looked through for: those that were revoked count, too."""


@dataclass(frozen=True, slots=True)
class KeyCalls:
    """What the calls about keys need. `entropy(n)` gives n random bytes."""

    table: KeyTable
    clock: Clock
    entropy: Callable[[int], bytes]

    async def make(self, call: Call) -> Response:
        """POST /api/admin/keys"""
        keeper = call.caller
        require_unlimited(keeper)
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
            created_by=keeper.caller.account,
            partner=keeper.partner or body.partner,
        )
        await self._require_reach(keeper, terms, more=1)
        key_id, secret = await self.table.add(terms, self.clock.now_ms(), self.entropy(ENTROPY_BYTES))
        row = await self._row(key_id)
        return self._answer(201, row, "Keep it: it is shown this once", secret)

    async def page(self, call: Call) -> Response:
        """GET /api/admin/keys"""
        require_unlimited(call.caller)
        query = call.asked(KeysQuery)
        rows = await self.table.page(read_id(query.after), query.limit + 1, call.caller.partner or None)
        shown = rows[: query.limit]
        cursor = write_cursor(shown[-1].created_at_ms, shown[-1].key_id) if len(rows) > query.limit else None
        answer = KeysAnswer(
            message=f"{len(shown)} keys",
            created_at=rfc3339(self.clock.now_ms()),
            data=[shown_key(row) for row in shown],
            has_more=cursor is not None,
            next_cursor=cursor,
        )
        headers = [("cache-control", "no-store"), *next_link(call, cursor)]
        return Response(200, bodies.encode(answer), headers=headers)

    async def read(self, call: Call) -> Response:
        """GET /api/admin/keys/{key}"""
        require_unlimited(call.caller)
        row = await self._own(call)
        return self._answer(200, row, f"Key {row.terms.name}")

    async def rotate(self, call: Call) -> Response:
        """POST /api/admin/keys/{key}/rotate"""
        require_unlimited(call.caller)
        row = await self._own(call)
        overlap_s = call.read(RotateBody).overlap_s
        secret = new_api_key(self.entropy(ENTROPY_BYTES - 8), sandbox=row.terms.sandbox)
        now_ms = self.clock.now_ms()
        if not await self.table.rotate(row.key_id, secret, now_ms + 1000 * overlap_s, now_ms):
            raise Refused("key_gone")
        return self._answer(200, await self._row(row.key_id), "Keep it: it is shown this once", secret)

    async def revoke(self, call: Call) -> Response:
        """POST /api/admin/keys/{key}/revoke"""
        require_unlimited(call.caller)
        row = await self._own(call)
        await self.table.revoke(row.key_id, self.clock.now_ms())
        return self._answer(200, await self._row(row.key_id), "It works no more, within seconds everywhere")

    async def limit(self, call: Call) -> Response:
        """PATCH /api/admin/keys/{key}"""
        require_unlimited(call.caller)
        body = call.read(LimitsBody)
        row = await self._own(call)
        was = row.terms
        terms = replace(
            was,
            name=was.name if body.name is None else body.name,
            venues=was.venues if body.venues is None else tuple(body.venues),
            shows=was.shows if body.shows is None else tuple(parse_show(show) for show in body.shows),
            addresses=was.addresses if body.addresses is None else _addresses(body.addresses),
            requests_per_min=body.requests_per_min or was.requests_per_min,
            selling_at_once_max=body.selling_at_once or was.selling_at_once_max,
            partner=was.partner if call.caller.partner or body.partner is None else body.partner,
        )
        await self._require_reach(call.caller, terms)
        await self.table.change(row.key_id, terms)
        return self._answer(200, await self._row(row.key_id), "Changed, within seconds everywhere")

    async def _own(self, call: Call) -> KeyRow:
        """The key that is named, if the caller may see it. Raises `Refused` (404)."""
        row = await self._row(call.params["key"])
        if call.caller.partner not in ("", row.terms.partner):
            raise Refused("not_found", "there is no such key")
        return row

    async def _require_reach(self, keeper: Identity, terms: Terms, more: int = 0) -> None:
        """A partner stays within what admins gave them. Raises `Refused` (403, 422)."""
        if not keeper.partner:
            require_admin(keeper)
            return
        rows = await self.table.page((0, ""), KEYS_EVER_MAX, keeper.partner)
        live = [row.terms for row in rows if row.revoked_at_ms is None]
        if len(live) + more > KEYS_OF_PARTNER_MAX or len(rows) + more > KEYS_EVER_MAX:
            raise Refused("too_many_keys", f"a partner has {KEYS_OF_PARTNER_MAX} keys at most; revoke one")
        why = reaches_beyond(terms, live)
        if why is not None:
            raise Refused("insufficient_scope", why)

    async def _row(self, key_id: str) -> KeyRow:
        row = await self.table.read(key_id)
        if row is None:
            raise Refused("not_found", "there is no such key")
        return row

    def _answer(self, status: int, row: KeyRow, message: str, secret: str | None = None) -> Response:
        answer = KeyAnswer(
            message=message, created_at=rfc3339(self.clock.now_ms()), data=shown_key(row), api_key=secret
        )  # fmt: skip
        return Response(status, bodies.encode(answer), headers=[("cache-control", "no-store")])

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        path = "/api/admin/keys/{key}"
        return [
            Operation(
                "make_key", "POST", "/api/admin/keys", self.make, "Make an API key; its secret is shown this once",
                {201: KeyAnswer}, Who.ADMIN, body=KeyBody, refusals=("too_many_keys",),
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
