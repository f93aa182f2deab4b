"""One allocator process of the simulation: the real `claim` and `Desk`, with two hands as in allocator/office.py."""

from collections.abc import Callable
from dataclasses import dataclass

from allocator.caution import Caution
from allocator.errors import DeskError, ResultUnknown
from allocator.netting import Batch
from allocator.ports import CommandLog, Cursor, LogRecord, Observer
from allocator.service import Desk, claim
from allocator.stock import PartitionState
from tests.simulation.hands import Hand
from tests.simulation.memory_store import MemoryStore
from ticketing.clock import Clock

TICK_S = 0.3
"""How often a process renews its leases, and asks for a partition that another one has."""


@dataclass(frozen=True)
class Sent:
    """A batch on its way to the database, with the records that it was decided from."""

    batch: Batch
    records: tuple[LogRecord, ...]


class AllocatorProcess:
    """From process start to its end; `owner` is its UUID. `stopped_moves` > 0: it got SIGSTOP and wakes up later."""

    def __init__(
        self,
        *,
        owner: str,
        part: int,
        make_store: Callable[["AllocatorProcess"], MemoryStore],
        make_log: Callable[["AllocatorProcess"], CommandLog],
        clock: Clock,
        meter: Callable[[], float],
        observer: Observer,
        renew: Callable[["AllocatorProcess"], None],
    ) -> None:
        self.owner = owner
        self.part = part
        self.store = make_store(self)
        self.log = make_log(self)
        self.desk: Desk | None = None
        self.sending: Sent | None = None
        self.fetched: dict[int, LogRecord] = {}
        self.stopped_moves = 0
        self.tenure = object()
        """Another one for each claim: what it knows of the log it knows since then."""
        self.broken: Exception | None = None
        """What ended the process loudly."""
        self.losses: list[str] = []
        self._clock = clock
        self._meter = meter
        self._observer = observer
        self._renew = renew
        self._renewed_s = -1.0
        self._claim_at_s = 0.0
        self._caution = Caution()
        self._claiming: Hand[tuple[Cursor, PartitionState] | None] | None = None
        self._gathering: Hand[None] | None = None
        self.settling: Hand[None] | None = None
        self._failed: Exception | None = None

    @property
    def hands(self) -> list[Hand[None]]:
        """Those that are on their way at the desk."""
        return [hand for hand in (self._gathering, self.settling) if hand is not None and not hand.is_done]

    @property
    def is_at_work(self) -> bool:
        """It has a desk, or is claiming one."""
        return self.desk is not None or self._claiming is not None

    @property
    def point(self) -> str:
        """Where the hand stands that matters most: the settling one."""
        for hand in (self.settling, self._claiming, self._gathering):
            if hand is not None and not hand.is_done:
                return hand.point
        return "idle"

    def step(self, settle_first: bool) -> None:
        """One move of one hand."""
        if self._meter() - self._renewed_s >= TICK_S:
            self._renewed_s = self._meter()
            self._renew(self)
        if self.desk is None:
            self._claim()
        elif self.settling is not None and not self.settling.is_done and (settle_first or not self._can_gather):
            self._advance(self.settling)
        elif self._can_gather:
            if self._gathering is None:
                self._gathering = Hand(self.desk.gather(0))
            self._advance(self._gathering)
        self._take_results()

    def break_connection(self) -> None:
        """The database's answer does not come: what was sent may or may not arrive."""
        hand = self._claiming if self.desk is None else self.settling
        if hand is not None and not hand.is_done:
            hand.fail(ResultUnknown("the connection broke"))
            self._take_results()

    def crash(self) -> None:
        """kill -9."""
        for hand in (self._claiming, self._gathering, self.settling):
            if hand is not None:
                hand.crash()
        self.desk = self._claiming = self._gathering = self.settling = None

    @property
    def _can_gather(self) -> bool:
        if self._failed is not None:
            return False
        return self._gathering is not None or (self.desk is not None and not self.desk.is_full)

    def _advance(self, hand: Hand[None]) -> None:
        hand.advance()

    def _claim(self) -> None:
        if self._claiming is None:
            if self._meter() < self._claim_at_s:
                return
            self.fetched.clear()
            self.tenure = object()
            self._claiming = Hand(claim(self.store, self.log, self._observer))
        self._claiming.advance()

    def _take_results(self) -> None:
        self._take_claim()
        if self.desk is None:
            return
        if self._gathering is not None and self._gathering.is_done:
            self._failed = self._failed or self._gathering.error
            self._gathering = None
        if self.settling is not None and self.settling.is_done and self._gathering is None:
            self._failed = self.settling.error or self._failed
            self.settling = None
        if self._failed is not None:
            # As in the office: the batch on its way is waited for, whatever gathering ran into.
            if self.settling is None and self._gathering is None:
                self._drop(self._failed)
        elif self.settling is None and self._gathering is None and not self.desk.is_empty:
            batch = self.desk.seal()
            records = tuple(self.fetched[offset] for offset in range(batch.at.next_offset, batch.next_offset))
            self.sending = Sent(batch, records)
            self.settling = Hand(self.desk.settle(batch))

    def _take_claim(self) -> None:
        if self._claiming is None or not self._claiming.is_done:
            return
        claiming, self._claiming = self._claiming, None
        if claiming.error is not None:
            self._drop(claiming.error)
        elif claiming.result is None:
            self._claim_at_s = self._meter() + TICK_S
        else:
            cursor, state = claiming.result
            self.desk = Desk(
                cursor=cursor,
                state=state,
                store=self.store,
                log=self.log,
                clock=self._clock,
                meter=self._meter,
                observer=self._observer,
                caution=self._caution,
            )

    def _drop(self, error: Exception) -> None:
        self.desk = self._gathering = self.settling = self._failed = None
        self.losses.append(type(error).__name__)
        if not isinstance(error, DeskError):
            self.broken = error
