"""The waiting room over its ports: give numbers, move the lines, let people in.

Nothing here waits for anything but its ports, and the time comes from the clock that it was given.
"""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from ticketing.clock import Clock
from ticketing.messages import RoomStatusNow, ShowStatusNow
from waiting_room import metrics
from waiting_room.drawing import Drawing
from waiting_room.kept import PlaceAsk, claim_ask, joined_before, unkept
from waiting_room.mending import ATTEMPTS_MAX, Mender
from waiting_room.operating import Act, RoomRow, RoomTable
from waiting_room.phases import Phase, Stock
from waiting_room.places import GENERAL
from waiting_room.ports import (
    Claimed,
    ClaimRefusal,
    ClaimRow,
    Counters,
    Deferred,
    DeferRefusal,
    JoinAsk,
    Joined,
    JoinRefusal,
    Later,
    Ledger,
    Line,
    Position,
    StoreLost,
)
from waiting_room.queues import Queue
from waiting_room.remembering import Memory
from waiting_room.rooms import Heard, Room, RoomLimits

log = structlog.get_logger("waiting_room")

UNKNOWN_SHOWS_MAX = 10_000
UNKNOWN_FOR_MS = 1_000
NOWHERE = Position(gen=0, issued=0, ceiling=0, serving=0, claimed=0, given_up=0, at_ms=0)


