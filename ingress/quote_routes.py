"""What a hold would cost, without holding anything: judged by what is seen now, which may be gone a moment later."""

import asyncio
from dataclasses import dataclass, field

import msgspec

from ingress import bodies
from ingress.asgi import Response
from ingress.caches import Briefly, Lru, OnceAtATime
from ingress.callers import require_sale
from ingress.events import on_sale
from ingress.looking import Looking
from ingress.operations import Call, Operation, Who
from ingress.own_table import OwnTable
from ingress.quoting import NOTHING, NotQuoted, Own, Quoted, own_of, quote, seen_stock
from ingress.refusals import FieldError, Refused, from_rejection
from ingress.share_table import ShareTable
from ingress.shelf import Shelf
from ingress.shows import Show
from ingress.stores import StoreAway
from ticketing import wishes
from ticketing.asks import HoldBody
from ticketing.clock import Clock, rfc3339
from ticketing.having.allocation import Allocations
from ticketing.intake import Rejection
from ticketing.labels import PlaceConflict, place_conflict, seat_labels
from ticketing.messages import HoldSeats
from ticketing.seating_plan import SeatingPlan
from ticketing.show_view import ShowView
from ticketing.telling import Answer, AreaPrice, SeatPrice, WhyThese
from ticketing.vocabulary import Malformed, ShowStatus, parse_show

PLANS_PLACES_MAX = 2_000_000
KEPT_STALE_MS = 60_000
"""How long, while Postgres is away, it is believed what was kept for whom."""
KEPT_SHOWS_MAX = 1_000

Kept = tuple[Allocations, dict[str, int]]
"""What is kept of a show for partners, and how many places of it each has, by the same names."""


class QuoteAnswer(Answer, kw_only=True):
    """What would be held, and its price now. How many places a person has booked, and whether they have to wait for
    having let too many holds go, is judged by the hold alone."""

    show: str
    venue: str
    seats: list[SeatPrice]
    areas: list[AreaPrice]
    total_amount: int
    currency: str
    seq: int
    tables: list[str] | None = None
    why: WhyThese | None = None
    left_out: list[PlaceConflict] | None = None


