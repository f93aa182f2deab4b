"""Shares of a show that are kept for partners: set, given back, and how far each has sold its own."""

from dataclasses import dataclass
from typing import Annotated, Protocol

import msgspec
from pydantic import BaseModel, Field

from ingress import bodies
from ingress.asgi import Response
from ingress.catalogue_routes import SHOW_ID
from ingress.keys import ApiKey
from ingress.moments import Moment
from ingress.operating_routes import order_head, show_of_order
from ingress.operations import Call, KeyUse, Operation, Who
from ingress.orders import AllocationAnswer, AllocationLine, AllocationsAnswer
from ingress.refusals import Refused
from ingress.service import SaleDesk
from ingress.share_table import ShareTable
from ingress.shelf import Shelf
from ingress.shows import Show
from ingress.verdicts import verdict_response
from ingress.wishes import epoch_ms
from ticketing import messages
from ticketing.clock import Clock, rfc3339
from ticketing.layout import Body, Label
from ticketing.tokens import TokenKeys
from ticketing.vocabulary import SEATS_PER_SHOW_MAX

PATH = "/api/admin/shows/{show}/allocations"
ONE = f"{PATH}/{{partner}}"
PARAMS = {**SHOW_ID, "partner": "the id of the partner's key: key_…"}


class AllocationBody(Body):
    """How many places are kept, how many more may be borrowed, and when the rest is given back by itself."""

    share: Annotated[int, Field(ge=1, le=SEATS_PER_SHOW_MAX)]
    borrow: Annotated[int, Field(ge=0, le=SEATS_PER_SHOW_MAX, description="beyond the share, while there are")] = 0
    give_back_at: Annotated[Moment | None, Field(description="default: never")] = None
    category: Annotated[Label | None, Field(description="of which they are kept; default: of the whole show")] = None


class AllocationQuery(BaseModel):
    """Which share is given back: of a category, or without one of the whole show."""

    category: Label | None = None


class PartnerKeys(Protocol):
    """Keys by id."""

    async def find_by_id(self, key_id: str) -> ApiKey | None: ...


@dataclass(frozen=True, slots=True)
class AllocationCalls:
    """What these calls need."""

    desk: SaleDesk
    shelf: Shelf
    shares: ShareTable
    keys: PartnerKeys
    tokens: TokenKeys
    clock: Clock

    async def read(self, call: Call) -> Response:
        """GET /api/admin/shows/{show}/allocations"""
        caller = call.caller
        if caller.key is None and not caller.admin:
            raise Refused("insufficient_scope", "what is kept for partners is read with an API key")
        show = await show_of_order(self.shelf, call)
        kept = await self.shares.allocations(show.row.part, show.row.show)
        if kept is None:
            raise Refused("show_not_found")
        if not caller.admin:
            # How much is kept for others is theirs to know.
            kept = {name: it for name, it in kept.items() if name.partition(" ")[0] == caller.caller.account}
        partners = sorted({name.partition(" ")[0] for name in kept})
        taken = await self.shares.taken_by(show.row.part, show.row.show, list(kept), show.layout)
        now_ms = self.clock.now_ms()
        answer = AllocationsAnswer(
            message=f"Places are kept for {len(partners)} partners",
            created_at=rfc3339(now_ms),
            show=show.text,
            data=[_line(name, it, taken.get(name, (0, 0)), now_ms) for name, it in sorted(kept.items())],
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store")])

    async def put(self, call: Call) -> Response:
        """PUT /api/admin/shows/{show}/allocations/{partner}"""
        show = await show_of_order(self.shelf, call)
        partner, body = call.params["partner"], call.read(AllocationBody)
        if await self.keys.find_by_id(partner) is None:
            raise Refused("not_found", "there is no such key")
        command = messages.SetAllocation(
            **order_head(call, show, body, partner),
            allocation=partner,
            category=body.category or "",
            share=body.share,
            borrow=body.borrow,
            give_back_at_ms=0 if body.give_back_at is None else epoch_ms(body.give_back_at, "/give_back_at"),
        )
        return await self._ask(call, show, command)

    async def delete(self, call: Call) -> Response:
        """DELETE /api/admin/shows/{show}/allocations/{partner}"""
        show = await show_of_order(self.shelf, call)
        partner = call.params["partner"]
        if await self.keys.find_by_id(partner) is None:
            raise Refused("not_found", "there is no such key")
        category = call.asked(AllocationQuery).category or ""
        head = order_head(call, show, Body(), f"{partner} {category}".rstrip())
        command = messages.ReturnAllocation(**head, allocation=partner, category=category)
        return await self._ask(call, show, command)

    async def _ask(self, call: Call, show: Show, command: messages.AnyCommand) -> Response:
        verdict = await self.desk.ask(command, show.row.part, call.wait_s)
        return verdict_response(verdict, show, self.tokens, self.clock.now_ms())

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        one: dict[int, type[msgspec.Struct] | None] = {200: AllocationAnswer, 202: bodies.PendingAnswer}
        return [
            Operation(
                "allocations", "GET", PATH, self.read,
                "What is kept for partners, and how far they have sold it: for admins all of it, for a key its own",
                {200: AllocationsAnswer}, Who.SIGNED_IN, params=SHOW_ID, refusals=("show_not_found",),
            ),
            Operation(
                "put_allocation", "PUT", ONE, self.put, "Keep places for a partner, or keep more or fewer", one,
                Who.ADMIN, KeyUse.OPTIONAL, waits=True, body=AllocationBody, params=PARAMS,
                refusals=("show_not_found", "not_found", "allocation_too_large", "allocation_mixed",
                          "unknown_category", "times_invalid"),
            ),
            Operation(
                "delete_allocation", "DELETE", ONE, self.delete, "Give back what is kept for a partner and not sold",
                one, Who.ADMIN, KeyUse.OPTIONAL, waits=True, query=AllocationQuery, params=PARAMS,
                refusals=("show_not_found", "not_found", "allocation_not_found"),
            ),
        ]  # fmt: skip


def _line(name: str, kept: dict[str, int], sold: tuple[int, int], now_ms: int) -> AllocationLine:
    taken, booked = sold
    partner, _, category = name.partition(" ")
    share, until_ms = kept["share"], kept.get("give_back_at_ms", 0)
    is_over = 0 < until_ms <= now_ms
    return AllocationLine(
        partner=partner,
        status="given_back" if is_over else "kept",
        share=share,
        borrow=kept.get("borrow", 0),
        taken=taken,
        booked=booked,
        left=0 if is_over else max(0, share - taken),
        borrowed=max(0, taken - share),
        give_back_at=rfc3339(until_ms) if until_ms else None,
        category=category or None,
    )
