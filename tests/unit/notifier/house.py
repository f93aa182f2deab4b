"""A notifier whose every port is a fake: no event loop, no server."""

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from types import TracebackType
from typing import Any

from notifier.door import Door
from notifier.hall import Hall
from notifier.halls import Halls
from notifier.lounge import Lounges
from notifier.ports import Facts, KeyFound, Limits, Snapshot, StoreAway
from notifier.reception import Reception
from notifier.selling import NotPlaced, Selling
from notifier.service import Notifier
from notifier.watcher import Watcher
from tests.unit.notifier.theatre import (
    PART,
    SECOND,
    SHOW,
    T0,
    VENUE,
    FakeBatch,
    FakeWire,
    Sale,
    batch,
    small_layout,
)
from ticketing.clock import ManualClock
from ticketing.finishing import finishing_token
from ticketing.messages import AnyCommand, AnyOutcome, Policy, decode_command
from ticketing.tokens import Pass, TokenKeys, api_key_hash

KEYS = TokenKeys(["a secret of enough length"])
FACTS = Facts(SHOW, PART, VENUE, "lay_1", Policy())
ASKS_MAX, ASKS_EACH_MAX = 5, 3
LAG_MAX_MS = 5 * SECOND
ADMIN_KEY = "osk_live_" + "0" * 48
PASS = KEYS.sign_pass(Pass(SHOW, "ent_anna", 1, T0 + 600 * SECOND))