class WaitingRoom:
    """Every room that this instance has to do with. Any number of instances may share the stores."""

    def __init__(
        self,
        *,
        counters: Counters,
        ledger: Ledger,
        table: RoomTable,
        drawing: Drawing,
        clock: Clock,
        limits: RoomLimits,
    ) -> None:
        self.rooms: dict[int, Room] = {}
        self._counters = counters
        self._ledger = ledger
        self._table = table
        self._drawing = drawing
        self._memory = Memory(ledger)
        self._mender = Mender(counters, ledger, clock)
        self._clock = clock
        self._limits = limits
        self._heard: dict[int, Heard] = {}
        self._unknown: dict[int, int] = {}
        self._broken: set[Line] = set()

    async def room(self, show: int) -> Room | None:
        """The room of a show, opened if this instance did not know it; None where there is no such show.

        Raises `LedgerUnavailable`, `StoreUnavailable`.
        """
        room = self.rooms.get(show)
        if room is not None:
            return room
        now_ms = self._clock.now_ms()
        if self._unknown.get(show, 0) > now_ms:
            return None
        row = await self._table.open_room(show, now_ms)
        if row is None:
            if len(self._unknown) >= UNKNOWN_SHOWS_MAX:
                self._unknown.clear()
            self._unknown[show] = now_ms + UNKNOWN_FOR_MS
            return None
        await self._take(row)
        return self.rooms.get(show)

    async def refresh(self) -> None:
        """Read what operators have changed, and remember how far the lines were served. Raises `LedgerUnavailable`."""
        for row in await self._table.rooms(self._clock.now_ms()):
            await self._take(row)
        await self._drawing.refresh(self.rooms)
        for room in list(self.rooms.values()):
            for queue in room.queues.values():
                serving = queue.position.serving
                if serving > queue.floor:
                    await self._ledger.raise_floor(queue.line, serving)
                    queue.floor = serving

    async def change(self, show: int, act: Act, *, if_version: int | None = None) -> tuple[Room, bool] | None:
        """Do what an operator asks; the room, and whether it was done (`if_version`: not where somebody came before).

        Raises `LedgerUnavailable`, `StoreUnavailable`.
        """
        changed = await self._table.change_room(show, act, self._clock.now_ms(), if_version=if_version)
        if changed is None:
            return None
        row = changed.row
        await self._take(row)
        room = self.rooms[show]
        if changed.conflict:
            return room, False
        log.info("room.changed", show=show, act=act.name, key=act.key_id, reason=act.reason, version=row.version)
        if act.admit:
            await self._call_now(room, act.admit)
        return room, True

    async def look(self, queue: Queue) -> Position:
        """Where the line stands now, by its store. Raises `StoreUnavailable`, `LedgerUnavailable`."""
        return await self._mender.mending(queue, lambda: self._mender.move(queue))

    async def _call_now(self, room: Room, people: int) -> None:
        """Call so many of the general line at once, as far as there are any."""
        queue = room.general
        position = await self.look(queue)
        # Where the caller has seen a line is where it goes on from, for everybody.
        seen = min(position.issued, position.serving + people)
        queue.position = replace(position, serving=max(position.serving, seen))
        await self.look(queue)

    async def advance(self) -> None:
        """Move every line on. A line whose store was lost waits for `mend`. Raises `StoreUnavailable`."""
        now_ms = self._clock.now_ms()
        for room in list(self.rooms.values()):
            if room.phase(now_ms) is Phase.CLOSED:
                continue
            rates = room.calls(now_ms)
            for name, queue in list(room.queues.items()):
                burst, pass_through = room.burst(rates[name], now_ms)
                try:
                    await self._mender.move(queue, rate_per_min=rates[name], burst=burst, pass_through=pass_through)
                except StoreLost:
                    self._broken.add(queue.line)
                queue.eta.saw(now_ms, queue.position.serving, queue.position.issued, rates[name])
                if queue.runs_out:
                    self._broken.add(queue.line)
            room.notice(now_ms)
            room.sample(now_ms)
            metrics.measure(room, now_ms)

    async def mend(self) -> None:
        """Give lost lines their counters back, and more numbers to those that run out of them.

        Raises `LedgerUnavailable`, `StoreUnavailable`, after which the line is still to be mended.
        """
        for line in list(self._broken):
            await self._mender.secure(self.queue(line))
            self._broken.discard(line)

    async def draw(self) -> None:
        """Take every draw as far as it can be taken now. Raises `LedgerUnavailable`, `StoreUnavailable`."""

        async def issued(queue: Queue) -> int:
            return (await self.look(queue)).issued

        await self._drawing.step(self.rooms, issued)

    def observe(self, status: ShowStatusNow) -> None:
        """The allocator has spoken of a show."""
        stock = Stock(status.status, status.available, status.held, status.booked, status.currency, status.tiers)
        heard = Heard(stock, status.lag_ms, status.decide_p99_ms, self._clock.now_ms())
        self._heard[status.show] = heard
        room = self.rooms.get(status.show)
        if room is not None:
            room.hear(heard)

    def statuses(self) -> list[RoomStatusNow]:
        """What the other rooms are told once a second."""
        now_ms = self._clock.now_ms()
        return [
            RoomStatusNow(
                show=room.row.show,
                at_ms=now_ms,
                phase=room.phase(now_ms),
                serving=room.general.position.serving,
                issued=room.general.position.issued,
                wave=room.row.wave,
            )
            for room in self.rooms.values()
        ]

    def queue(self, line: Line) -> Queue:
        """A line of a room that has been opened."""
        return self.rooms[line.show].queues[line.name]

    def settling(self, line: Line, n: int) -> bool:
        """See `Queue.settling`."""
        return self.queue(line).settling(n)

    async def join(self, line: Line, asks: Sequence[JoinAsk]) -> list[Joined | JoinRefusal]:
        """A number for each, in this order. Raises `StoreUnavailable`, `LedgerUnavailable`."""
        queue = self.queue(line)
        answers: list[Joined | JoinRefusal] = [JoinRefusal.NO_NUMBERS] * len(asks)
        for _ in range(ATTEMPTS_MAX):
            left = [i for i, answer in enumerate(answers) if answer is JoinRefusal.NO_NUMBERS]
            try:
                given = await self._join_known(queue, [asks[i] for i in left])
            except StoreLost:
                await self._mender.secure(queue)
                continue
            for i, answer in zip(left, given, strict=True):
                answers[i] = answer
            if JoinRefusal.NO_NUMBERS not in answers:
                break
            await self._mender.secure(queue)
        metrics.ISSUED.inc(sum(isinstance(answer, Joined) and not answer.repeat for answer in answers))
        return answers

    async def take_back(self, line: Line, places: Sequence[tuple[bytes, int]]) -> None:
        """Take back numbers that the ledger refused, as far as they are remembered. Raises `StoreUnavailable`."""
        await self._counters.take_back(line, places)

    async def claim(self, line: Line, places: Sequence[PlaceAsk]) -> list[Claimed | Later | ClaimRefusal]:
        """The first claim of each place. Raises `StoreUnavailable`, `LedgerUnavailable`."""
        queue = self.queue(line)
        kept = await self._memory.leaves(queue, [ask.n for ask in places])
        refused = {i: refusal for i, ask in enumerate(places) if (refusal := unkept(ask, kept)) is not None}
        asked = [(ask.n, ask.place) for i, ask in enumerate(places) if i not in refused]
        given = iter(await self._mender.mending(queue, lambda: self._claim_known(queue, asked)) if asked else ())
        answers = [refused[i] if i in refused else next(given) for i in range(len(places))]
        metrics.ADMITTED.inc(sum(isinstance(answer, Claimed) and not answer.repeat for answer in answers))
        return answers

    async def defer(self, line: Line, n: int, place: int, to: int) -> Deferred | DeferRefusal:
        """Let others go first, up to place `to`. Raises `StoreUnavailable`, `LedgerUnavailable`."""
        queue = self.queue(line)
        return await self._mender.mending(queue, lambda: self._defer_known(queue, n, place, to))

    async def give_up(self, line: Line, n: int) -> bool:
        """Take a number out of the line; False where it was out. Raises `StoreUnavailable`, `LedgerUnavailable`."""
        fresh = await self._mender.mending(self.queue(line), lambda: self._counters.give_up(line, n))
        metrics.ABANDONED.inc(fresh)
        return fresh

    async def _join_known(self, queue: Queue, asks: Sequence[JoinAsk]) -> list[Joined | JoinRefusal]:
        """The answers, with what the ledger knows of joins that a lost store may have forgotten."""
        gen = queue.position.gen
        known = await self._memory.entries(queue, [ask.entry for ask in asks])
        fresh = [ask for ask in asks if ask.entry not in known]
        given = iter(await self._counters.join(queue.line, gen, fresh) if fresh else ())
        answers: list[Joined | JoinRefusal] = []
        for ask in asks:
            row = known.get(ask.entry)
            answers.append(next(given) if row is None else joined_before(row, ask))
        return answers

    async def _claim_known(
        self, queue: Queue, places: Sequence[tuple[int, int]]
    ) -> list[Claimed | Later | ClaimRefusal]:
        gen = queue.position.gen
        known = await self._memory.claims(queue, [n for n, _ in places])
        gone = {n for n, row in known.items() if row.given_up_at_ms is not None}
        asks = [claim_ask(n, place, known.get(n)) for n, place in places if n not in gone]
        given = iter(await self._counters.claim(queue.line, gen, asks) if asks else ())
        return [ClaimRefusal.GIVEN_UP if n in gone else next(given) for n, _ in places]

    async def _defer_known(self, queue: Queue, n: int, place: int, to: int) -> Deferred | DeferRefusal:
        gen = queue.position.gen
        row = (await self._memory.claims(queue, [n])).get(n, ClaimRow(n, None, None))
        if row.given_up_at_ms is not None:
            return DeferRefusal.GIVEN_UP
        if row.claimed_at_ms is not None:
            return DeferRefusal.CLAIMED
        return await self._counters.defer(queue.line, gen, n, max(place, row.deferred_to or 0), to)

    async def _take(self, row: RoomRow) -> None:
        room = self.rooms.get(row.show)
        if room is None:
            room = Room(row, self._limits, heard=self._heard.get(row.show))
        elif row.version < room.row.version:
            return
        queues = dict(room.queues)
        for name in {GENERAL, *row.shares} - queues.keys():
            queue = Queue(Line(row.show, name), self._limits.numbers_reserved_max, NOWHERE)
            await self._mender.secure(queue)
            await self._drawing.begin(queue, row, self._clock.now_ms())
            queues[name] = queue
        # Somebody may have opened it meanwhile, or changed it.
        known = self.rooms.setdefault(row.show, room)
        if row.version >= known.row.version:
            known.row = row
        known.queues = queues | known.queues
