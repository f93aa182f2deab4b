"""Who may join at once: nearly everybody; in a rush whoever shows some work; others by the slow lane, which says so.

Whoever is over the limit of an address or network may wait, or clear it with more work. Nobody is shut out, and nobody
is told less than what to do about it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from waiting_room.doorstep import Doorstep
from waiting_room.pressure import CLEARED_OFTEN_STEP, CLEARING_STEP, SlowLane, step_of
from waiting_room.proofs import Proofs
from waiting_room.records import Tallies
from waiting_room.replies import Refusal, cleared, refuse
from waiting_room.rooms import Room

MANY_FROM_THERE = (
    "many people join from your network at the moment; you can in a few seconds, or at once with the work that "
    "`challenge` asks for, and nobody is shut out"
)
RUSH = (
    "very many people join at the moment: show the work that `challenge` asks for and join at once, or take the slow "
    "lane and ask again in a few seconds; nobody is shut out"
)


class Check(Protocol):
    """Somebody else's check of people (`outside.OutsideCheck`)."""

    site_key: str

    async def passes(self, response: str, address: str) -> bool:
        """Whether they vouch for it."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """What a join brings along: a solved challenge, what an outside check gave; each may be missing."""

    proof: str | None = None
    check: str | None = None


class Threshold:
    """`rooms`: the room of a show where this instance has opened it. `doorstep` counts joins, `clearings` those that
    were cleared."""

    def __init__(
        self,
        *,
        doorstep: Doorstep,
        clearings: Doorstep,
        slow: SlowLane,
        proofs: Proofs,
        rooms: Callable[[int], Room | None],
        proof_from_per_min: int,
        tallies: Tallies,
        check: Check | None = None,
    ) -> None:
        self._doorstep = doorstep
        self._clearings = clearings
        self._slow = slow
        self._proofs = proofs
        self._rooms = rooms
        self._proof_from_per_min = proof_from_per_min
        self._check = check
        self._tallies = tallies

    async def stops(self, show: int, client: UUID, address: str, shown: Shown, now_ms: int) -> Refusal | None:
        """Why this join has to wait, and how to clear that; None: it may go on, and is counted."""
        wait_s = self._doorstep.would_wait_s(address, now_ms)
        if wait_s > 0:
            often = self._clearings.would_wait_s(address, now_ms) > 0
            needed = CLEARED_OFTEN_STEP if often else CLEARING_STEP
            if not await self._clears(show, client, address, shown, needed, now_ms):
                return self._say("rate_limited", MANY_FROM_THERE, show, client, needed, wait_s, now_ms)
            self._clearings.wait_s(address, now_ms)
            return None
        room = self._rooms(show)
        needed = 0 if room is None else step_of(room.joined_per_min(), self._proof_from_per_min)
        # A challenge counts as it was made, whatever the rush has become since.
        if needed > 0 and not await self._clears(show, client, address, shown, 1, now_ms):
            slow_s = self._slow.wait_s(show, now_ms)
            if slow_s > 0:
                return self._say("work_needed", RUSH, show, client, needed, slow_s, now_ms)
        self._doorstep.wait_s(address, now_ms)
        return None

    async def _clears(  # noqa: PLR0917 -- whose join it is, and what it shows
        self, show: int, client: UUID, address: str, shown: Shown, step: int, now_ms: int
    ) -> bool:
        if shown.proof is not None and self._proofs.step_shown(shown.proof, show, client, now_ms) >= step:
            self._note(show, "work")
            return True
        if self._check is not None and shown.check and await self._check.passes(shown.check, address):
            self._note(show, "check")
            return True
        return False

    def _note(self, show: int, by: str) -> None:
        cleared(by)
        self._tallies.add(show, "cleared", by)

    def _say(  # noqa: PLR0917 -- what a refusal is made of
        self, code: str, detail: str, show: int, client: UUID, step: int, wait_s: int, now_ms: int
    ) -> Refusal:
        more: dict[str, object] = {"lane": "slow", "challenge": self._proofs.challenge(show, client, step, now_ms)}
        if self._check is not None:
            more["check"] = {"site_key": self._check.site_key}
        return refuse(code, detail, retry_after_s=wait_s, more=more)
