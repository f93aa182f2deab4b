"""A whole sale from one seed: two allocators that fight for one partition, an expiry worker, readers, a crowd.

All of it is the real code over fakes of its ports. The seed decides who moves, when time jumps, whose clock is wrong,
what is delivered twice, late or never, and who dies where. The same seed is the same sale, to the last byte.
"""

import random
from collections import Counter
from collections.abc import Callable

from allocator.netting import Batch
from allocator.ports import Publication
from runtime.follow import Follower, Stream, Table
from tests.simulation.allocators import AllocatorProcess, Sent
from tests.simulation.committed import Committed, command_of, committed
from tests.simulation.crowd import COSTLY_SHOW, DOCUMENT, LAYOUT_ID, SHA256, SHOWS, Crowd, opening
from tests.simulation.followers import Appender, Expiry, MemoryStream, Reader
from tests.simulation.memory_log import Commands
from tests.simulation.memory_tables import Tables
from tests.simulation.troubles import Troubles
from tests.simulation.world_ports import WorldLog, WorldStore
from ticketing.clock import ManualClock
from ticketing.messages import (
    HoldExpiring,
    decode_as,
    encode,
)

T0 = 1_800_000_000_000
PART = 0
COMMANDS_MIN = 110
FAULTS_MIN = 3
CALM_MOVES_MAX = 6_000
HOUR_MS = 3_600_000


def real_follower(stream: Stream, table: Table, start: dict[int, int]) -> Follower:
    return Follower(stream, table, start)


