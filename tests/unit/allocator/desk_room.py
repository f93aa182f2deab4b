"""A room with one desk, over a store and a log in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field

from allocator.caution import Caution
from allocator.claiming import claim
from allocator.netting import Batch
from allocator.ports import Publication
from allocator.service import Desk
from tests.simulation.crowd import DOCUMENT, LAYOUT_ID, SHA256, SHOWS, opening
from tests.simulation.memory_log import Commands, MemoryLog
from tests.simulation.memory_store import MemoryStore
from tests.simulation.memory_tables import Tables
from ticketing import messages
from ticketing.clock import ManualClock
from ticketing.messages import AnyOutcome, decode_outcomes, encode

T0 = 1_800_000_000_000
SHOW = SHOWS[0]


@dataclass
class Heard:
    """What the desk told its observer."""

    bugs: list[int] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)
    lost: list[tuple[int, int]] = field(default_factory=list)

    def bug(self, part: int, offset: int, error: Exception) -> None:
        self.bugs.append(offset)

    def unreadable(self, part: int, offset: int) -> None:
        self.dead.append(offset)

    def log_lost(self, part: int, expected: int, continued_at: int) -> None:
        self.lost.append((expected, continued_at))

    def settled(self, part: int, batch: Batch, seconds: float) -> None: ...


class Room:
    """One partition, one allocator, one show that is open; the desk's own clock and meter in the test's hand."""

    def __init__(self) -> None:
        self.database, self.broker, self.own = ManualClock(T0), ManualClock(T0), ManualClock(T0)
        self.elapsed_s = 0.0
        self.tables = Tables(self.database)
        self.tables.layouts[LAYOUT_ID] = SHA256, DOCUMENT
        self.commands = Commands(self.broker)
        self.published: list[Publication] = []
        self.heard = Heard()
        self.caution = Caution()
        self.meter: Callable[[], float] = lambda: self.elapsed_s
        self.say(opening(SHOW, T0))

    def say(self, *commands: messages.AnyCommand | bytes) -> None:
        for command in commands:
            self.commands.append(command if isinstance(command, bytes) else encode(command))

    async def desk(self, owner: str = "anna") -> Desk:
        store = MemoryStore(0, owner, self.tables)
        log = MemoryLog({0: self.commands}, self.published)
        claimed = await claim(store, log, self.heard)
        assert claimed is not None
        return Desk(
            cursor=claimed[0],
            state=claimed[1],
            store=store,
            log=log,
            clock=self.own,
            meter=self.meter,
            observer=self.heard,
            caution=self.caution,
        )

    async def successor(self, owner: str = "ben") -> Desk:
        self.tables.cursor[0]["lease_until"] = 0
        return await self.desk(owner)

    def outcomes(self) -> list[AnyOutcome]:
        return [outcome for row in self.tables.outcome_log.values() for outcome in decode_outcomes(row["payload"])]


async def settle(desk: Desk) -> None:
    """Everything that is queued."""
    await desk.gather(0)
    while not desk.is_empty:
        await desk.settle(desk.seal())
        await desk.gather(0)


def hold(n: int, *seats: int, show: int = SHOW) -> messages.HoldSeats:
    return messages.HoldSeats(
        show=show, key=n.to_bytes(16), fingerprint=b"f" * 8, sent_at_ms=T0, account=f"ent_{n}", seats=seats
    )


def release(n: int) -> messages.ReleaseHold:
    return messages.ReleaseHold(
        show=SHOW,
        key=(n + 1000).to_bytes(16),
        fingerprint=b"g" * 8,
        sent_at_ms=T0,
        account=f"ent_{n}",
        reservation=n.to_bytes(16),
    )
