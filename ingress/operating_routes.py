"""What admins do in mid-sale: other rules and prices, seats that are not for sale, a show that does not take place."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from pydantic import Field

from ingress import bodies
from ingress.asgi import Response
from ingress.callers import require_within
from ingress.catalogue_routes import SHOW_ID, command_key_of
from ingress.labels import SeatsNamed, seats_named
from ingress.looking import Looking
from ingress.operations import Call, KeyUse, Operation, Who
from ingress.orders import BlocksAnswer, TermsAnswer
from ingress.refusals import FieldError, Refused, from_rejection
from ingress.service import SaleDesk
from ingress.shelf import Shelf
from ingress.shows import Show
from ingress.verdicts import verdict_response
from ingress.wishes import CloseBody, PolicyBody
from ticketing import messages
from ticketing.asks import Name
from ticketing.clock import Clock, rfc3339
from ticketing.intake import Rejection
from ticketing.layout import Body, Layout, Price
from ticketing.show_view import BLOCKED
from ticketing.tokens import TokenKeys
from ticketing.vocabulary import Malformed, fingerprint, parse_show

SEATS_PER_ORDER_MAX = 10_000


class ChangeBody(Body):
    """What is to be different: fields of the policy that are left out stay as they are, prices too."""

    policy: PolicyBody | None = None
    prices: Annotated[
        dict[Name, Price], Field(max_length=200, description="category name to price; for new holds")
    ] = {}


class BlockBody(Body):
    """Seats, and whole tables, that are not for sale, and why."""

    seats: Annotated[list[Name], Field(max_length=SEATS_PER_ORDER_MAX)] = []
    tables: Annotated[list[Name], Field(max_length=1_000)] = []
    reason: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""


@dataclass(frozen=True, slots=True)
class Operating:
    """What these calls need."""

    desk: SaleDesk
    shelf: Shelf
    looking: Looking
    tokens: TokenKeys
    clock: Clock

    async def change(self, call: Call) -> Response:
        """PATCH /api/admin/shows/{show}"""
        show = await show_of_order(self.shelf, call)
        body = call.read(ChangeBody)
        if body.policy is None and not body.prices:
            raise Refused("nothing_asked_for", "name fields of the policy, or prices")
        known = {category.name for category in show.layout.categories}
        errors = [
            FieldError(pointer=f"/prices/{name}", code="unknown_category") for name in body.prices if name not in known
        ]
        if errors:
            raise Refused("unknown_category", errors=errors)
        policy = None if body.policy is None else body.policy.changing(show.row.policy, test=show.row.test)
        command = messages.ChangeShow(**order_head(call, show, body), policy=policy, prices=body.prices)
        return await self._ask(call, show, command)

    async def cancel(self, call: Call) -> Response:
        """POST /api/admin/shows/{show}/cancel"""
        show = await show_of_order(self.shelf, call)
        body = call.read(CloseBody)
        return await self._ask(call, show, messages.CancelShow(**order_head(call, show, body), reason=body.reason))

    async def block(self, call: Call) -> Response:
        """POST /api/admin/shows/{show}/blocks"""
        show = await show_of_order(self.shelf, call)
        body = call.read(BlockBody)
        seats = _numbers(show.layout, body.seats, body.tables)
        command = messages.BlockSeats(**order_head(call, show, body), seats=seats, reason=body.reason)
        return await self._ask(call, show, command)

    async def unblock(self, call: Call) -> Response:
        """DELETE /api/admin/shows/{show}/blocks"""
        show = await show_of_order(self.shelf, call)
        body = BlockBody(seats=seats_named(call.request))
        seats = _numbers(show.layout, body.seats, [])
        return await self._ask(call, show, messages.UnblockSeats(**order_head(call, show, body), seats=seats))

    async def blocks(self, call: Call) -> Response:
        """GET /api/admin/shows/{show}/blocks"""
        show = await show_of_order(self.shelf, call)
        view = await self.looking.view(show)
        if view is None:
            raise Refused("show_not_found")
        seats = [seat.label for seat, mark in zip(show.layout.seats, view.seats, strict=True) if mark == BLOCKED]
        answer = BlocksAnswer(
            message=f"{len(seats)} seats are blocked",
            created_at=rfc3339(self.clock.now_ms()),
            show=show.text,
            status="blocked",
            seats=seats,
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store")])

    async def _ask(self, call: Call, show: Show, command: messages.AnyCommand) -> Response:
        verdict = await self.desk.ask(command, show.row.part, call.wait_s)
        return verdict_response(verdict, show, self.tokens, self.clock.now_ms())

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        changed: dict[int, type[msgspec.Struct] | None] = {200: TermsAnswer, 202: bodies.PendingAnswer}
        blocks: dict[int, type[msgspec.Struct] | None] = {200: BlocksAnswer, 202: bodies.PendingAnswer}
        wrong = ("show_not_found", "nothing_asked_for", "unknown_places")
        return [
            Operation(
                "change_show", "PATCH", "/api/admin/shows/{show}", self.change,
                "Change rules and prices, also in mid-sale; what is held keeps its price", changed, Who.ADMIN,
                KeyUse.REQUIRED, waits=True, body=ChangeBody, params=SHOW_ID,
                refusals=("show_not_found", "nothing_asked_for", "unknown_category", "hold_time_out_of_range"),
            ),
            Operation(
                "cancel_show", "POST", "/api/admin/shows/{show}/cancel", self.cancel,
                "Cancel a show: its bookings end, and what was paid for them goes back",
                {200: bodies.ShowChangedAnswer, 202: bodies.PendingAnswer}, Who.ADMIN, KeyUse.REQUIRED, waits=True,
                body=CloseBody, body_needed=False, params=SHOW_ID, refusals=("show_not_found", "show_cancelled"),
            ),
            Operation(
                "block", "POST", "/api/admin/shows/{show}/blocks", self.block,
                "Take seats off sale, all of them or none", blocks, Who.ADMIN, KeyUse.REQUIRED, waits=True,
                body=BlockBody, params=SHOW_ID, refusals=(*wrong, "seats_unavailable"),
            ),
            Operation(
                "unblock", "DELETE", "/api/admin/shows/{show}/blocks", self.unblock,
                "Put blocked seats on sale again, all of them or none", blocks, Who.ADMIN, KeyUse.OPTIONAL,
                waits=True, query=SeatsNamed, params=SHOW_ID, refusals=(*wrong, "not_blocked"),
            ),
            Operation(
                "blocks", "GET", "/api/admin/shows/{show}/blocks", self.blocks, "The seats that are off sale",
                {200: BlocksAnswer}, Who.ADMIN, params=SHOW_ID, refusals=("show_not_found",),
            ),
        ]  # fmt: skip


async def show_of_order(shelf: Shelf, call: Call) -> Show:
    """The show in the path, within the caller's limits. Raises `Refused`, StoreAway."""
    try:
        number = parse_show(call.params["show"])
    except Malformed as error:
        raise Refused("show_not_found") from error
    show = await shelf.show(number)
    if show is None:
        raise Refused("show_not_found")
    require_within(call.caller, show.row.venue, number)
    return show


def _numbers(layout: Layout, seats: list[str], tables: list[str]) -> tuple[int, ...]:
    """The seats by number. Raises `Refused` where a label is not in the layout."""
    unknown = [label for label in seats if label not in layout.seat_numbers]
    unknown += [label for label in tables if label not in layout.table_numbers]
    if unknown:
        raise from_rejection(Rejection("unknown_places", "not in this show's layout", tuple(unknown)))
    named = [layout.seat_numbers[label] for label in seats]
    named += [seat for label in tables for seat in layout.tables[layout.table_numbers[label]].seats]
    return tuple(sorted(set(named)))


def order_head(call: Call, show: Show, body: Body, item: str = "") -> dict[str, Any]:
    """What every order to a show carries; `item` tells orders apart that have the same path and key."""
    return {
        "show": show.row.show,
        "key": call.sent.nonce if call.sent.key is None else command_key_of(call, show.row.show, item),
        "fingerprint": fingerprint(msgspec.json.encode(body.model_dump(mode="json", exclude_defaults=True))),
        "keyed": call.sent.key is not None,
        "sent_at_ms": call.sent.at_ms,
        "account": call.caller.caller.account,
    }
