"""How a fan gets a place and claims it. Answers are values; a `Refusal` is one of them."""

from collections.abc import Awaitable
from dataclasses import dataclass
from uuid import UUID

from ticketing.clock import Clock, rfc3339
from ticketing.tokens import TokenKeys
from waiting_room.batching import Batches, Busy
from waiting_room.codes import CodeBook, Redeemed, code_hash
from waiting_room.holders import Holders
from waiting_room.kept import PlaceAsk, claimed_before, joined_before
from waiting_room.phases import JOINABLE, Control, Phase, opens_later
from waiting_room.places import GENERAL, entry_of, leaf_of, parse_entry, pass_for, ticket_for
from waiting_room.ports import (
    Claimed,
    ClaimRefusal,
    ClaimRow,
    EntryRow,
    JoinAsk,
    Joined,
    JoinRefusal,
    Later,
    LedgerUnavailable,
    Line,
    StoreUnavailable,
)
from waiting_room.queues import Queue
from waiting_room.replies import Place, Refusal, Turn, refuse, unavailable
from waiting_room.rooms import Room
from waiting_room.service import WaitingRoom
from waiting_room.spare_door import SpareDoor
from waiting_room.writing import Writers


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many ask at once, and wait."""

    batch_max: int
    waiting_max: int


class Entries:
    """The fans' side of the room. The writers' loops are run by whoever made them."""

    def __init__(
        self,
        room: WaitingRoom,
        *,
        holders: Holders,
        keys: TokenKeys,
        clock: Clock,
        writers: Writers,
        codes: CodeBook,
        bounds: Bounds,
    ) -> None:
        self._room = room
        self._holders = holders
        self._keys = keys
        self._clock = clock
        self._join_writer = writers.joins
        self._claim_writer = writers.claims
        self._codes = codes
        self._spare_door = SpareDoor()
        self._joins = Batches(self._join_batch, batch_max=bounds.batch_max, waiting_max=bounds.waiting_max)
        self._claims = Batches(self._claim_batch, batch_max=bounds.batch_max, waiting_max=bounds.waiting_max)

    async def join(
        self, show: int, client: UUID, secret_hash: str, *, line: str = GENERAL, code: str | None = None
    ) -> Place | Refusal:
        """The client's place: a new one at the end of the line, or the one it has there."""
        room = await self._holders.find(show)
        if isinstance(room, Refusal):
            return room
        now_ms = self._clock.now_ms()
        phase = room.phase(now_ms)
        if opens_later(now_ms, room.row.schedule, phase):
            from_ms = room.row.schedule.prequeue_at_ms
            return refuse(
                "room_closed",
                f"people may join from {rfc3339(from_ms)} on, and who comes first then has nothing of it",
                retry_after_s=min(3_600, -(-(from_ms - now_ms) // 1_000)),
            )
        if phase not in JOINABLE:
            soldout = phase is Phase.SOLDOUT
            return refuse("sold_out" if soldout else "room_closed", "nobody can join this line any more")
        if self._join_writer.full:
            return refuse("busy", "more joins are waiting to be written than can be kept", retry_after_s=2)
        entry, queue = entry_of(show, client), room.queues.get(line)
        if queue is None:
            return refuse("not_found", f"this room has the lines {', '.join(sorted(room.queues))}")
        if line in room.row.coded and (refusal := await self._redeem(queue.line, code, entry)) is not None:
            return refusal
        try:
            joined = await self._joins.ask(queue.line, JoinAsk(entry, secret_hash))
        except (StoreUnavailable, LedgerUnavailable):
            return unavailable("ask again with the same client_id: you get the same place")
        except Busy as error:
            return refuse("busy", str(error), retry_after_s=1)
        match joined:
            case JoinRefusal.OTHER_SECRET:
                return refuse("client_id_reused", "a client_id belongs to one secret")
            case JoinRefusal.NO_NUMBERS:
                return unavailable("no numbers can be reserved now; ask again with the same client_id")
            case JoinRefusal.NOT_KEPT:
                return unavailable("the places are drawn, so no time is lost; ask again with the same client_id")
        ticket = ticket_for(queue.line, joined.n, entry, joined.at_ms, secret_hash)
        token = self._keys.sign_ticket(ticket)
        place = queue.place(joined.n)
        return Place(ticket.entry, ticket.line, joined.n, place, token, joined.at_ms, joined.repeat)

    async def _redeem(self, line: Line, code: str | None, entry: bytes) -> Refusal | None:
        """Why this entry may not join a line for which a code is needed; a code that it used before is good again."""
        if code is None:
            return refuse("code_needed", f"join the line {line.name} with a code")
        try:
            redeemed = await self._codes.redeem(line, code_hash(line, code), entry, self._clock.now_ms())
        except LedgerUnavailable:
            return unavailable("codes cannot be looked at now; ask again")
        match redeemed:
            case Redeemed.GRANTED:
                return None
            case Redeemed.UNKNOWN:
                return refuse("code_invalid", f"there is no such code for the line {line.name}")
            case Redeemed.USED_UP:
                return refuse("code_used_up", "whoever has used it is in line; nobody else can use it")

    async def claim(self, show: int, entry: str, token: str, secret: str) -> Turn | Refusal:
        """The pass of a place that is being served: the same one however often it is asked for."""
        held = await self._holders.holder(show, entry, token, secret)
        if isinstance(held, Refusal):
            return held
        room, queue, ticket = held
        now_ms = self._clock.now_ms()
        if room.phase(now_ms) is Phase.CLOSED:
            return refuse("room_closed", "the sale is over")
        if room.control(now_ms) is Control.HELD:
            return refuse("room_held", room.row.reason, retry_after_s=10)
        place = queue.place(ticket.n)
        if place is None:
            return refuse("not_your_turn", "the places are not drawn yet", retry_after_s=5)
        leaf = leaf_of(ticket.n, parse_entry(ticket.entry), ticket.secret_hash)
        try:
            claimed = await self._claims.ask(
                queue.line, PlaceAsk(ticket.n, place, leaf, drawn=queue.drawn_among(ticket.n))
            )
        except (StoreUnavailable, LedgerUnavailable):
            if not (room.fails_open(now_ms) and self._spare_door.lets_through(show, room.ceiling_per_min, now_ms)):
                return unavailable("your place is kept; claim it again")
            claimed = Claimed(now_ms, repeat=False)
            self._claim_writer.add(queue.line, [ClaimRow(ticket.n, now_ms, None)], maybe_there=True)
        except Busy as error:
            return refuse("busy", str(error), retry_after_s=1)
        match claimed:
            case Later(later):
                return self._too_early(room, queue, later)
            case ClaimRefusal.GIVEN_UP:
                return refuse("place_given_up", "join again for a new place")
            case ClaimRefusal.NOT_KEPT:
                return refuse("ticket_invalid", f"number {ticket.n} is not kept for this ticket")
            case ClaimRefusal.UNCHECKED:
                return unavailable("your place is kept; claim it again")
        granted = pass_for(ticket, room.row.wave, claimed.first_ms)
        if granted.expires_at_ms <= now_ms:
            return refuse("pass_expired", "it ran from the first claim of this place")
        begun_ms = max(ticket.issued_at_ms, room.row.schedule.opens_at_ms)
        waited_ms = None if claimed.repeat else max(0, claimed.first_ms - begun_ms)
        return Turn(ticket.entry, self._keys.sign_pass(granted), granted.expires_at_ms, waited_ms)

    def _too_early(self, room: Room, queue: Queue, place: int) -> Refusal:
        serving = queue.position.serving
        rate_per_min = max(1, room.rates(self._clock.now_ms())[queue.line.name])
        # At most half a minute: the rate may rise, and whoever is near must not sleep through their turn.
        wait_s = min(30, max(1, (place - serving) * 60 // rate_per_min))
        return refuse(
            "not_your_turn",
            f"place {place} is not being served yet",
            retry_after_s=wait_s,
            more={"place": place, "serving": serving},
        )

    async def _join_batch(self, line: Line, asks: list[JoinAsk]) -> Awaitable[list[Joined | JoinRefusal]]:
        answers = await self._room.join(line, asks)
        for ask, answer in zip(asks, answers, strict=True):
            if isinstance(answer, Joined):
                leaf = leaf_of(answer.n, ask.entry, ask.secret_hash)
                # A repeat may be new to the ledger: the instance that gave the number may have died before.
                row = EntryRow(answer.n, ask.entry, leaf, answer.at_ms)
                self._join_writer.add(line, [row], maybe_there=answer.repeat)
        # Asked for now, and awaited later: what is added after this moment is not waited for.
        settled = self._join_writer.settled()

        async def as_kept() -> list[Joined | JoinRefusal]:
            known = await settled
            kept = {row.entry: row for row in (known or {}).get(line, ())}
            # A store that was lost in between may have given the same entry two numbers: the kept one counts.
            told = [
                joined_before(kept[ask.entry], ask) if isinstance(answer, Joined) and ask.entry in kept else answer
                for ask, answer in zip(asks, answers, strict=True)
            ]
            late = [
                (ask.entry, answer.n)
                for ask, answer in zip(asks, answers, strict=True)
                if isinstance(answer, Joined) and ask.entry in kept and kept[ask.entry].n == 0
            ]
            if late:
                await self._room.take_back(line, late)
            if known is None:
                return [
                    JoinRefusal.NOT_KEPT if isinstance(each, Joined) and self._room.settling(line, each.n) else each
                    for each in told
                ]
            return told

        return as_kept()

    async def _claim_batch(self, line: Line, places: list[PlaceAsk]) -> Awaitable[list[Claimed | Later | ClaimRefusal]]:
        answers = await self._room.claim(line, places)
        for ask, answer in zip(places, answers, strict=True):
            if isinstance(answer, Claimed):
                self._claim_writer.add(line, [ClaimRow(ask.n, answer.first_ms, None)], maybe_there=True)
        settled = self._claim_writer.settled()

        async def as_kept() -> list[Claimed | Later | ClaimRefusal]:
            kept = {row.n: row for row in (await settled or {}).get(line, ())}
            return [
                claimed_before(kept[ask.n], answer) if isinstance(answer, Claimed) and ask.n in kept else answer
                for ask, answer in zip(places, answers, strict=True)
            ]

        return as_kept()