def done(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run what never waits, or whose waiting is a bare turn for others."""
    while True:
        try:
            coroutine.send(None)
        except StopIteration as end:
            return end.value


class FreeTurn:
    """A lock that nobody holds."""

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class FakeOutcomes:
    def __init__(self, clock: ManualClock, seen: int = 0) -> None:
        self.clock = clock
        self.ready: list[FakeBatch] = []
        self.seen = {PART: seen}
        self.waits_s: list[float] = []

    async def step(self, now_ms: int, timeout_s: float = 0.5) -> Sequence[FakeBatch]:
        self.waits_s.append(timeout_s)
        if not self.ready:
            self.clock.advance(max(round(timeout_s * 1000), 1))
        taken, self.ready = self.ready, []
        for found in taken:
            self.seen[PART] = found.batch_seq
        return taken


class FakeStore:
    """What is committed: the tables follow each batch at once, as Postgres does."""

    def __init__(self) -> None:
        self.sale = Sale()
        self.batches: list[FakeBatch] = []
        self.away = False
        self.loads = 0
        self.keys = {api_key_hash(ADMIN_KEY): KeyFound("key_office", frozenset({"admin"}), False)}
        self.revoked_ids: set[str] = set()
        self.least_waves: dict[int, int] = {}

    def commit(self, *outcomes: AnyOutcome) -> FakeBatch:
        self.batches.append(batch(len(self.batches) + 1, *outcomes))
        return self.batches[-1]

    async def facts(self, show: int) -> Facts | None:
        return FACTS if show == SHOW else None

    async def load(self, facts: Facts) -> Snapshot:
        self._answer()
        self.loads += 1
        return Snapshot(
            batch_seq=len(self.batches),
            seq=self.sale.seq,
            status="open",
            currency="EUR",
            layout=small_layout(),
            reservations=[(found.id, found.status, found.seats, found.areas) for found in self.sale.live.values()],
        )

    async def read_batches(self, part: int, after_seq: int, up_to_seq: int) -> Sequence[FakeBatch]:
        self._answer()
        return self.batches[max(after_seq, 0) : up_to_seq]

    async def find(self, key_hash: bytes) -> KeyFound | None:
        self._answer()
        return self.keys.get(key_hash)

    async def find_by_id(self, key_id: str) -> KeyFound | None:
        self._answer()
        return next((found for found in self.keys.values() if found.key_id == key_id), None)

    async def waves(self) -> dict[int, int]:
        self._answer()
        return self.least_waves

    async def revoked(self, key_ids: set[str]) -> set[str]:
        self._answer()
        return self.revoked_ids & key_ids

    def _answer(self) -> None:
        if self.away:
            raise StoreAway("away")


class FakeLog:
    """Takes commands, and says where they stand when it is told to; or at once."""

    def __init__(self) -> None:
        self.commands: list[AnyCommand] = []
        self.at_once = True
        self.refuses: NotPlaced | None = None
        self.waiting: list[Callable[[], None]] = []
        self.next_offset = 1

    def append(self, part: int, value: bytes, placed: Callable[[int | NotPlaced], None]) -> None:
        assert part == PART
        self.commands.append(decode_command(value))
        where = self.refuses or self.next_offset
        self.next_offset += 1
        self.waiting.append(lambda: placed(where))
        if self.at_once:
            self.answers()

    def answers(self) -> None:
        """Say where all that waits stands."""
        waiting, self.waiting = self.waiting, []
        for tell in waiting:
            tell()


class FakeWarnings:
    def __init__(self, *records: bytes) -> None:
        self.records = list(records)

    async def poll(self, records_max: int, timeout_s: float) -> Sequence[bytes]:
        return self.records


class House:
    """A notifier with one show in the catalogue."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.clock, self.elapsed = ManualClock(T0), ManualClock(0)
        self.later: list[tuple[float, Callable[[], None]]] = []
        """What is to be done so many seconds later."""
        self.store = FakeStore()
        self.outcomes = FakeOutcomes(self.clock)
        limits = limits or Limits()
        self.log = FakeLog()
        self.paused = False
        self.halls = Halls(
            store=self.store,
            clock=self.clock,
            limits=limits,
            new_turn=FreeTurn,
            pause=self._pause,
            sign_finish=partial(finishing_token, tokens=KEYS),
        )
        door = Door(sockets_max=limits.sockets_max, random=lambda: 0.5)
        self.lounges = Lounges(door=door, clock=self.clock, limits=limits)
        self.reception = Reception(
            halls=self.halls,
            keys=self.store,
            tokens=KEYS,
            clock=self.clock,
            limits=limits,
            selling=Selling(
                log=self.log,
                clock=self.clock,
                elapsed=self.elapsed,
                entropy=bytes,
                asks_max=ASKS_MAX,
                asks_each_max=ASKS_EACH_MAX,
                lag_max_ms=LAG_MAX_MS,
                is_paused=lambda part: self.paused,
                later=lambda seconds, act: self.later.append((seconds, act)),
            ),
            door=door,
        )
        self.notifier = Notifier(halls=self.halls, reception=self.reception, clock=self.clock, pause=self._pause)
        self.notifier.follow(self.outcomes)

    async def _pause(self, seconds: float) -> None:
        self.passes(round(seconds * 1000))

    @property
    def sale(self) -> Sale:
        return self.store.sale

    def happens(self, *outcomes: AnyOutcome) -> None:
        """Committed, published, heard."""
        self.outcomes.ready.append(self.store.commit(*outcomes))
        done(self.notifier.step())

    def enters(self, address: str = "192.0.2.1") -> tuple[Hall, Watcher, FakeWire]:
        wire = FakeWire()
        entered = done(self.reception.enter(FACTS, wire, address))
        assert entered is not None
        wire.watcher = entered[1]
        return (*entered, wire)

    def says(self, who: tuple[Hall, Watcher, FakeWire], text: str) -> list[str]:
        """What is answered, by type."""
        wire = who[2]
        before = len(wire.frames)
        self.hears(who, text.encode())
        return [frame["type"] for frame in wire.told()[before:]]

    def hears(self, who: tuple[Hall, Watcher, FakeWire], raw: bytes) -> None:
        """A frame has come, whatever it is."""
        rest = self.reception.hear(who[0], who[1], raw)
        if rest is not None:
            done(rest)

    def passes(self, ms: int) -> None:
        """So much time."""
        self.clock.advance(ms)
        self.elapsed.advance(ms)

    def sweeps_after(self, ms: int) -> None:
        self.passes(ms)
        done(self.reception.sweep())
