"""The waiting room over its ports: give numbers, move the lines, let people in, and mend what a lost store broke.

Nothing here waits for anything but its ports, and the time comes from the clock that it was given.
"""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import structlog

from ticketing.clock import Clock
from ticketing.messages import RoomStatusNow, ShowStatusNow
from waiting_room import metrics
from waiting_room.phases import Phase, Stock
from waiting_room.places import leaf_of
from waiting_room.ports import (
    Act,
    ClaimAsk,
    Claimed,
    ClaimRefusal,
    ClaimRow,
    Counters,
    EntryRow,
    JoinAsk,
    Joined,
    JoinRefusal,
    Ledger,
    LedgerUnavailable,
    Line,
    Position,
    Reservations,
    RoomRow,
    RoomTable,
    StoreLost,
    StoreUnavailable,
)
from waiting_room.rooms import Heard, Room, RoomLimits

log = structlog.get_logger("waiting_room")

ATTEMPTS_MAX = 8
"""Of one batch: a store that is lost again and again while it is being mended is left to the client's next try, and
the numbers reserved at a time are doubled often enough for the largest batch."""
UNKNOWN_SHOWS_MAX = 10_000
UNKNOWN_FOR_MS = 1_000
NOWHERE = Position(gen=0, issued=0, ceiling=0, serving=0, claimed=0, given_up=0, at_ms=0)

T = TypeVar("T")


