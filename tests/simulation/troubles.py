"""What goes wrong in a sale: one trouble at a time, chosen by the world's seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allocator.errors import DataRefused, MemoryDiffers
from tests.simulation.allocators import AllocatorProcess

if TYPE_CHECKING:
    from tests.simulation.world import World

HOUR_MS = 3_600_000


class Troubles:
    """Each method says whether it came to anything. At most one clock of a world is ever wrong."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = world.rng
        self._wrong_clock = world.rng.choice((None, *world.clocks))
        self._wrong_by_ms = 0

    def strike(self) -> bool:
        """Something goes wrong now."""
        process = self._victim()
        roll = self._rng.random()
        if roll < 0.35:
            return self._crash(process)
        if roll < 0.50:
            return self._break_connection(process)
        if roll < 0.62:
            process.stopped_moves = self._rng.randint(5, 60)
            return self._did("stopped for a while")
        if roll < 0.70:
            self._world.advance(self._rng.choice((4_000, 20_000, 40_000)))
            return self._did("time jumped")
        if roll < 0.78:
            return self._turn_clock()
        if roll < 0.84:
            self._world.reader.crash()
            self._world.reader = self._world.open_reader()
            return self._did("reader restarted")
        if roll < 0.90:
            self._world.restart_expiry(self._rng.randrange(len(self._world.expiries)))
            return self._did("expiry worker restarted")
        return self._lose_some_log()

    def _victim(self) -> AllocatorProcess:
        """Mostly one that has a batch on its way: a fault in idle time shows little."""
        busy = [process for process in self._world.processes.values() if process.is_busy]
        return self._rng.choice(busy if busy and self._rng.random() < 0.8 else list(self._world.processes.values()))

    def _did(self, what: str) -> bool:
        self._world.counts[f"fault: {what}"] += 1
        self._world.note(f"FAULT {what}")
        return True

    def _crash(self, process: AllocatorProcess) -> bool:
        if process.point in {"idle", "start"} and self._rng.random() < 0.7:
            return False
        self._world.counts[f"crash: {process.point}"] += 1
        self._world.note(f"{process.owner} dies at {process.point}")
        if process.point == "apply.sent" and process.sending is not None:
            self._world.in_flight.append(process.sending)
        # Killed, its backend is gone at once; with its machine, only its lease tells.
        self._world.tables.backends[process.owner] = self._rng.random() < 0.3
        self._world.restart(process)
        return self._did("crash")

    def _break_connection(self, process: AllocatorProcess) -> bool:
        point = process.point
        if point.split(".")[0] not in {"apply", "claim", "load", "unpublished", "restart_log"}:
            return False
        if point == "apply.sent" and process.sending is not None:
            self._world.in_flight.append(process.sending)
        self._world.counts[f"broken: {point}"] += 1
        process.break_connection()
        return self._did("result unknown")

    def _turn_clock(self) -> bool:
        if self._wrong_clock is None:
            return False
        by_ms = -self._wrong_by_ms or self._rng.choice((-HOUR_MS, HOUR_MS))
        self._wrong_by_ms = self._wrong_by_ms + by_ms
        self._world.clocks[self._wrong_clock].advance(by_ms)
        return self._did(f"clock of {self._wrong_clock}")

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

    def _lose_some_log(self) -> bool:
        if self._world.restarts or not self._world.tables.show or self._rng.random() < 0.5:
            return False
        if self._rng.random() < 0.7:
            self._world.log.lose_tail(self._rng.randint(1, 12))
            return self._did("log lost its tail")
        self._world.log.lose_head(self._rng.randint(1, 1 + len(self._world.log.records)))
        return self._did("log lost its head")