@dataclass(frozen=True, slots=True)
class Quotes:
    """What this call needs."""

    shelf: Shelf
    looking: Looking
    shares: ShareTable
    owns: OwnTable
    clock: Clock
    plans: Lru[str, SeatingPlan] = field(default_factory=lambda: Lru(PLANS_PLACES_MAX))
    planning: OnceAtATime[str, SeatingPlan] = field(default_factory=OnceAtATime)
    keeping: Briefly[int, Kept] = field(
        default_factory=lambda: Briefly(fresh_ms=0, stale_ms=KEPT_STALE_MS, entries_max=KEPT_SHOWS_MAX, away=StoreAway)
    )

    async def quote(self, call: Call) -> Response:
        """POST /api/reservations/quote"""
        body = call.read(HoldBody)
        show = await self._show(call, body)
        caller = call.caller.caller
        wish = wishes.judge(body, show.facts, partner=caller.partner, group=wishes.GROUP in caller.roles)
        if isinstance(wish, Rejection):
            raise from_rejection(wish)
        now_ms = self.clock.now_ms()
        allocations, taken = await self.keeping.get(show.row.show, lambda: self._kept(show), now_ms)
        plan = await self._plan(show)
        command = wishes.ask(wish, caller, key=b"", keyed=False, at_ms=now_ms)
        own = await self._own(show, command)
        # Looked at last: from here on nothing else happens before the answer.
        view = await self.looking.view(show)
        if view is None:
            raise Refused("show_not_found")
        if not on_sale(show, view.status, now_ms):
            raise Refused(_why_not_on_sale(show, view.status, now_ms))
        stock = seen_stock(plan, view, show.facts.policy, allocations, taken)
        found = quote(stock, view, command, now_ms, own)
        if isinstance(found, NotQuoted):
            conflicts = [place_conflict(conflict, show.row.show, show.layout) for conflict in found.conflicts]
            alternatives = [seat_labels(show.layout, seats) for seats in found.alternatives]
            raise Refused(found.code, found.detail, conflicts=conflicts, alternatives=alternatives)
        return Response(200, bodies.encode(_answer(show, view, found, now_ms)), headers=[("cache-control", "no-store")])

    async def _show(self, call: Call, body: HoldBody) -> Show:
        try:
            number = parse_show(body.show)
        except Malformed as error:
            raise Refused("invalid_id", errors=[FieldError(pointer="/show", code="invalid_id")]) from error
        show = await self.shelf.show(number)
        if show is None:
            raise Refused("show_not_found")
        require_sale(call.caller, show)
        return show

    async def _kept(self, show: Show) -> Kept:
        part, number, layout = show.row.part, show.row.show, show.layout
        kept = await self.shares.allocations(part, number)
        if not kept:
            return {}, {}
        taken = await self.shares.taken_by(part, number, list(kept), layout)
        return msgspec.convert(kept, Allocations), {name: places for name, (places, _) in taken.items()}

    async def _own(self, show: Show, command: HoldSeats) -> Own:
        part, number, seats, person = show.row.part, command.show, command.seats, command.person
        try:
            taken = await self.owns.seats_of(part, number, seats, command.account, person) if seats else {}
            return own_of(show.layout, taken, await self.owns.held_by(part, number, person) if person else [])
        except StoreAway:
            # What is seen of the show and was read of its shares is told all the same.
            return NOTHING

    async def _plan(self, show: Show) -> SeatingPlan:
        layout = show.row.layout
        return self.plans.get(layout) or await self.planning.run(layout, lambda: self._make_plan(show))

    async def _make_plan(self, show: Show) -> SeatingPlan:
        plan = await asyncio.to_thread(SeatingPlan, show.layout)
        self.plans.put(show.row.layout, plan, weight=show.layout.places)
        return plan

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        answers: dict[int, type[msgspec.Struct] | None] = {200: QuoteAnswer}
        return [
            Operation(
                "quote", "POST", "/api/reservations/quote", self.quote,
                "What a hold would get and cost now; nothing is held", answers, Who.SIGNED_IN, body=HoldBody,
                refusals=("show_not_found", "invalid_id", "wrong_show", "seats_unavailable", "sold_out",
                          "no_adjacent_block", "orphan_seat", "already_yours", "limit_exceeded", "allocation_exhausted",
                          "not_on_sale", "show_closed", "show_cancelled", "too_many_seats", "unknown_places",
                          "table_not_sold_so", "nothing_asked_for", "hold_time_out_of_range", "admission_required"),
            ),
        ]  # fmt: skip


def _why_not_on_sale(show: Show, status: str, now_ms: int) -> str:
    if status == ShowStatus.CANCELLED:
        return "show_cancelled"
    return "not_on_sale" if status == ShowStatus.OPEN and now_ms < show.row.opens_at_ms else "show_closed"


def _answer(show: Show, view: ShowView, found: Quoted, now_ms: int) -> QuoteAnswer:
    layout, prices, why = show.layout, show.prices, found.why
    names = [category.name for category in layout.categories]
    each = [layout.seats[seat] for seat in found.seats]
    priced = [SeatPrice(seat=it.label, category=names[it.category], price=prices[it.category]) for it in each]
    counted = [
        AreaPrice(
            area=layout.areas[area].label,
            category=names[layout.areas[area].category],
            quantity=quantity,
            price=prices[layout.areas[area].category],
        )
        for area, quantity in found.areas
    ]
    total = sum(it.price for it in priced) + sum(it.price * it.quantity for it in counted)
    return QuoteAnswer(
        message=f"{len(priced) + sum(it.quantity for it in counted)} places can be held now",
        created_at=rfc3339(now_ms),
        show=show.text,
        venue=show.row.venue,
        seats=priced,
        areas=counted,
        total_amount=total,
        currency=show.row.currency,
        seq=view.seq,
        tables=[table.label for table in layout.whole_tables(found.seats)] or None,
        why=None if why is None else WhyThese(rule=why.rule, tried=why.tried, orphans_left=why.orphans_left),
        left_out=[place_conflict(conflict, show.row.show, layout) for conflict in found.left_out] or None,
    )
