"""A whole sale from one seed: allocators that share partitions, expiry workers, readers, a crowd.

All of it is the real code over fakes of its ports. The seed decides who moves, when time jumps, whose clock is wrong,
what is delivered twice, late or never, and who dies where. The same seed is the same sale, to the last byte.
"""

import random
from collections import Counter
from collections.abc import Callable

from runtime.follow import Follower, Stream, Table
from tests.simulation.allocators import AllocatorProcess
from tests.simulation.chronicle import Chronicle, Trace
from tests.simulation.committed import command_of
from tests.simulation.crowd import COSTLY_SHOW, DOCUMENT, EVENING_SHOW, LAYOUT_ID, SHA256, SHOWS, Crowd, opening
from tests.simulation.followers import Appender, Expiry, MakeFollower, MemoryStream, Reader
from tests.simulation.memory_log import Commands
from tests.simulation.memory_tables import Tables
from tests.simulation.places import Place, Sent
from tests.simulation.telling import command_text
from tests.simulation.troubles import Troubles
from tests.simulation.world_ports import WorldLog, WorldStore
from ticketing.clock import ManualClock
from ticketing.messages import HoldExpiring, decode_as, encode
from ticketing.vocabulary import UNPAID_STATUSES

T0 = 1_800_000_000_000
COMMANDS_MIN = 200
FAULTS_MIN = 5
FAULTS_MAX = 11
CALM_ROUNDS_MAX = 1_500
CALM_MOVES = 2
"""How often readers and expiry workers move in each round of the calm: a step of theirs is two or three moves."""
SHOWS_SOLD = (*SHOWS, EVENING_SHOW)


def real_follower(stream: Stream, table: Table, start: dict[int, int], history_id: str) -> Follower:
    return Follower(stream, table, start, history_id=history_id)


