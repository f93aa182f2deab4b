"""What goes wrong in a sale: one trouble at a time, chosen by the world's seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allocator.errors import DataRefused, MemoryDiffers
from tests.simulation.allocators import AllocatorProcess
from tests.simulation.memory_tables import Tables
from tests.simulation.places import Place
from tests.simulation.restoring import decided_before

if TYPE_CHECKING:
    from tests.simulation.world import World

HOUR_MS = 3_600_000
CRASH_POINTS = (
    "claim.sent",
    "claim.done",
    "bounds.sent",
    "read_one.sent",
    "restart_log.sent",
    "restart_log.done",
    "load.sent",
    "load.done",
    "load_show.sent",
    "load_show.done",
    "unpublished.sent",
    "fetch.sent",
    "layout.sent",
    "records.sent",
    "apply.sent",
    "apply.done",
    "publish.sent",
    "publish.done",
    "release.sent",
    "release.done",
)
"""Wherever a desk waits for the world: before a call acts (`sent`), and before its answer is there (`done`)."""

SELDOM_REACHED = ("layout.sent", "load_show.sent", "load_show.done", "records.sent", "release.sent", "release.done")
LOG_LOST, RESTORED = "log lost", "restored"


class Troubles:
    """At most one clock of a world is ever wrong, and at most one of log and database loses what it had.

    Both together lose what nobody can promise: the backup says of the log what is no longer so.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = world.rng
        self._wrong_clock = world.rng.choice((None, *world.clocks))
        self._wrong_by_ms = 0
        self._disaster = world.rng.choice((None, LOG_LOST, RESTORED))
        self._backup: Tables | None = None

    def strike(self) -> None:
        """Something goes wrong now; sometimes it comes to nothing."""
        process = self._victim()
        roll = self._rng.random()
        if roll < 0.25:
            place = self._rng.choice(list(process.places.values())) if process.places else None
            if place is not None and (place.is_busy or self._rng.random() < 0.3):
                self.kill(process, place)
        elif roll < 0.40:
            process.dies_at = process.dies_at or self._rng.choice(CRASH_POINTS + 8 * SELDOM_REACHED)
        elif roll < 0.52:
            self._break_connection(process)
        elif roll < 0.64:
            process.stopped_moves = self._rng.randint(5, 60)
            if self._rng.random() < 0.3:
                self._world.advance(4_000)  # its leases end
            self._did("stopped for a while", process.owner)
        elif roll < 0.70:
            self._world.advance(self._rng.choice((4_000, 20_000, 40_000)))
            self._did("time jumped")
        elif roll < 0.78:
            self._turn_clock()
        elif roll < 0.84:
            self._world.reader.crash()
            self._world.open_reader()
            self._did("reader restarted")
        elif roll < 0.89:
            self._world.restart_expiry(self._rng.randrange(len(self._world.expiries)))
            self._did("expiry worker restarted")
        elif self._disaster == LOG_LOST:
            self._lose_some_log()
        elif self._disaster == RESTORED:
            self._restore()

    def kill(self, process: AllocatorProcess, place: Place) -> None:
        """It is gone, with this one of its places at a point that counts."""
        world = self._world
        world.counts[f"crash: {place.point}"] += 1
        for other in process.places.values():
            self._may_arrive(other)
        # Killed, its backend is gone at once; with its machine, only its lease tells.
        if process.owner in world.tables.member:
            world.tables.member[process.owner]["has_backend"] = self._rng.random() < 0.3
        self._did("crash", f"of {process.owner} at {place.point} of partition {place.part}")
        world.restart(process)

    def deliver_late(self) -> None:
        """A batch reaches the database whose sender has given up, or is gone."""
        if not self._world.in_flight:
            return
        sent = self._world.in_flight.pop(self._rng.randrange(len(self._world.in_flight)))
        try:
            is_taken = self._world.commit(sent) is not None
        except DataRefused:
            self._world.counts["late batch: data refused"] += 1
        except MemoryDiffers as error:
            self._world.problems.append(f"a late batch passed the fence, and differs: {error}")
        else:
            self._world.counts["late batch: taken" if is_taken else "late batch: refused"] += 1

    def end(self) -> None:
        """All clocks are right, everybody wakes up, and what was on its way arrives."""
        world = self._world
        for clock in world.clocks.values():
            clock.advance(world.true.now_ms() - clock.now_ms())
        for process in world.processes.values():
            process.stopped_moves, process.dies_at = 0, None
        while world.in_flight:
            self.deliver_late()

    def _victim(self) -> AllocatorProcess:
        """Mostly one that has a batch on its way: a fault in idle time shows little."""
        processes = list(self._world.processes.values())
        busy = [process for process in processes if any(place.is_busy for place in process.places.values())]
        return self._rng.choice(busy if busy and self._rng.random() < 0.8 else processes)

    def _did(self, what: str, details: str = "") -> None:
        self._world.faults += 1
        self._world.counts[f"fault: {what}"] += 1
        self._world.note("FAULT", f"{what} {details}".strip())

    def _may_arrive(self, place: Place) -> None:
        if place.point == "apply.sent" and place.sending is not None:
            self._world.in_flight.append(place.sending)

    def _break_connection(self, process: AllocatorProcess) -> None:
        for place in list(process.places.values()):
            point = place.point
            if point.split(".")[0] in {"apply", "claim", "load", "load_show", "unpublished", "restart_log", "release"}:
                self._may_arrive(place)
                self._world.counts[f"broken: {point}"] += 1
                process.break_connection(place)
                self._did("result unknown", f"to {process.owner} at {point} of partition {place.part}")
                return

    def _turn_clock(self) -> None:
        if self._wrong_clock is None:
            return
        by_ms = -self._wrong_by_ms or self._rng.choice((-HOUR_MS, HOUR_MS))
        self._wrong_by_ms = self._wrong_by_ms + by_ms
        self._world.clocks[self._wrong_clock].advance(by_ms)
        self._did(f"clock of {self._wrong_clock}", f"jumps by {by_ms / HOUR_MS:+.0f} h")

    def _lose_some_log(self) -> None:
        world = self._world
        part = self._rng.choice(world.parts)
        if world.restarts[part] or not world.tables.cursor[part]["next_offset"]:
            return
        if self._rng.random() < 0.5:
            for process in world.processes.values():
                process.dies_at = self._rng.choice(("restart_log.sent", "restart_log.done"))
        log = world.logs[part]
        if self._rng.random() < 0.7:
            undecided = log.end - world.tables.cursor[part]["next_offset"]
            log.lose_tail(self._rng.randint(1, 12) + self._rng.choice((0, max(0, undecided))))
            self._did("log lost its tail", f"down to offset {log.end} of partition {part}")
            for _ in range(self._rng.choice((0, 60))):
                world.ask()  # what is there before anybody looks may reach further than what was lost
        else:
            log.lose_head(self._rng.randint(1, 1 + len(log.records)))
            self._did("log lost its head", f"up to offset {log.first} of partition {part}")

    def _restore(self) -> None:
        if self._backup is None or self._rng.random() < 0.3:
            self._backup = self._world.tables.backup()
            self._world.note("operator", "takes a backup")
            return
        world = self._world
        for process in list(world.processes.values()):
            world.restart(process)  # first they are stopped: what they publish now would be known to nobody
        world.in_flight.clear()
        world.restore(self._backup, decided_before(self._backup, world.logs, world.published))
        self._did("database restored from a backup")
