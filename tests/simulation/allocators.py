"""One allocator process of the simulation: the real `claim` and `Desk`, with three hands as in allocator/office.py."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allocator.caution import Caution
from allocator.claiming import claim
from allocator.errors import DeskError, Replaced, ResultUnknown
from allocator.netting import Batch
from allocator.ports import CommandLog, Cursor, LogRecord, Observer, Publication
from allocator.service import Desk
from allocator.stock import PartitionState
from tests.simulation.hands import Hand
from tests.simulation.memory_store import MemoryStore
from ticketing.clock import Clock

DECIDED_AT_ONCE = (3, 20, 250)
UNPUBLISHED_MAX = 4
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
        renew: Callable[["AllocatorProcess"], bool],
        rng: random.Random,
    ) -> None:
        self.owner = owner
        self.part = part
        self.store = make_store(self)
        self.log = make_log(self)
        self.desk: Desk | None = None
        self.sending: Sent | None = None
        self.fetched: dict[int, LogRecord] = {}
        self.stopped_moves = 0
        self.broken: Exception | None = None
        """What ended the process loudly."""
        self.losses: list[str] = []
        self._clock = clock
        self._meter = meter
        self._observer = observer
        self._renew = renew
        self._rng = rng
        self._renewed_s = -1.0
        self._claim_at_s = 0.0
        self._caution = Caution()
        self._claiming: Hand[tuple[Cursor, PartitionState] | None] | None = None
        self._gathering: Hand[bool] | None = None
        self._committing: Hand[Publication] | None = None
        self._publishing: Hand[None] | None = None
        self._to_publish: list[Publication] = []
        self._failed: Exception | None = None

    @property
    def is_busy(self) -> bool:
        """A batch is on its way to the database or to its readers."""
        return self._committing is not None or self._publishing is not None

    @property
    def point(self) -> str:
        """Where the hand stands that matters most: the one with a batch."""
        for hand in (self._committing, self._publishing, self._claiming, self._gathering):
            if hand is not None and not hand.is_done:
                return hand.point
        return "idle"

    def step(self) -> None:
        """One move of one hand."""
        if self._meter() - self._renewed_s >= TICK_S:
            self._renewed_s = self._meter()
            if not self._renew(self):
                self._failed = self._failed or Replaced("the lease is another's")
        if self.desk is None:
            self._claim()
        else:
            hands: list[Hand[Any]] = [
                hand for hand in (self._committing, self._publishing) if hand is not None and not hand.is_done
            ]
            if self._can_gather:
                hands.append(self._gather())
            if hands:
                self._rng.choice(hands).advance()
        self._take_results()

    def break_connection(self) -> None:
        """The database's answer does not come: what was sent may or may not arrive."""
        hand = self._claiming if self.desk is None else self._committing
        if hand is not None and not hand.is_done:
            hand.fail(ResultUnknown("the connection broke"))
            self._take_results()

    def crash(self) -> None:
        """kill -9."""
        for hand in (self._claiming, self._gathering, self._committing, self._publishing):
            if hand is not None:
                hand.crash()
        self.desk = self._claiming = self._gathering = self._committing = self._publishing = None
        self._to_publish.clear()

    @property
    def _can_gather(self) -> bool:
        if self._gathering is not None:
            return True
        return self._failed is None and self.desk is not None and not self.desk.is_full

    def _gather(self) -> Hand[bool]:
        assert self.desk is not None
        if self._gathering is None:
            self._gathering = Hand(self.desk.gather(0, self._rng.choice(DECIDED_AT_ONCE)))
        return self._gathering

    def _claim(self) -> None:
        if self._claiming is None:
            if self._meter() < self._claim_at_s:
                return
            self.fetched.clear()
            self._claiming = Hand(claim(self.store, self.log, self._observer))
        self._claiming.advance()

    def _take_results(self) -> None:
        self._take_claim()
        desk = self.desk
        if desk is None:
            return
        if self._gathering is not None and self._gathering.is_done:
            gathered, self._gathering = self._gathering, None
            self._failed = self._failed or gathered.error
            if gathered.result and self._failed is None:
                self._gather()  # there is more to decide at once
        if self._committing is not None and self._committing.is_done and self._gathering is None:
            committed, self._committing = self._committing, None
            self._failed = committed.error or self._failed
            if committed.result is not None:
                self._to_publish.append(committed.result)
        if self._publishing is not None and self._publishing.is_done:
            self._failed = self._failed or self._publishing.error
            self._publishing = None
        if self._publishing is None and self._to_publish and self._failed is None:
            self._publishing = Hand(desk.publish(self._to_publish.pop(0)))
        if self._committing is not None or self._gathering is not None:
            return  # as in the office: a batch on its way is waited for, whatever gathering ran into
        if self._failed is not None:
            self._drop(self._failed)
        elif not desk.is_empty and desk.position.batch_seq - desk.published_seq <= UNPUBLISHED_MAX:
            batch = desk.seal()
            records = tuple(self.fetched[offset] for offset in range(batch.at.next_offset, batch.next_offset))
            self.sending = Sent(batch, records)
            self._committing = Hand(desk.commit(batch))

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
        self.crash()  # nothing of it runs on: what was committed is published by whoever claims next
        self._failed = None
        self.losses.append(type(error).__name__)
        if not isinstance(error, DeskError):
            self.broken = error
