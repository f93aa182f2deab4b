"""One fan: stands in line, looks, holds, loses, tries again, and ends it in one of three ways."""

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from onsale.crowd.habits import Choice, Ending, Habit, Plan, pick_seats
from onsale.crowd.http import Unreachable
from onsale.crowd.queueing import queue_up
from onsale.crowd.sale import Desk, Sale, Verdict
from onsale.crowd.watching import watching

RETURNS_POLL_S = (0.8, 1.6)
FORGOTTEN_POLL_S = 0.5
FORGOTTEN_FOR_S = 60.0
HELD_FOR_GOOD = {"seats_unavailable", "sold_out", "no_adjacent_block"}
"""Losing: somebody else was faster."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A reservation of this fan's."""

    reservation: str
    token: str
    seats: tuple[str, ...]
    count: int
    wish: dict[str, Any]
    key: str


class Fan:
    """One fan's visit. Everything random comes from the sale's seed and the fan's number."""

    def __init__(self, plan: Plan, sale: Sale) -> None:
        self.plan = plan
        self.sale = sale
        self.tally = sale.tally
        self.rng = random.Random(f"{sale.seed}/{plan.number}")

    async def visit(self) -> None:
        """From arriving to leaving. What cannot happen is complained about in the tally."""
        await asyncio.sleep(self.plan.arrives_s)
        try:
            admitted = await queue_up(self.plan, self.sale, self.rng)
            if admitted is None:
                return
            async with AsyncExitStack() as stack:
                if self.plan.watches:
                    await stack.enter_async_context(watching(self.sale, admitted.token))
                await self._shop(Desk(self.sale, admitted.token))
        except Unreachable as error:
            self.tally.complain(f"fan {self.plan.number}: {error}")

    async def _shop(self, desk: Desk) -> None:
        hold = await self._get_hold(desk)
        if hold is None:
            return
        if self.plan.repeats:
            await self._repeat(desk, hold)
        if self.plan.reloads:
            await self._reload(desk, hold)
        await self._pause(self.plan.pay_s)
        match self.plan.ending:
            case Ending.PAY:
                await self._pay(desk, hold)
            case Ending.FORGET:
                await self._forget(desk, hold)
            case Ending.WALK_AWAY:
                await self._walk_away(desk, hold)

    async def _get_hold(self, desk: Desk) -> Hold | None:
        tries = 0
        party = self.plan.party
        alternative: list[str] = []
        while not self.sale.over.is_set():
            wish = {"seats": alternative} if alternative else await self._choose(party)
            if wish is None:
                # Nothing to be had now: the patient wait for what others give back, alone if need be.
                if not self.plan.patient:
                    return None
                self.tally.did(Habit.WAIT_FOR_RETURNS)
                party = max(1, party - 1)
                await self._pause(self.rng.uniform(*RETURNS_POLL_S))
                continue
            await self._pause(self.plan.think_s)
            if alternative:
                self.tally.did(Habit.TRY_ALTERNATIVE)
            elif tries:
                self.tally.did(Habit.TRY_AGAIN)
            tries += 1
            key = self._key()
            verdict = await self._ask_hold(desk, wish, key)
            if verdict.granted:
                return self._held(verdict, wish, key)
            self.tally.refused[verdict.code] += 1
            if verdict.code not in HELD_FOR_GOOD:
                self.tally.complain(f"fan {self.plan.number}: hold {wish} is {verdict.status} {verdict.body}")
                return None
            self.tally.did(Habit.LOSE)
            if tries >= self.plan.tries_max and not self.plan.patient:
                return None
            offered = [seats for seats in verdict.body.get("alternatives") or [] if len(seats) == party]
            alternative = self.rng.choice(offered) if offered and self.rng.random() < 0.7 else []
        return None

    async def _choose(self, party: int) -> dict[str, Any] | None:
        """A wish that what is shown could grant; None where it could not."""
        self.tally.did(Habit.LOOK)
        if self.plan.choice is Choice.SEATS:
            shown = await self.sale.seats()
            free = {seat["label"] for seat in shown["seats"] if seat["status"] == "available"}
            seats = pick_seats(self.rng, self.sale.rows, free, party)
            if seats:
                return {"seats": seats}
            left = {area["label"]: area["available"] for area in shown["areas"]}
            available = len(free) + sum(left.values())
        else:
            counts = await self.sale.availability()
            left = {area["name"]: area["available"] for area in counts["areas"]}
            available = counts["available_seats"]
        roomy = [label for label, count in left.items() if count >= party]
        if roomy and (self.plan.choice is not Choice.BEST or available == sum(left.values())):
            return {"areas": [{"area": self.rng.choice(roomy), "quantity": party}]}
        if available - sum(left.values()) >= party:
            return {"best": {"quantity": party, "adjacent": self.plan.choice is not Choice.BEST}}
        return None

    async def _ask_hold(self, desk: Desk, wish: dict[str, Any], key: str) -> Verdict:
        for kind, habit in (
            ("seats", Habit.HOLD_SEATS),
            ("areas", Habit.HOLD_AREA),
            ("best", Habit.HOLD_BEST),
        ):
            if kind in wish:
                self.tally.did(habit)
        began_s = asyncio.get_running_loop().time()
        verdict = await desk.ask("hold", "POST", "/api/reservations", {"show": self.sale.show, **wish}, key)
        self.tally.hold_ms.append((asyncio.get_running_loop().time() - began_s - verdict.limited_s) * 1000)
        return verdict

    def _held(self, verdict: Verdict, wish: dict[str, Any], key: str) -> Hold:
        body = verdict.body
        seats = tuple(seat["seat"] for seat in body["seats"])
        count = len(seats) + sum(area["quantity"] for area in body["areas"])
        self.tally.held += count
        self.tally.holds += 1
        self.tally.held_seats.update(seats)
        if "seats" in wish and sorted(seats) != sorted(wish["seats"]):
            self.tally.complain(f"asked for {wish['seats']}, given {seats}")
        return Hold(body["reservation"], body.get("reservation_token") or "", seats, count, wish, key)

    async def _repeat(self, desk: Desk, hold: Hold) -> None:
        """The same request once more, as after a lost answer: it must be told the same, and get nothing more."""
        body = {"show": self.sale.show, **hold.wish}
        again = await desk.ask("hold repeated", "POST", "/api/reservations", body, hold.key)
        self.tally.did(Habit.REPEAT)
        if not again.granted or again.body.get("reservation") != hold.reservation:
            self.tally.complain(f"{hold.reservation} asked for again is {again.status} {again.body}")
        elif again.replayed is False:
            self.tally.complain(f"{hold.reservation} asked for again is not marked as a replay")
        else:
            self.tally.replays += 1

    async def _reload(self, desk: Desk, hold: Hold) -> None:
        """The page is loaded anew: the reservation must be there as it was."""
        # After a reload the pass may be gone; the reservation's own token is enough to go on.
        reloaded = Desk(self.sale, hold.token or desk.token)
        seen = await reloaded.read(f"/api/reservations/{hold.reservation}")
        self.tally.did(Habit.RELOAD)
        seats = tuple(seat["seat"] for seat in seen.body.get("seats", ()))
        if not seen.granted or seats != hold.seats:
            self.tally.complain(f"{hold.reservation} after a reload is {seen.status} {seen.body}")

    async def _pay(self, desk: Desk, hold: Hold) -> None:
        body = {
            "reservation": hold.reservation,
            "contact": {"name": f"Fan {self.plan.number}", "email": f"fan{self.plan.number}@example.org"},
        }
        key = self._key()
        verdict = await desk.ask("confirm", "POST", "/api/bookings", body, key)
        if verdict.granted:
            self.tally.did(Habit.PAY)
            self.tally.booked(verdict.body["booking"], hold.seats, hold.count)
            if self.plan.repeats:
                again = await desk.ask("confirm repeated", "POST", "/api/bookings", body, key)
                if again.body.get("booking") != verdict.body["booking"]:
                    self.tally.complain(f"{hold.reservation} confirmed again is {again.status} {again.body}")
            if self.tally.sold >= self.sale.places:
                self.sale.over.set()
            return
        self.tally.refused[verdict.code] += 1
        if verdict.code == "hold_expired":
            self.tally.expired += hold.count
        else:
            self.tally.complain(f"{hold.reservation} confirmed is {verdict.status} {verdict.body}")

    async def _forget(self, desk: Desk, hold: Hold) -> None:
        """Do nothing more, and see in the end that the hold is over."""
        self.tally.did(Habit.FORGET)
        clock = asyncio.get_running_loop().time
        until_s = clock() + FORGOTTEN_FOR_S
        while clock() < until_s:
            await asyncio.sleep(FORGOTTEN_POLL_S)
            seen = await desk.read(f"/api/reservations/{hold.reservation}")
            if seen.body.get("status") == "expired" or seen.code == "hold_expired":
                self.tally.expired += hold.count
                return
        self.tally.complain(f"{hold.reservation} is forgotten, and has not expired after {FORGOTTEN_FOR_S:.0f} s")

    async def _walk_away(self, desk: Desk, hold: Hold) -> None:
        """Give the places back."""
        verdict = await desk.ask("release", "DELETE", f"/api/reservations/{hold.reservation}", None, self._key())
        if verdict.granted:
            self.tally.did(Habit.WALK_AWAY)
            self.tally.released += hold.count
        elif verdict.code == "hold_expired":
            self.tally.expired += hold.count
        else:
            self.tally.complain(f"{hold.reservation} released is {verdict.status} {verdict.body}")

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def _key(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128), version=4))
