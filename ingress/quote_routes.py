"""What a hold would cost, without holding anything: judged by what is seen now, which may be gone a moment later."""

import asyncio
from dataclasses import dataclass, field

import msgspec

from ingress import bodies
from ingress.asgi import Response
from ingress.caches import Lru, OnceAtATime
from ingress.callers import require_sale
from ingress.events import on_sale
from ingress.looking import Looking
from ingress.operations import Call, Operation, Who
from ingress.refusals import FieldError, Refused, from_rejection
from ingress.shelf import Shelf
from ingress.shows import Show
from ticketing import messages, wishes
from ticketing.asks import HoldBody
from ticketing.best_seats import best_seats
from ticketing.clock import Clock, rfc3339
from ticketing.intake import Rejection
from ticketing.labels import PlaceConflict
from ticketing.layout import Layout
from ticketing.seating_plan import SeatingPlan
from ticketing.show_view import AVAILABLE, STATUS_NAMES, ShowView
from ticketing.telling import Answer, AreaPrice, SeatPrice, WhyThese
from ticketing.vocabulary import Malformed, SeatStatus, ShowStatus, parse_show

FREE = bytes(mark == AVAILABLE for mark in range(256))
"""From the marks of a view to the search for seats: 1 for each that can be had."""
PLANS_PLACES_MAX = 2_000_000


class QuoteAnswer(Answer, kw_only=True):
    """What would be held, and its price now. Limits of persons and partners are judged by the hold alone."""

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
    clock: Clock
    plans: Lru[str, SeatingPlan] = field(default_factory=lambda: Lru(PLANS_PLACES_MAX))
    planning: OnceAtATime[str, SeatingPlan] = field(default_factory=OnceAtATime)

    async def quote(self, call: Call) -> Response:
        """POST /api/reservations/quote"""
        body = call.read(HoldBody)
        show = await self._show(call, body)
        view = await self.looking.view(show)
        if view is None:
            raise Refused("show_not_found")
        now_ms = self.clock.now_ms()
        if not on_sale(show, view.status, now_ms):
            is_early = view.status == ShowStatus.OPEN and now_ms < show.row.opens_at_ms
            raise Refused("not_on_sale" if is_early else "show_closed")
        wish = wishes.judge(
            body, show.facts, partner=call.caller.caller.partner, group=wishes.GROUP in call.caller.caller.roles
        )
        if isinstance(wish, Rejection):
            raise from_rejection(wish)
        conflicts = _conflicts(show.layout, view, wish)
        seats, areas = wish.seats, wish.areas
        if conflicts and wish.partial:
            seats, areas = _what_is_left(show.layout, view, wish)
        if conflicts and not (wish.partial and (seats or areas)):
            taken = any(label.label in show.layout.seat_numbers for label in conflicts)
            raise Refused("seats_unavailable" if taken else "sold_out", conflicts=conflicts)
        why = None
        if wish.best is not None:
            found = await self._best(show, view, seats, wish.best, now_ms)
            seats, why = (*seats, *found[0]), found[1]
        answer = _answer(show, view, seats, areas, now_ms)
        answer.why, answer.left_out = why, conflicts or None
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store")])

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

    async def _best(
        self, show: Show, view: ShowView, seats: tuple[int, ...], best: messages.Best, now_ms: int
    ) -> tuple[tuple[int, ...], WhyThese]:
        plan = self.plans.get(show.row.layout) or await self.planning.run(show.row.layout, lambda: self._plan(show))
        free = view.seats.translate(FREE)
        for seat in seats:
            free[seat] = 0
        policy = show.facts.policy
        released = 0 < policy.accessible_released_at_ms <= now_ms
        found = best_seats(plan, free, best, rule=policy.orphan_rule, released=released)
        if found is None:
            raise Refused("no_adjacent_block" if free.count(1) >= best.quantity else "sold_out")
        why = found.why
        return found.seats, WhyThese(rule=why.rule, tried=why.tried, orphans_left=why.orphans_left)

    async def _plan(self, show: Show) -> SeatingPlan:
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
                          "no_adjacent_block", "not_on_sale", "show_closed", "too_many_seats", "unknown_places",
                          "table_not_sold_so", "nothing_asked_for", "hold_time_out_of_range"),
            ),
        ]  # fmt: skip


def _conflicts(layout: Layout, view: ShowView, wish: wishes.Wish) -> list[PlaceConflict]:
    """The places of the wish that are not to be had."""
    found = [
        PlaceConflict(label=layout.seats[seat].label, reason=STATUS_NAMES[view.seats[seat]].value)
        for seat in wish.seats
        if view.seats[seat] != AVAILABLE
    ]
    for area, quantity in wish.areas:
        if view.area_left(area) < quantity:
            is_booked = view.areas_booked[area] + quantity > layout.areas[area].capacity
            reason = SeatStatus.BOOKED if is_booked else SeatStatus.HELD
            found.append(PlaceConflict(label=layout.areas[area].label, reason=reason.value))
    return found


def _what_is_left(
    layout: Layout, view: ShowView, wish: wishes.Wish
) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
    """As the hold would have it: a whole table goes when one of its seats is not free."""
    gone = {seat for seat in wish.seats if view.seats[seat] != AVAILABLE}
    for table in layout.whole_tables(wish.seats):
        if not gone.isdisjoint(table.seats):
            gone.update(table.seats)
    left = [(area, min(quantity, view.area_left(area))) for area, quantity in wish.areas]
    return tuple(seat for seat in wish.seats if seat not in gone), tuple(it for it in left if it[1] > 0)


def _answer(
    show: Show, view: ShowView, seats: tuple[int, ...], areas: tuple[tuple[int, int], ...], now_ms: int
) -> QuoteAnswer:
    layout, prices = show.layout, show.prices
    names = [category.name for category in layout.categories]
    each = [layout.seats[seat] for seat in seats]
    priced = [SeatPrice(seat=it.label, category=names[it.category], price=prices[it.category]) for it in each]
    counted = [
        AreaPrice(
            area=layout.areas[area].label,
            category=names[layout.areas[area].category],
            quantity=quantity,
            price=prices[layout.areas[area].category],
        )
        for area, quantity in areas
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
        tables=[table.label for table in layout.whole_tables(seats)] or None,
    )
