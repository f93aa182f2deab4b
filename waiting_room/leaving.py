"""How a fan gives a place up, or lets others go first. Answers are values; a `Refusal` is one of them."""

from dataclasses import dataclass

from ticketing.clock import Clock
from waiting_room.holders import Holders
from waiting_room.ports import ClaimRow, Deferred, DeferRefusal, LedgerUnavailable, StoreUnavailable
from waiting_room.replies import Refusal, refuse, unavailable
from waiting_room.service import WaitingRoom
from waiting_room.writing import LedgerWriter


@dataclass(frozen=True, slots=True)
class LaterTurn:
    """The place at which somebody is called who let others go first, and how far the line is."""

    entry: str
    place: int
    serving: int


class Leaving:
    """The fans' side of the room for those who step back. The writer's loop is run by whoever made it."""

    def __init__(
        self, room: WaitingRoom, *, holders: Holders, clock: Clock, claim_writer: LedgerWriter[ClaimRow]
    ) -> None:
        self._room = room
        self._holders = holders
        self._clock = clock
        self._claim_writer = claim_writer

    async def give_up(self, show: int, entry: str, token: str, secret: str) -> Refusal | None:
        """Take the place out of the line for good; repeats change nothing."""
        held = await self._holders.holder(show, entry, token, secret)
        if isinstance(held, Refusal):
            return held
        _, queue, ticket = held
        try:
            fresh = await self._room.give_up(queue.line, ticket.n)
        except (StoreUnavailable, LedgerUnavailable):
            return unavailable("nothing may have changed; ask again")
        if fresh:
            self._claim_writer.add(queue.line, [ClaimRow(ticket.n, None, self._clock.now_ms())], maybe_there=True)
            await self._claim_writer.settled()
        return None

    async def defer(self, show: int, entry: str, token: str, secret: str, place: int) -> LaterTurn | Refusal:
        """Be called only after everybody before `place`, which is at most the last place given away.

        Nobody else's place changes, and it cannot be taken back: whoever was let go first may have gone. Repeats, and
        a place before the one that counts already, change nothing.
        """
        held = await self._holders.holder(show, entry, token, secret)
        if isinstance(held, Refusal):
            return held
        _, queue, ticket = held
        own = queue.place(ticket.n)
        if own is None:
            return refuse("not_your_turn", "the places are not drawn yet", retry_after_s=5)
        try:
            found = await self._room.defer(queue.line, ticket.n, own, place)
        except (StoreUnavailable, LedgerUnavailable):
            return unavailable("nothing may have changed; ask again")
        match found:
            case DeferRefusal.GIVEN_UP:
                return refuse("place_given_up", "join again for a new place")
            case DeferRefusal.CLAIMED:
                return refuse("already_let_in", "the pass runs from its first claim, whatever comes after it")
            case Deferred(later):
                if later > own:
                    row = ClaimRow(ticket.n, None, None, deferred_to=later)
                    self._claim_writer.add(queue.line, [row], maybe_there=True)
                    await self._claim_writer.settled()
                return LaterTurn(ticket.entry, later, queue.position.serving)