class World:
    """One sale. `run()` it, then let `checker.check` judge it."""

    def __init__(
        self,
        seed: int,
        *,
        make_tables: Callable[[ManualClock], Tables] = Tables,
        make_follower: Callable[[Stream, Table, dict[int, int]], Follower] = real_follower,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self.seed = seed
        self._trace = trace
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
        self.problems: list[str] = []
        self.counts: Counter[str] = Counter()
        self.readers: list[Reader] = []
        self.crowd = Crowd(self.rng)
        self.troubles = Troubles(self)
        self._starts = Counter[str]()
        self._is_calm = False
        self.processes = {name: self.start(name) for name in ("anna", "ben")}
        self.reader = self.open_reader()
        # Two may run: each proposes what the other does, and the allocator decides once.
        self.expiries = [self.open_expiry() for _ in range(self.rng.choice((1, 1, 2)))]
        for show in (*SHOWS, COSTLY_SHOW):
            self.append(encode(opening(show, T0)))

    # --- what the fakes ask of the world

    def append(self, value: bytes) -> bool:
        """A record for the log, which takes it."""
        offset = self.log.append(value)
        if self._trace is not None:
            self.note(f"offset {offset}: {command_of(self.log.records[-1])}")
        return True

    def commit(self, sent: Sent) -> int | None:
        """The batch reaches the database."""
        database_ms = self.tables.apply(sent.batch)
        if database_ms is not None:
            self.committed.append(committed(sent, self.true.now_ms()))
            self.counts.update(self.committed[-1].names())
            self.note(
                f"batch {sent.batch.at.batch_seq + 1} by epoch {sent.batch.at.epoch}, {len(sent.records)} records"
            )
        return database_ms

    def restarted(self, log_gen: int, offset: int) -> None:
        """The log goes on at `offset`, having lost something."""
        self.restarts.append((log_gen, offset))

    def recalled(self, count: int) -> None:
        self.counts["records recalled"] += count

    def bug(self, part: int, offset: int, error: Exception) -> None:
        self.problems.append(f"decide raised at {offset}: {error!r}")

    def unreadable(self, part: int, offset: int) -> None:
        self.counts["dead letter"] += 1

    def log_lost(self, part: int, expected: int, continued_at: int) -> None:
        self.counts["log lost"] += 1

    def settled(self, part: int, batch: Batch, seconds: float) -> None:
        self.counts["settled"] += 1

    def restart(self, process: AllocatorProcess) -> None:
        """The process is gone; its successor has another owner's id."""
        process.crash()
        name = process.owner.split("-")[0]
        self.processes[name] = self.start(name)

    def note(self, what: str) -> None:
        if self._trace is not None:
            self._trace(f"{self.true.now_ms() - T0:8} ms  {what}")

    # --- the sale

    def run(self) -> "World":
        """The sale with all its troubles, and then calm until everything has settled."""
        try:
            self._trouble()
            self._calm_down()
        finally:
            for process in self.processes.values():
                process.crash()
            self.reader.crash()
            for expiry in self.expiries:
                expiry.crash()
        return self

    def _trouble(self) -> None:
        commands = faults = 0
        faults_planned = self.rng.randint(FAULTS_MIN, 9)
        while commands < COMMANDS_MIN or faults < faults_planned:
            roll = self.rng.random()
            if roll < 0.12:
                for _ in range(self.rng.randint(1, 5)):
                    commands += self.append(self.crowd.ask(self.true.now_ms() + self.rng.randint(-300, 300)))
            elif roll < 0.14:
                faults += self.troubles.strike()
            elif roll < 0.16:
                self.troubles.deliver_late()
            elif roll < 0.30:
                self.advance(self.rng.choice((5, 50, 300, 900, 4_000)))
            elif roll < 0.75:
                self._step_process(self.processes[self.rng.choice(("anna", "ben"))])
            elif roll < 0.88:
                self._reader_step()
            else:
                self._expiry_step(self.rng.randrange(len(self.expiries)))

    def advance(self, by_ms: int) -> None:
        """Time goes on for everybody alike."""
        self.true.advance(by_ms)
        for clock in self.clocks.values():
            clock.advance(by_ms)
        self.elapsed_s += by_ms / 1000

    def _step_process(self, process: AllocatorProcess) -> None:
        if process.stopped_moves:
            process.stopped_moves -= 1
            return
        for _ in range(self.rng.randint(1, 4)):
            process.step()
        if process.broken is not None:
            self.problems.append(f"{process.owner} stopped loudly: {process.broken!r}")
            self.restart(process)

    def _reader_step(self) -> None:
        self.reader.step()
        if self.reader.error is not None:
            self.problems.append(f"the reader stopped: {self.reader.error!r}")
            self.reader = self.open_reader()

    def _expiry_step(self, at: int) -> None:
        expiry = self.expiries[at]
        expiry.step()
        if expiry.error is not None:
            self.problems.append(f"an expiry worker stopped: {expiry.error!r}")
            self.restart_expiry(at)

    def restart_expiry(self, at: int) -> None:
        """It is gone; the next one begins with what is held now."""
        self.expiries[at].crash()
        self.expiries[at] = self.open_expiry()

    # --- and then calm

    def _calm_down(self) -> None:
        self._is_calm = True
        for clock in self.clocks.values():
            clock.advance(self.true.now_ms() - clock.now_ms())
        for process in self.processes.values():
            process.stopped_moves = 0
        while self.in_flight:
            self.troubles.deliver_late()
        for stream in (self.reader.stream, *(expiry.stream for expiry in self.expiries)):
            stream.is_calm = True
        for _ in range(CALM_MOVES_MAX):
            for process in list(self.processes.values()):
                self._step_process(process)
            self._reader_step()
            for at in range(len(self.expiries)):
                self._expiry_step(at)
            if not self._is_decided():
                self.advance(20)
            elif self._is_settled():
                return
            else:
                self.advance(700)
        self.problems.append("it never settled")

    def _is_decided(self) -> bool:
        cursor = self.tables.cursor[PART]
        return bool(cursor["next_offset"] == self.log.end and cursor["published_seq"] == cursor["batch_seq"])

    def _is_settled(self) -> bool:
        """Everything that was decided is seen, and no hold is left."""
        last = self.tables.cursor[PART]["batch_seq"]
        return (
            self.reader.follower.seen[PART] == last
            and all(expiry.follower.seen[PART] == last for expiry in self.expiries)
            and all(row["status"] != "held" for row in self.tables.reservation.values())
        )

    # --- who there is

    def start(self, name: str) -> AllocatorProcess:
        self._starts[name] += 1
        return AllocatorProcess(
            owner=f"{name}-{self._starts[name]}",
            part=PART,
            make_store=lambda process: WorldStore(process, self.tables, self),
            make_log=lambda process: WorldLog(process, self.log, self.published),
            clock=self.clocks[name],
            meter=lambda: self.elapsed_s,
            observer=self,
            renew=self._renew,
            rng=self.rng,
        )

    def _renew(self, process: AllocatorProcess) -> bool:
        """Whether what the process owned is still its own."""
        desk = process.desk
        leases = [] if desk is None else [(PART, desk.position.epoch, desk.published_seq)]
        return len(self.tables.renew(process.owner, leases)) == len(leases)

    def open_reader(self) -> Reader:
        reader = Reader(self.tables, self._stream(), self.true, self.make_follower)
        self.readers.append(reader)
        return reader

    def open_expiry(self) -> Expiry:
        commands, warnings = Appender(self.append, self.rng), Appender(self._warn, self.rng)
        clock = self.clocks["expiry"]
        return Expiry(self.tables, self._stream(), clock, commands=commands, warnings=warnings, make=self.make_follower)

    def _stream(self) -> MemoryStream:
        stream = MemoryStream(self.published, self.rng)
        stream.is_calm = self._is_calm
        return stream

    def _warn(self, value: bytes) -> bool:
        decode_as(value, HoldExpiring)
        self.warned.append(value)
        return True