class WaitingRoom:
    """Every room that this instance has to do with. Any number of instances may share the stores."""

    def __init__(
        self,
        *,
        counters: Counters,
        ledger: Ledger,
        table: RoomTable,
        clock: Clock,
        limits: RoomLimits,
    ) -> None:
        self.rooms: dict[int, Room] = {}
        self._counters = counters
        self._ledger = ledger
        self._table = table
        self._clock = clock
        self._limits = limits
        self._heard: dict[int, Heard] = {}
        self._unknown: dict[int, int] = {}
        self._broken: set[int] = set()

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
        for room in list(self.rooms.values()):
            serving = room.position.serving
            if serving > room.floor:
                await self._ledger.raise_floor(room.line, serving)
                room.floor = serving

    async def change(self, show: int, act: Act) -> Room | None:
        """Do what an operator asks. Raises `LedgerUnavailable`, `StoreUnavailable`."""
        row = await self._table.change_room(show, act, self._clock.now_ms())
        if row is None:
            return None
        await self._take(row)
        log.info("room.changed", show=show, act=act.name, key=act.key_id, reason=act.reason, version=row.version)
        return self.rooms.get(show)

    async def advance(self) -> None:
        """Move every line on. A line whose store was lost waits for `mend`. Raises `StoreUnavailable`."""
        now_ms = self._clock.now_ms()
        for room in list(self.rooms.values()):
            if room.phase(now_ms) is Phase.CLOSED:
                continue
            try:
                await self._move(room)
            except StoreLost:
                self._broken.add(room.row.show)
            if room.runs_out:
                self._broken.add(room.row.show)
            metrics.measure(room, now_ms)

    async def mend(self) -> None:
        """Give lost lines their counters back, and more numbers to those that run out of them.

        Raises `LedgerUnavailable`, `StoreUnavailable`, after which the line is still to be mended.
        """
        for show in list(self._broken):
            await self._secure(self.rooms[show])
            self._broken.discard(show)

    def observe(self, status: ShowStatusNow) -> None:
        """The allocator has spoken of a show."""
        stock = Stock(status.status, status.available, status.held, status.booked)
        heard = Heard(stock, status.lag_ms, status.decide_p99_ms, self._clock.now_ms())
        self._heard[status.show] = heard
        room = self.rooms.get(status.show)
        if room is not None:
            room.heard = heard

    def statuses(self) -> list[RoomStatusNow]:
        """What the other rooms are told once a second."""
        now_ms = self._clock.now_ms()
        return [
            RoomStatusNow(
                show=room.row.show,
                at_ms=now_ms,
                phase=room.phase(now_ms),
                serving=room.position.serving,
                issued=room.position.issued,
                wave=room.row.wave,
            )
            for room in self.rooms.values()
        ]

    async def join(self, line: Line, asks: Sequence[JoinAsk]) -> list[Joined | JoinRefusal]:
        """A number for each, in this order. Raises `StoreUnavailable`, `LedgerUnavailable`."""
        room = self.rooms[line.show]
        answers: list[Joined | JoinRefusal] = [JoinRefusal.NO_NUMBERS] * len(asks)
        for _ in range(ATTEMPTS_MAX):
            left = [i for i, answer in enumerate(answers) if answer is JoinRefusal.NO_NUMBERS]
            try:
                given = await self._join_known(room, [asks[i] for i in left])
            except StoreLost:
                await self._secure(room)
                continue
            for i, answer in zip(left, given, strict=True):
                answers[i] = answer
            if JoinRefusal.NO_NUMBERS not in answers:
                break
            await self._secure(room)
        metrics.ISSUED.inc(sum(isinstance(answer, Joined) and not answer.repeat for answer in answers))
        return answers

    async def claim(self, line: Line, places: Sequence[tuple[int, int]]) -> list[Claimed | ClaimRefusal]:
        """The first claim of each `(n, place)`. Raises `StoreUnavailable`, `LedgerUnavailable`."""
        room = self.rooms[line.show]
        answers = await self._mending(room, lambda: self._claim_known(room, places))
        metrics.ADMITTED.inc(sum(isinstance(answer, Claimed) and not answer.repeat for answer in answers))
        return answers

    async def give_up(self, line: Line, n: int) -> bool:
        """Take a number out of the line; False where it was out. Raises `StoreUnavailable`, `LedgerUnavailable`."""
        fresh = await self._mending(self.rooms[line.show], lambda: self._counters.give_up(line, n))
        metrics.ABANDONED.inc(fresh)
        return fresh

    async def _mending(self, room: Room, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` answers once the line counts."""
        for _ in range(ATTEMPTS_MAX):
            try:
                return await ask()
            except StoreLost:
                await self._secure(room)
        raise StoreUnavailable("the line was lost again while it was being mended")

    async def _join_known(self, room: Room, asks: Sequence[JoinAsk]) -> list[Joined | JoinRefusal]:
        """The answers, with what the ledger knows of joins that a lost store may have forgotten."""
        gen = room.position.gen
        known: dict[bytes, EntryRow] = {}
        if gen > 1:
            known = await self._from_ledger(lambda: self._ledger.entries(room.line, [ask.entry for ask in asks]), {})
        fresh = [ask for ask in asks if ask.entry not in known]
        given = iter(await self._counters.join(room.line, gen, fresh) if fresh else ())
        answers: list[Joined | JoinRefusal] = []
        for ask in asks:
            row = known.get(ask.entry)
            answers.append(next(given) if row is None else joined_before(row, ask))
        return answers

    async def _claim_known(self, room: Room, places: Sequence[tuple[int, int]]) -> list[Claimed | ClaimRefusal]:
        gen = room.position.gen
        known: dict[int, ClaimRow] = {}
        if gen > 1:
            known = await self._from_ledger(lambda: self._ledger.claims(room.line, [n for n, _ in places]), {})
        nothing = ClaimRow(0, None, None)
        gone = {n for n, row in known.items() if row.given_up_at_ms is not None}
        asks = [ClaimAsk(n, place, known.get(n, nothing).claimed_at_ms or 0) for n, place in places if n not in gone]
        given = iter(await self._counters.claim(room.line, gen, asks) if asks else ())
        return [ClaimRefusal.GIVEN_UP if n in gone else next(given) for n, _ in places]

    async def _from_ledger(self, read: Callable[[], Awaitable[T]], otherwise: T) -> T:
        try:
            return await read()
        except LedgerUnavailable:
            # Queueing goes on without Postgres: a client that lost its ticket together with the store may get a
            # second number, and a pass may run anew.
            return otherwise

    async def _take(self, row: RoomRow) -> None:
        room = self.rooms.get(row.show)
        if room is None:
            room = Room(row, self._limits, NOWHERE, self._heard.get(row.show))
            await self._secure(room)
            self.rooms.setdefault(row.show, room)
        elif row.version >= room.row.version:
            room.row = row

    async def _move(self, room: Room) -> Position:
        now_ms = self._clock.now_ms()
        burst, pass_through = room.burst(now_ms)
        position = await self._counters.advance(
            room.line,
            rate_per_min=room.admission(now_ms).rate_per_min,
            burst=burst,
            pass_through=pass_through,
            seen=room.position.serving,
        )
        room.saw(position, now_ms)
        return position

    async def _secure(self, room: Room) -> None:
        """See to it that the line counts and has numbers left to give.

        A generation's numbers are its own, whatever else happens: it is installed at most once, and only the latest
        one gets more. So no number is given twice, even by counters that were lost between any two of these steps.
        """
        async with self._ledger.alone_with(room.line) as numbers:
            try:
                await self._move(room)
            except StoreLost:
                await self._restart(room, numbers)
                return
            if not room.runs_out:
                return
            gen = room.position.gen
            ceiling = await numbers.extend(gen, room.reserve(self._clock.now_ms()))
            if ceiling is None:
                await self._restart(room, numbers)
                return
            with suppress(StoreLost):  # whoever asks next finds out
                await self._counters.extend(room.line, gen, ceiling)
                await self._move(room)

    async def _restart(self, room: Room, numbers: Reservations) -> None:
        generation = await numbers.new_generation(room.reserve(self._clock.now_ms()))
        await self._counters.install(room.line, generation)
        if generation.gen > 1:
            log.warning("room.store_lost", show=room.row.show, gen=generation.gen, restarts_at=generation.issued)
        with suppress(StoreLost):
            await self._move(room)


def joined_before(row: EntryRow, ask: JoinAsk) -> Joined | JoinRefusal:
    """The answer to a join whose entry is kept in the ledger."""
    if not hmac.compare_digest(row.leaf, leaf_of(row.n, ask.entry, ask.secret_hash)):
        return JoinRefusal.OTHER_SECRET
    return Joined(row.n, row.joined_at_ms, repeat=True)


def claimed_before(row: ClaimRow, claimed: Claimed) -> Claimed | ClaimRefusal:
    """The answer to a claim of which the ledger keeps `row`."""
    if row.given_up_at_ms is not None:
        return ClaimRefusal.GIVEN_UP
    return claimed if row.claimed_at_ms is None else Claimed(row.claimed_at_ms, claimed.repeat)