class World(Chronicle):
    """One sale. `run()` it, then let `checker.check` judge it."""

    def __init__(
        self,
        seed: int,
        *,
        partitions: int | None = None,
        make_tables: Callable[[ManualClock, int], Tables] = Tables,
        make_follower: MakeFollower = real_follower,
        trace: Trace | None = None,
    ) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.parts = range(partitions or self.rng.choice((1, 1, 2, 3)))
        names = ("anna", "ben", "cleo")[: 2 if len(self.parts) == 1 else self.rng.choice((2, 3))]
        self.part_of = {show: self.rng.choice(self.parts) for show in (*SHOWS_SOLD, COSTLY_SHOW)}
        self._make_follower = make_follower
        true = ManualClock(T0)
        super().__init__(make_tables(true, len(self.parts)), true, trace)
        self.clocks = {name: ManualClock(T0) for name in ("broker", "ingress", "expiry", *names)}
        self._elapsed_ms = 0
        self.tables.layouts[LAYOUT_ID] = SHA256, DOCUMENT
        self.logs = {part: Commands(self.clocks["broker"]) for part in self.parts}
        self.warned: list[bytes] = []
        self.in_flight: list[Sent] = []
        """Batches whose sender is gone or gave up: they may still arrive."""
        self.readers: list[Reader] = []
        self.crowd = Crowd(self.rng, SHOWS_SOLD)
        self.troubles = Troubles(self)
        self._starts = Counter[str]()
        self._is_calm = False
        self.processes = {name: self._start(name) for name in names}
        self.reader = self.open_reader()
        # Two may run: each proposes what the other does, and the allocator decides once.
        self.expiries = [self._open_expiry() for _ in range(self.rng.choice((1, 1, 2)))]
        for show, part in self.part_of.items():
            self.append(part, encode(opening(show, T0)))

    # --- what the fakes ask of the world

    def append(self, part: int, value: bytes) -> None:
        """A record for the log."""
        log = self.logs[part]
        log.append(value)
        if self._trace is not None:
            record = log.records[-1]
            self.note("broker", f"partition {part} offset {record.offset}: {command_text(command_of(record))}")

    def store_of(self, place: Place) -> WorldStore:
        return WorldStore(place, self.tables, self)

    def log_of(self, place: Place) -> WorldLog:
        return WorldLog(place, self.logs[place.part], self)

    def meter(self) -> float:
        """Seconds since the sale began."""
        return self._elapsed_ms / 1000

    # --- the sale

    def run(self) -> "World":
        """The sale with all its troubles, and then calm until everything has settled."""
        try:
            self._trouble()
            self.calm_down()
        finally:
            self.end()
        return self

    def end(self) -> None:
        """Nobody moves any more."""
        for process in self.processes.values():
            process.crash()
        self.reader.crash()
        for expiry in self.expiries:
            expiry.crash()

    def _trouble(self) -> None:
        rng = self.rng
        faults_planned = rng.randint(FAULTS_MIN, FAULTS_MAX)
        while self.crowd.asked < COMMANDS_MIN or self.faults < faults_planned:
            roll = rng.random()
            if roll < 0.16:
                for _ in range(rng.randint(1, 7)):
                    self.ask()
            elif roll < 0.19:
                self.troubles.strike()
            elif roll < 0.21:
                self.troubles.deliver_late()
            elif roll < 0.35:
                self.advance(rng.choice((5, 50, 300, 900, 4_000)))
            elif roll < 0.75:
                self.move(rng.choice(list(self.processes.values())), rng.randint(1, 4))
            elif roll < 0.88:
                self._reader_step()
            else:
                self._expiry_step(rng.randrange(len(self.expiries)))

    def ask(self) -> None:
        """Somebody of the crowd asks something."""
        show, record = self.crowd.ask(self.clocks["ingress"].now_ms() + self.rng.randint(-300, 300))
        self.append(self.part_of.get(show, 0), record)

    def advance(self, by_ms: int) -> None:
        """Time goes on for everybody alike."""
        self.true.advance(by_ms)
        for clock in self.clocks.values():
            clock.advance(by_ms)
        self._elapsed_ms += by_ms

    def move(self, process: AllocatorProcess, moves: int) -> None:
        """Some moves of one process, which may be its last ones."""
        if process.stopped_moves:
            process.stopped_moves -= 1
            return
        for _ in range(moves):
            dies_here = process.step()
            if dies_here is not None:
                self.troubles.kill(process, dies_here)
                return
        if process.broken is not None:
            self.problems.append(f"{process.owner} stopped loudly: {process.broken!r}")
            self.restart(process)

    def restart(self, process: AllocatorProcess) -> None:
        """The process is gone; its successor has another owner's id."""
        process.crash()
        self.processes[process.name] = self._start(process.name)

    def _reader_step(self) -> None:
        reader = self.reader
        reader.step()
        if reader.error is not None:
            self.problems.append(f"the reader stopped: {reader.error!r}")
        if reader.error is not None or reader.history_changed:
            self.counts["reader loaded again"] += reader.history_changed
            self.open_reader()

    def _expiry_step(self, at: int) -> None:
        expiry = self.expiries[at]
        expiry.step()
        if expiry.error is not None:
            self.problems.append(f"an expiry worker stopped: {expiry.error!r}")
        if expiry.error is not None or expiry.history_changed:
            self.counts["expiry worker loaded again"] += expiry.history_changed
            self.restart_expiry(at)

    def restart_expiry(self, at: int) -> None:
        """It is gone; the next one begins with what is held now."""
        self.expiries[at].crash()
        self.expiries[at] = self._open_expiry()

    # --- and then calm

    def calm_down(self) -> None:
        """No more troubles, until everything has settled."""
        self._is_calm = True
        self.troubles.end()
        for stream in (self.reader.stream, *(expiry.stream for expiry in self.expiries)):
            stream.is_calm = True
        for _ in range(CALM_ROUNDS_MAX):
            is_decided = self._is_decided()
            if is_decided and self._is_settled():
                return
            for process in list(self.processes.values()):
                self.move(process, 1 if is_decided else 3 * len(self.parts))
            for _ in range(CALM_MOVES):
                self._reader_step()
                for at in range(len(self.expiries)):
                    self._expiry_step(at)
            self.advance(2_000 if is_decided else 100)
        self.problems.append("it never settled")

    def _is_decided(self) -> bool:
        return all(
            cursor["next_offset"] == self.logs[part].end and cursor["published_seq"] == cursor["batch_seq"]
            for part, cursor in self.tables.cursor.items()
        )

    def _is_settled(self) -> bool:
        """Everything that was decided is seen, no hold is left, and each partition has a desk, which knows its log."""
        working = {
            place.part for it in self.processes.values() for place in it.places.values() if place.desk is not None
        }
        last = {part: cursor["batch_seq"] for part, cursor in self.tables.cursor.items()}
        return (
            working == set(self.parts)
            and self.reader.follower.seen == last
            and all(expiry.follower.seen == last for expiry in self.expiries)
            and all(row["status"] not in UNPAID_STATUSES for row in self.tables.reservation.values())
        )

    # --- who there is

    def _start(self, name: str) -> AllocatorProcess:
        self._starts[name] += 1
        return AllocatorProcess(f"{name}-{self._starts[name]}", self, self.clocks[name])

    def open_reader(self) -> Reader:
        self.reader = Reader(self.tables, self._stream(), self.true, make=self._make_follower, note=self.note)
        self.readers.append(self.reader)
        return self.reader

    def _open_expiry(self) -> Expiry:
        commands, warnings = Appender(self.append, self.rng), Appender(self._warn, self.rng)
        clock = self.clocks["expiry"]
        return Expiry(
            self.tables, self._stream(), clock, commands=commands, warnings=warnings, make=self._make_follower
        )

    def _stream(self) -> MemoryStream:
        stream = MemoryStream(self.published, self.rng)
        stream.is_calm = self._is_calm
        return stream

    def _warn(self, part: int, value: bytes) -> None:
        decode_as(value, HoldExpiring)
        self.warned.append(value)
