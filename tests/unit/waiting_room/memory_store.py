"""The room's stores in memory. Trusted because they pass the suite of the real ones (tests/contract)."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from ticketing.clock import ManualClock
from waiting_room.acts import GENESIS, after, chained, changes_of
from waiting_room.operating import Act, Changed, KeptAct, RoomRow
from waiting_room.phases import Control, Schedule
from waiting_room.places import secret_print
from waiting_room.ports import (
    ClaimAsk,
    Claimed,
    ClaimRefusal,
    ClaimRow,
    Deferred,
    DeferRefusal,
    EntryRow,
    Generation,
    JoinAsk,
    Joined,
    JoinRefusal,
    Later,
    LedgerUnavailable,
    Line,
    Position,
    StoreLost,
    StoreUnavailable,
)

MINUTE_MS = 60_000


@dataclass
class _Line:
    gen: int
    issued: int
    ceiling: int
    serving: int
    at_ms: int
    rest: int = 0
    joins: dict[bytes, tuple[Joined, bytes]] = field(default_factory=dict)
    claims: dict[int, int | None] = field(default_factory=dict)
    deferred: dict[int, int] = field(default_factory=dict)


Lines = dict[Line, _Line]


class MemoryCounters:
    """`ports.Counters`; `forget` is FLUSHALL, `away` a server that cannot be reached."""

    def __init__(self, clock: ManualClock) -> None:
        self.away = False
        self._clock = clock
        self._lines: dict[Line, _Line] = {}

    def forget(self) -> None:
        self._lines.clear()

    def swapped(self, lines: "Lines") -> "Lines":
        """Another server answers from now on; what the one that is cut off has, which may come back one day."""
        self._lines, cut_off = lines, self._lines
        return cut_off

    def _line(self, line: Line, gen: int | None = None) -> _Line:
        if self.away:
            raise StoreUnavailable("away")
        found = self._lines.get(line)
        if found is None or (gen is not None and gen != found.gen):
            raise StoreLost("lost")
        return found

    async def join(self, line: Line, gen: int, asks: Sequence[JoinAsk]) -> list[Joined | JoinRefusal]:
        state = self._line(line, gen)
        answers: list[Joined | JoinRefusal] = []
        for ask in asks:
            known = state.joins.get(ask.entry)
            if known is not None:
                joined, print_ = known
                same = print_ == secret_print(ask.secret_hash)
                answers.append(Joined(joined.n, joined.at_ms, True) if same else JoinRefusal.OTHER_SECRET)
            elif state.issued >= state.ceiling:
                answers.append(JoinRefusal.NO_NUMBERS)
            else:
                state.issued += 1
                joined = Joined(state.issued, self._clock.now_ms(), False)
                state.joins[ask.entry] = (joined, secret_print(ask.secret_hash))
                answers.append(joined)
        return answers

    async def claim(self, line: Line, gen: int, asks: Sequence[ClaimAsk]) -> list[Claimed | Later | ClaimRefusal]:
        state = self._line(line, gen)
        answers: list[Claimed | Later | ClaimRefusal] = []
        for ask in asks:
            place = max(ask.place, state.deferred.get(ask.n, 0))
            if ask.n in state.claims:
                first_ms = state.claims[ask.n]
                answers.append(ClaimRefusal.GIVEN_UP if first_ms is None else Claimed(first_ms, True))
            elif ask.known_ms:
                state.claims[ask.n] = ask.known_ms
                answers.append(Claimed(ask.known_ms, True))
            elif place > state.serving:
                answers.append(Later(place))
            else:
                state.claims[ask.n] = self._clock.now_ms()
                answers.append(Claimed(self._clock.now_ms(), False))
        return answers

    async def defer(self, line: Line, gen: int, n: int, place: int, to: int) -> Deferred | DeferRefusal:
        state = self._line(line, gen)
        if n in state.claims:
            return DeferRefusal.GIVEN_UP if state.claims[n] is None else DeferRefusal.CLAIMED
        place = max(place, state.deferred.get(n, 0))
        state.deferred[n] = max(place, min(to, state.issued))
        return Deferred(state.deferred[n])

    async def give_up(self, line: Line, n: int) -> bool:
        claims = self._line(line).claims
        fresh = n not in claims or claims[n] is not None
        claims[n] = None
        return fresh

    async def take_back(self, line: Line, places: Sequence[tuple[bytes, int]]) -> None:
        if self.away:
            raise StoreUnavailable("away")
        state = self._lines.get(line)
        for entry, n in places:
            if state is not None and entry in state.joins and state.joins[entry][0].n == n:
                del state.joins[entry]

    async def advance(
        self, line: Line, gen: int, *, rate_per_min: int, burst: int, pass_through: bool, seen: int
    ) -> Position:
        state = self._line(line)
        if state.gen < gen:
            raise StoreLost("an old copy")
        now_ms = self._clock.now_ms()
        state.serving = max(state.serving, seen)
        if rate_per_min >= 0:
            state.rest += rate_per_min * max(0, min(now_ms - state.at_ms, 1000))
            due, state.rest = divmod(state.rest, MINUTE_MS)
            state.at_ms = now_ms
            top = state.issued + burst
            if pass_through or state.serving + due >= top:
                state.serving, state.rest = max(state.serving, top), 0
            else:
                state.serving += due
        given_up = sum(first_ms is None for first_ms in state.claims.values())
        claimed = len(state.claims) - given_up
        return Position(state.gen, state.issued, state.ceiling, state.serving, claimed, given_up, now_ms)

    async def install(self, line: Line, generation: Generation) -> None:
        if self.away:
            raise StoreUnavailable("away")
        old = self._lines.get(line)
        if old is not None and old.gen >= generation.gen:
            return
        new = _Line(
            generation.gen, generation.issued, generation.ceiling, generation.serving_floor, self._clock.now_ms()
        )
        if old is not None:
            new.serving = max(new.serving, old.serving)
            new.joins, new.claims, new.deferred = old.joins, old.claims, old.deferred
        self._lines[line] = new

    async def extend(self, line: Line, gen: int, ceiling: int) -> None:
        state = self._line(line)
        if state.gen == gen:
            state.ceiling = max(state.ceiling, ceiling)


class _Reservations:
    def __init__(self, ledger: "MemoryLedger", line: Line) -> None:
        self._ledger = ledger
        self._line = line

    async def new_generation(self, numbers: int) -> Generation:
        gen, ceiling, floor = self._ledger.lines.get(self._line, (0, 0, 0))
        self._ledger.lines[self._line] = (gen + 1, ceiling + numbers, floor)
        return Generation(gen + 1, ceiling, ceiling + numbers, floor)

    async def extend(self, gen: int, numbers: int) -> int | None:
        latest, ceiling, floor = self._ledger.lines[self._line]
        if latest != gen:
            return None
        self._ledger.lines[self._line] = (gen, ceiling + numbers, floor)
        return ceiling + numbers


class MemoryLedger:
    """`ports.Ledger`."""

    def __init__(self) -> None:
        self.away = False
        self.lines: dict[Line, tuple[int, int, int]] = {}
        self.settled: dict[Line, int] = {}
        self.kept_entries: dict[tuple[Line, int], EntryRow] = {}
        self.kept_claims: dict[tuple[Line, int], ClaimRow] = {}

    def _reach(self) -> None:
        if self.away:
            raise LedgerUnavailable("away")

    @asynccontextmanager
    async def alone_with(self, line: Line) -> AsyncIterator[_Reservations]:
        self._reach()
        yield _Reservations(self, line)

    async def raise_floor(self, line: Line, serving: int) -> None:
        self._reach()
        gen, ceiling, floor = self.lines[line]
        self.lines[line] = (gen, ceiling, max(floor, serving))

    async def add_entries(
        self, line: Line, rows: Sequence[EntryRow], *, maybe_there: bool, settling: bool = False
    ) -> list[EntryRow]:
        self._reach()
        for row in rows:
            known = {(of, kept.entry) for (of, _), kept in self.kept_entries.items()}
            if (line, row.entry) not in known and not (settling and row.n <= self.settled.get(line, 0)):
                self.kept_entries.setdefault((line, row.n), row)
        kept = await self.entries(line, [row.entry for row in rows])
        found = [kept.get(row.entry, row._replace(n=0)) for row in rows]
        return [row for row, given in zip(found, rows, strict=True) if row.n != given.n]

    async def add_claims(self, line: Line, rows: Sequence[ClaimRow]) -> list[ClaimRow]:
        self._reach()
        for row in rows:
            known = self.kept_claims.get((line, row.n), row)
            claimed = row.claimed_at_ms if known.claimed_at_ms is None else known.claimed_at_ms
            given_up = row.given_up_at_ms if known.given_up_at_ms is None else known.given_up_at_ms
            deferred_to = max(known.deferred_to or 0, row.deferred_to or 0) or None
            self.kept_claims[line, row.n] = ClaimRow(row.n, claimed, given_up, deferred_to)
        return list((await self.claims(line, [row.n for row in rows])).values())

    async def entries(self, line: Line, entries: Sequence[bytes]) -> dict[bytes, EntryRow]:
        self._reach()
        rows = [row for (of, _), row in self.kept_entries.items() if of == line]
        return {row.entry: row for row in rows if row.entry in entries}

    async def claims(self, line: Line, numbers: Sequence[int]) -> dict[int, ClaimRow]:
        self._reach()
        return {n: self.kept_claims[line, n] for n in numbers if (line, n) in self.kept_claims}

    async def leaves(self, line: Line, numbers: Sequence[int]) -> dict[int, bytes]:
        self._reach()
        return {n: self.kept_entries[line, n].leaf for n in numbers if (line, n) in self.kept_entries}


class MemoryRooms:
    """`ports.RoomTable` over shows and API keys that the test puts in."""

    def __init__(self) -> None:
        self.away = False
        self.shows: dict[int, tuple[str, Schedule]] = {}
        self.keys: dict[bytes, tuple[str, frozenset[str]]] = {}
        self.sessions: dict[str, tuple[str, frozenset[str]]] = {}
        self.log: dict[int, list[KeptAct]] = {}
        self._rows: dict[int, RoomRow] = {}

    def _reach(self) -> None:
        if self.away:
            raise LedgerUnavailable("away")

    async def rooms(self, now_ms: int) -> list[RoomRow]:
        self._reach()
        return [row for row in self._rows.values() if row.schedule.ends_at_ms > now_ms]

    async def open_room(self, show: int, now_ms: int) -> RoomRow | None:
        self._reach()
        if show not in self.shows:
            return None
        name, schedule = self.shows[show]
        return self._rows.setdefault(show, RoomRow(show, name, schedule, Control.SCHEDULE, "", None, 0, 1))

    async def change_room(self, show: int, act: Act, now_ms: int, *, if_version: int | None = None) -> Changed | None:
        row = await self.open_room(show, now_ms)
        if row is None:
            return None
        if if_version is not None and if_version != row.version:
            return Changed(row, conflict=True)
        row = self._rows[show] = after(row, act)
        kept = KeptAct(row.version, now_ms, act.key_id, act.name, act.reason, changes_of(act), b"")
        log = self.log.setdefault(show, [])
        log.append(replace(kept, chained=chained(log[-1].chained if log else GENESIS, show, kept)))
        return Changed(row)

    async def acts(self, show: int, after_version: int, rows_max: int) -> list[KeptAct]:
        self._reach()
        return [kept for kept in self.log.get(show, []) if kept.version > after_version][:rows_max]

    async def key_roles(self, key_hash: bytes) -> tuple[str, frozenset[str]] | None:
        self._reach()
        return self.keys.get(key_hash)

    async def session_roles(self, session: str, now_ms: int) -> tuple[str, frozenset[str]] | None:
        self._reach()
        return self.sessions.get(session)
