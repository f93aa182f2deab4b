"""A whole sale from one seed: two allocators that fight for one partition, an expiry worker, readers, a crowd.

All of it is the real code over fakes of its ports. The seed decides who moves, when time jumps, whose clock is wrong,
what is delivered twice, late or never, and who dies where. The same seed is the same sale, to the last byte.

A log loses its tail only together with its broker, which takes nothing until every living desk has looked at its new
end: a tail that is lost and grown again past a cursor between two fetches is not noticed by the consumer we have.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from allocator.netting import Batch, Position
from allocator.ports import Cursor, LogRecord, Publication
from runtime.follow import Follower, Stream, Table
from tests.simulation.allocators import AllocatorProcess, Sent
from tests.simulation.crowd import COSTLY_SHOW, DOCUMENT, LAYOUT_ID, SHA256, SHOWS, Crowd, opening
from tests.simulation.followers import Appender, Expiry, MemoryStream, Reader
from tests.simulation.hands import stop_at
from tests.simulation.memory_log import Commands, MemoryLog, MemoryRecord
from tests.simulation.memory_store import MemoryStore
from tests.simulation.memory_tables import Tables
from ticketing import messages
from ticketing.clock import ManualClock
from ticketing.messages import encode

T0 = 1_800_000_000_000
PART = 0
COMMANDS_MIN = 110
CALM_MOVES_MAX = 6_000
HOUR_MS = 3_600_000


def real_follower(stream: Stream, table: Table, start: dict[int, int]) -> Follower:
    return Follower(stream, table, start)


@dataclass(frozen=True)
class Committed:
    """One batch that the database took: when (true time), and the records it was decided from."""

    batch: Batch
    log_gen: int
    records: tuple[LogRecord, ...]
    at_ms: int


class World:
    """One sale. `run()` it, then let `checker.check` judge it."""

    def __init__(
        self,
        seed: int,
        *,
        make_tables: Callable[[ManualClock], Tables] = Tables,
        make_follower: Callable[[Stream, Table, dict[int, int]], Follower] = real_follower,
    ) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.make_follower = make_follower
        self.true = ManualClock(T0)
        self.clocks = {name: ManualClock(T0) for name in ("broker", "anna", "ben", "expiry")}
        self.elapsed_s = 0.0
        self.tables = make_tables(self.true)
        self.tables.layouts[LAYOUT_ID] = SHA256, DOCUMENT
        self.log = Commands(self.clocks["broker"])
        self.published: list[Publication] = []
        self.warned: list[bytes] = []
        self.committed: list[Committed] = []
        self.in_flight: list[Sent] = []
        """Batches whose sender is gone or gave up: they may still arrive."""
        self.restarts: list[tuple[int, int]] = []
        """`(log_gen, offset)` from which each generation of the log goes on."""
        self.unaware: set[AllocatorProcess] = set()
        self.appended_ms: dict[MemoryRecord, int] = {}
        self.problems: list[str] = []
        self.counts: Counter[str] = Counter()
        self.readers: list[Reader] = []
        self.crowd = Crowd(self.rng)
        self.trace: list[str] | None = None
        self._starts = Counter[str]()
        self._wrong_clock = self.rng.choice((None, *self.clocks))
        self._wrong_by_ms = 0
        self._is_calm = False
        self.processes = {name: self._start(name) for name in ("anna", "ben")}
        self.reader = self._open_reader()
        self.expiry = self._open_expiry()
        for show in (*SHOWS, COSTLY_SHOW):
            self.append(encode(opening(show, T0)))

    # --- what the fakes ask of the world

    def append(self, value: bytes) -> bool:
        """A record for the log; False while the broker is down."""
        if self.unaware:
            return False
        self.log.append(value)
        self.appended_ms[self.log.records[-1]] = self.true.now_ms()
        return True

    def commit(self, sent: Sent) -> int | None:
        """The batch reaches the database."""
        log_gen = self.tables.cursor[PART]["log_gen"]
        database_ms = self.tables.apply(sent.batch)
        if database_ms is not None:
            self.committed.append(Committed(sent.batch, log_gen, sent.records, self.true.now_ms()))
        return database_ms

    def bug(self, part: int, offset: int, error: Exception) -> None:
        self.problems.append(f"decide raised at {offset}: {error!r}")

    def unreadable(self, part: int, offset: int) -> None:
        self.counts["dead letter"] += 1

    def log_lost(self, part: int, expected: int, continued_at: int) -> None:
        self.counts["log lost"] += 1

    def settled(self, part: int, batch: Batch, seconds: float) -> None:
        self.counts["settled"] += 1

    # --- the sale

    def run(self) -> "World":
        """The sale with all its troubles, and then calm until everything has settled."""
        commands = faults = 0
        faults_planned = self.rng.randint(3, 9)
        while commands < COMMANDS_MIN or faults < faults_planned:
            roll = self.rng.random()
            if roll < 0.12:
                for _ in range(self.rng.randint(1, 5)):
                    commands += self.append(self._asked())
            elif roll < 0.135:
                faults += self._fault()
            elif roll < 0.30:
                self.advance(self.rng.choice((5, 50, 300, 900, 4_000)))
            elif roll < 0.75:
                self._step_process(self.processes[self.rng.choice(("anna", "ben"))])
            elif roll < 0.88:
                self._reader_step()
            else:
                self._expiry_step()
        self._calm_down()
        return self

    def advance(self, by_ms: int) -> None:
        """Time goes on for everybody alike."""
        self.true.advance(by_ms)
        for clock in self.clocks.values():
            clock.advance(by_ms)
        self.elapsed_s += by_ms / 1000

    def _asked(self) -> bytes:
        value = self.crowd.ask(self.true.now_ms() + self.rng.randint(-300, 300))
        return value

    def _step_process(self, process: AllocatorProcess) -> None:
        if process.stopped_moves:
            process.stopped_moves -= 1
            return
        for _ in range(self.rng.randint(1, 4)):
            process.step(self.rng.random() < 0.5)
        if process.broken is not None:
            self.problems.append(f"{process.owner} stopped loudly: {process.broken!r}")
            self._restart(process)

    def _reader_step(self) -> None:
        self.reader.step()
        if self.reader.error is not None:
            self.problems.append(f"the reader stopped: {self.reader.error!r}")
            self.reader = self._open_reader()

    def _expiry_step(self) -> None:
        self.expiry.step()
        if self.expiry.error is not None:
            self.problems.append(f"the expiry worker stopped: {self.expiry.error!r}")
            self.expiry = self._open_expiry()

    # --- what goes wrong

    def _fault(self) -> bool:
        name, process = self.rng.choice(list(self.processes.items()))
        roll = self.rng.random()
        if roll < 0.35:
            return self._crash(name, process)
        if roll < 0.50:
            return self._break_connection(process)
        if roll < 0.62:
            process.stopped_moves = self.rng.randint(5, 60)
            return self._did("stopped for a while")
        if roll < 0.70:
            self.advance(self.rng.choice((4_000, 20_000, 40_000)))
            return self._did("time jumped")
        if roll < 0.78:
            return self._turn_clock()
        if roll < 0.84:
            self.reader.crash()
            self.reader = self._open_reader()
            return self._did("reader restarted")
        if roll < 0.90:
            self.expiry.crash()
            self.expiry = self._open_expiry()
            return self._did("expiry worker restarted")
        if roll < 0.96:
            return self._deliver_late()
        return self._lose_some_log()

    def _did(self, what: str) -> bool:
        self.counts[f"fault: {what}"] += 1
        return True

    def _crash(self, name: str, process: AllocatorProcess) -> bool:
        self.counts[f"crash: {process.point}"] += 1
        if process.point == "apply.sent" and process.sending is not None:
            self.in_flight.append(process.sending)
        # Killed, its backend is gone at once; with its machine, only its lease tells.
        self.tables.backends[process.owner] = self.rng.random() < 0.3
        self._restart(process)
        return self._did("crash")

    def _restart(self, process: AllocatorProcess) -> None:
        process.crash()
        self.unaware.discard(process)
        name = process.owner.split("-")[0]
        self.processes[name] = self._start(name)

    def _break_connection(self, process: AllocatorProcess) -> bool:
        point = process.point
        if point.split(".")[0] not in {"apply", "claim", "load", "unpublished", "restart_log"}:
            return False
        if point == "apply.sent" and process.sending is not None:
            self.in_flight.append(process.sending)
        self.counts[f"broken: {point}"] += 1
        process.break_connection()
        return self._did("result unknown")

    def _turn_clock(self) -> bool:
        if self._wrong_clock is None:
            return False
        by_ms = -self._wrong_by_ms or self.rng.choice((-HOUR_MS, HOUR_MS))
        self._wrong_by_ms = self._wrong_by_ms + by_ms
        self.clocks[self._wrong_clock].advance(by_ms)
        return self._did(f"clock of {self._wrong_clock}")

    def _deliver_late(self) -> bool:
        if not self.in_flight:
            return False
        sent = self.in_flight.pop(self.rng.randrange(len(self.in_flight)))
        try:
            is_taken = self.commit(sent) is not None
        except Exception as error:
            self.counts[f"late batch: {type(error).__name__}"] += 1
        else:
            self.counts["late batch: taken" if is_taken else "late batch: refused"] += 1
        return self._did("late batch")

    def _lose_some_log(self) -> bool:
        if self.unaware or self.restarts or self.rng.random() < 0.5:
            return False
        if self.rng.random() < 0.7:
            self.log.lose_tail(self.rng.randint(1, 12))
            self.unaware = {process for process in self.processes.values() if process.desk is not None}
            return self._did("log lost its tail")
        self.log.lose_head(self.rng.randint(1, 1 + len(self.log.records)))
        return self._did("log lost its head")

    # --- and then calm

    def _calm_down(self) -> None:
        self._is_calm = True
        for clock in self.clocks.values():
            clock.advance(self.true.now_ms() - clock.now_ms())
        for process in self.processes.values():
            process.stopped_moves = 0
        self.reader.stream.is_calm = self.expiry.stream.is_calm = True
        for move in range(CALM_MOVES_MAX):
            if move % 8 == 0:
                self.advance(400)
            for process in list(self.processes.values()):
                self._step_process(process)
            self._reader_step()
            self._expiry_step()
            if move % 10 == 0 and self.is_settled():
                return
        self.problems.append("it never settled")

    def is_settled(self) -> bool:
        """Everything asked is decided, published and seen, and no hold is overdue."""
        cursor = self.tables.cursor[PART]
        seen = (self.reader.follower.seen[PART], self.expiry.follower.seen[PART])
        return (
            cursor["next_offset"] == self.log.end
            and cursor["published_seq"] == cursor["batch_seq"]
            and seen == (cursor["batch_seq"], cursor["batch_seq"])
            and all(row["status"] != "held" for row in self.tables.reservation.values())
        )

    # --- who there is

    def _start(self, name: str) -> AllocatorProcess:
        self._starts[name] += 1
        return AllocatorProcess(
            owner=f"{name}-{self._starts[name]}",
            part=PART,
            make_store=lambda process: WorldStore(self, process),
            make_log=lambda process: WorldLog(self, process),
            clock=self.clocks[name],
            meter=lambda: self.elapsed_s,
            observer=self,
            renew=self._renew,
        )

    def _renew(self, process: AllocatorProcess) -> None:
        desk = process.desk
        self.tables.renew(process.owner, [] if desk is None else [(PART, desk.position.epoch, desk.published_seq)])

    def _open_reader(self) -> Reader:
        reader = Reader(self.tables, self._stream(), self.true, self.make_follower)
        self.readers.append(reader)
        return reader

    def _open_expiry(self) -> Expiry:
        commands, warnings = Appender(self.append, self.rng), Appender(self._warn, self.rng)
        clock = self.clocks["expiry"]
        return Expiry(self.tables, self._stream(), clock, commands=commands, warnings=warnings, make=self.make_follower)

    def _stream(self) -> MemoryStream:
        stream = MemoryStream(self.published, self.rng)
        stream.is_calm = self._is_calm
        return stream

    def _warn(self, value: bytes) -> bool:
        messages.decode_as(value, messages.HoldExpiring)
        self.warned.append(value)
        return True


class WorldStore(MemoryStore):
    """Tells the world what was decided from which records, and where each generation of the log began."""

    def __init__(self, world: World, process: AllocatorProcess) -> None:
        super().__init__(process.part, process.owner, world.tables, stop_at)
        self._world = world
        self._process = process

    async def apply(self, batch: Batch) -> int | None:
        sent = self._process.sending
        assert sent is not None and sent.batch is batch
        await stop_at("apply.sent")
        database_ms = self._world.commit(sent)
        await stop_at("apply.done")
        return database_ms

    async def restart_log(self, at: Position, next_offset: int) -> Cursor:
        cursor = await super().restart_log(at, next_offset)
        self._world.restarts.append((cursor.log_gen, next_offset))
        return cursor


class WorldLog(MemoryLog):
    """Remembers what this process read, and notices that it knows the log's end."""

    def __init__(self, world: World, process: AllocatorProcess) -> None:
        super().__init__({process.part: world.log}, world.published, stop_at)
        self._world = world
        self._process = process

    async def fetch(self, part: int, offset: int, records_max: int, timeout_s: float) -> list[MemoryRecord]:
        await stop_at("fetch.sent")
        self._world.unaware.discard(self._process)  # it learns now whether the log still reaches to where it stands
        records = list(self._world.log.fetch(offset, records_max))
        self._process.fetched.update((record.offset, record) for record in records)
        return records
