"""One partition in an allocator of the simulation: the real `claim` and `Desk`, with hands as in office.py."""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

from allocator.caution import Caution
from allocator.claiming import claim
from allocator.errors import DeskError, Replaced, ResultUnknown
from allocator.netting import Batch
from allocator.ports import CommandLog, Cursor, LogRecord, Observer, Publication
from allocator.service import Desk
from allocator.stock import PartitionState
from tests.simulation.hands import Hand
from tests.simulation.memory_store import MemoryStore
from tests.simulation.memory_tables import Tables
from ticketing.clock import Clock

DECIDED_AT_ONCE = (3, 20, 250)
UNPUBLISHED_MAX = 4


@dataclass(frozen=True)
class Sent:
    """A batch on its way to the database, with the records that it was decided from."""

    batch: Batch
    records: tuple[LogRecord, ...]


class Surroundings(Observer, Protocol):
    """What a process of the simulation finds around it: the world."""

    rng: random.Random
    tables: Tables
    counts: Counter[str]

    def meter(self) -> float:
        """Monotonic seconds."""
        ...

    def store_of(self, place: "Place") -> MemoryStore: ...
    def log_of(self, place: "Place") -> CommandLog: ...
    def note(self, who: str, what: str) -> None: ...


class Place:
    """One claim of one partition, from first to last; `owner` is the UUID of its process."""

    def __init__(self, part: int, owner: str, world: Surroundings, clock: Clock, caution: Caution) -> None:
        self.part = part
        self.owner = owner
        self.desk: Desk | None = None
        self.sending: Sent | None = None
        self.fetched: dict[int, LogRecord] = {}
        self.stop = False
        """It is to finish what it has begun, and to give the partition back."""
        self.replaced = False
        self.is_over = False
        self.error: Exception | None = None
        """What ended it, if it was not asked to end."""
        self._world = world
        self._clock = clock
        self._caution = caution
        self._store = world.store_of(self)
        self._log = world.log_of(self)
        self._claiming: Hand[tuple[Cursor, PartitionState] | None] = Hand(claim(self._store, self._log, world))
        self._gathering: Hand[bool] | None = None
        self._committing: Hand[Publication] | None = None
        self._publishing: Hand[None] | None = None
        self._releasing: Hand[None] | None = None
        self._to_publish: list[Publication] = []
        self._failed: Exception | None = None

    @property
    def is_busy(self) -> bool:
        """A batch is on its way to the database or to its readers."""
        return self._committing is not None or self._publishing is not None

    @property
    def point(self) -> str:
        """Where the hand stands that matters most: the one with a batch."""
        for hand in (self._committing, self._publishing, self._releasing, self._claiming, self._gathering):
            if hand is not None and not hand.is_done:
                return hand.point
        return "idle"

    def step(self) -> str | None:
        """One move of one hand, and the point that it came to; None: nothing to do, or it came to an end."""
        hand = self._next_hand()
        if hand is not None:
            hand.advance()
        self._take_results()
        return None if hand is None or hand.is_done else hand.point

    def break_connection(self) -> None:
        """The database's answer does not come: what was sent may or may not arrive."""
        hand: Hand[Any] | None = self._claiming if self.desk is None else self._committing or self._releasing
        if hand is not None and not hand.is_done:
            hand.fail(ResultUnknown("the connection broke"))
            self._take_results()

    def crash(self) -> None:
        """kill -9."""
        for hand in (self._claiming, self._gathering, self._committing, self._publishing, self._releasing):
            if hand is not None:
                hand.crash()
        self.desk = None
        self.is_over = True

    def _next_hand(self) -> Hand[Any] | None:
        if self.desk is None:
            return self._claiming
        if self._releasing is not None:
            return self._releasing
        hands: list[Hand[Any]] = [
            hand for hand in (self._committing, self._publishing) if hand is not None and not hand.is_done
        ]
        if self._gathering is not None or (self._failed is None and not self.stop and not self.desk.is_full):
            hands.append(self._gather(self.desk))
        if not hands:
            return None
        return hands[0] if len(hands) == 1 else self._world.rng.choice(hands)

    def _gather(self, desk: Desk) -> Hand[bool]:
        if self._gathering is None:
            self._gathering = Hand(desk.gather(0, self._world.rng.choice(DECIDED_AT_ONCE)))
        return self._gathering

    def _take_results(self) -> None:
        desk = self.desk
        if desk is None:
            self._take_claim()
        elif self._releasing is not None:
            if self._releasing.is_done:
                self._end(self._releasing.error)
        else:
            self._take_gathered(desk)
            self._take_committed(desk)
            if self._committing is None and self._gathering is None:
                # As in the office: a batch on its way is waited for, whatever gathering ran into.
                self._go_on(desk)

    def _take_claim(self) -> None:
        if not self._claiming.is_done:
            return
        if self._claiming.error is not None or self._claiming.result is None:
            self._end(self._claiming.error)
            return
        cursor, state = self._claiming.result
        self._world.note(self.owner, f"owns {cursor.at}, log generation {cursor.log_gen}")
        self.desk = Desk(
            cursor=cursor,
            state=state,
            store=self._store,
            log=self._log,
            clock=self._clock,
            meter=self._world.meter,
            observer=self._world,
            caution=self._caution,
        )

    def _take_gathered(self, desk: Desk) -> None:
        if self._gathering is None or not self._gathering.is_done:
            return
        gathered, self._gathering = self._gathering, None
        self._failed = self._failed or gathered.error
        if gathered.result and self._failed is None:
            self._gather(desk)  # there is more to decide at once

    def _take_committed(self, desk: Desk) -> None:
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

    def _go_on(self, desk: Desk) -> None:
        if self._failed is not None:
            self._end(self._failed)
        elif self.stop:
            if self.replaced:
                self._end(Replaced("the lease is another's"))
            elif self._publishing is None:
                self._releasing = Hand(self._store.release(desk.position, desk.published_seq))
        elif not desk.is_empty and desk.position.batch_seq - desk.published_seq <= UNPUBLISHED_MAX:
            batch = desk.seal()
            records = tuple(self.fetched.pop(offset) for offset in range(batch.at.next_offset, batch.next_offset))
            self.sending = Sent(batch, records)
            self._committing = Hand(desk.commit(batch))

    def _end(self, error: Exception | None) -> None:
        self.crash()  # nothing of it runs on: what was committed is published by whoever claims next
        self.error = error

    @property
    def is_broken(self) -> bool:
        """It ended in a way that must end the whole process, loudly."""
        return self.error is not None and not isinstance(self.error, DeskError)
