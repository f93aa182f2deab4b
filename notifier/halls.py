"""The shows that are watched in this process: loaded when the first one comes, moved on by every batch.

A hall is loaded while outcomes go on arriving. Those that arrive meanwhile are kept; the snapshot is shown only when
its own last batch has been published (seen by the follower), and then moved on by those that came after it.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from notifier import metrics
from notifier.hall import Hall
from notifier.persons import SignFinish
from notifier.ports import Batch, Facts, Limits, NotNow, Outcomes, Snapshot, Store
from notifier.recall import Event
from ticketing.clock import Clock
from ticketing.intake import ShowFacts
from ticketing.messages import decode_outcomes
from ticketing.show_view import SequenceGap, ShowView

LOAD_POLL_S = 0.01
LOAD_MS_MAX = 10_000
ARRIVED_WHILE_LOADING_MAX = 50_000
REPLAY_BATCHES_PER_READ = 8

Turn = AbstractAsyncContextManager[Any]


@dataclass(slots=True)
class _Loading:
    part: int
    arrived: list[tuple[Batch, Event]] = field(default_factory=list)
    overrun: bool = False


class Halls:
    """`new_turn` makes locks and `pause` waits (seconds): ports, so that nothing here needs an event loop.

    `sign_finish` makes the token with which a reservation can be finished. `cluster_of` says in which cluster of the
    store a partition is: outcomes are followed cluster by cluster.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        limits: Limits,
        new_turn: Callable[[], Turn],
        pause: Callable[[float], Awaitable[None]],
        sign_finish: SignFinish,
        cluster_of: Callable[[int], int] = lambda part: 0,
    ) -> None:
        self._sign_finish = sign_finish
        self._store = store
        self._clock = clock
        self._limits = limits
        self._pause = pause
        self._new_turn = new_turn
        self._load_turn = new_turn()
        self._halls: dict[int, Hall] = {}
        self._recall_turns: dict[int, Turn] = {}
        self._loading: dict[int, _Loading] = {}
        self._cluster_of = cluster_of
        self._outcomes: dict[int, Outcomes] = {}

    def __iter__(self) -> Iterator[Hall]:
        return iter(list(self._halls.values()))

    def __len__(self) -> int:
        return len(self._halls)

    def outcomes(self, cluster: int = 0) -> Outcomes:
        """What is followed of a cluster. Raises `NotNow` before the first `follow`."""
        if cluster not in self._outcomes:
            raise NotNow("no outcomes are followed yet")
        return self._outcomes[cluster]

    def follow(self, outcomes: Outcomes, cluster: int = 0) -> None:
        """Follow these from now on; halls that are being loaded meanwhile are given up."""
        self._outcomes[cluster] = outcomes
        for loading in self._loading.values():
            loading.overrun |= self._cluster_of(loading.part) == cluster

    def of_cluster(self, cluster: int) -> list[Hall]:
        """The halls of the shows that are there."""
        return [hall for hall in self._halls.values() if self._cluster_of(hall.part) == cluster]

    def get(self, show: int) -> Hall | None:
        """The hall of a show, if it is watched."""
        return self._halls.get(show)

    def drop(self, hall: Hall) -> None:
        """Keep it current no longer."""
        self._halls.pop(hall.show, None)
        hall.persons.asks.forget_all()
        self._recall_turns.pop(hall.show, None)
        metrics.SHOWS.set(len(self._halls))

    async def open(self, facts: Facts) -> Hall:
        """The hall of a show, loaded if need be. Raises `StoreAway`, `NotNow`."""
        if facts.show not in self._halls:
            async with self._load_turn:
                # Somebody else may have loaded it while this one waited for the turn.
                if facts.show not in self._halls:
                    await self._load(facts)
        return self._halls[facts.show]

    def take(self, batch: Batch) -> list[Hall]:
        """Let one batch happen; the halls that missed an outcome before it, and must go."""
        part = batch.part
        loading = {show: found for show, found in self._loading.items() if found.part == part}
        if not loading and all(hall.part != part for hall in self._halls.values()):
            metrics.BATCHES.labels("skipped").inc()
            return []
        metrics.BATCHES.labels("read").inc()
        now_ms = self._clock.now_ms()
        broken: dict[int, Hall] = {}
        for outcome in decode_outcomes(batch.payload):
            event = Event(batch.log_gen, outcome)
            if outcome.show in loading:
                _keep(loading[outcome.show], batch, event)
            hall = self._halls.get(outcome.show)
            if hall is not None and hall.show not in broken:
                try:
                    hall.absorb(event, batch.decided_at_ms, now_ms)
                except SequenceGap:
                    metrics.RELOADS.inc()
                    broken[hall.show] = hall
        return list(broken.values())

    async def reach_back(self, hall: Hall, after_seq: int) -> None:
        """Read outcomes that were decided before this hall was loaded, as far as `after_seq` and the limits ask.

        Once for all who come back at the same time. Raises `StoreAway`.
        """
        recall = hall.recall
        async with self._recall_turns.setdefault(hall.show, self._new_turn()):
            while not (recall.reaches(after_seq) or recall.is_full()) and recall.first_batch > 1:
                if hall.loaded_batch + 1 - recall.first_batch >= self._limits.replay_batches_max:
                    return
                up_to_seq = recall.first_batch - 1
                batches = await self._store.read_batches(hall.part, up_to_seq - REPLAY_BATCHES_PER_READ, up_to_seq)
                if not batches:
                    return
                for batch in reversed(batches):
                    if recall.is_full() or batch.batch_seq != recall.first_batch - 1:
                        return
                    recall.prepend(batch.batch_seq, _events_of(hall.show, batch))

    async def _load(self, facts: Facts) -> None:
        self._make_room()
        outcomes = self.outcomes(self._cluster_of(facts.part))
        loading = self._loading[facts.show] = _Loading(facts.part)
        try:
            snapshot = await self._store.load(facts)
            await self._until_seen(outcomes, facts.part, snapshot.batch_seq)
        finally:
            del self._loading[facts.show]
        if loading.overrun:
            raise NotNow("too much happened while the show was being read")
        hall = self._hall(facts, snapshot)
        now_ms = self._clock.now_ms()
        try:
            for batch, event in loading.arrived:
                if batch.batch_seq > snapshot.batch_seq:
                    hall.absorb(event, batch.decided_at_ms, now_ms)
        except SequenceGap as error:
            raise NotNow("the show moved on while it was being read") from error
        hall.empty_since_ms = now_ms
        self._halls[facts.show] = hall
        metrics.SHOWS.set(len(self._halls))

    def _make_room(self) -> None:
        if len(self._halls) >= self._limits.shows_max:
            empty = next((hall for hall in self._halls.values() if not hall.watchers), None)
            if empty is None:
                raise NotNow("this server shows all the shows it can bear")
            self.drop(empty)

    async def _until_seen(self, outcomes: Outcomes, part: int, batch_seq: int) -> None:
        give_up_ms = self._clock.now_ms() + LOAD_MS_MAX
        while outcomes.seen.get(part, -1) < batch_seq:
            if self._clock.now_ms() > give_up_ms:
                raise NotNow("the last batch of the show has not been published yet")
            await self._pause(LOAD_POLL_S)

    def _hall(self, facts: Facts, snapshot: Snapshot) -> Hall:
        view = ShowView(snapshot.layout, seq=snapshot.seq, status=snapshot.status)
        for reservation, status, seats, areas in snapshot.reservations:
            view.load(reservation, status, seats, areas)
        return Hall(
            facts=ShowFacts(facts.show, facts.part, facts.venue, snapshot.layout, snapshot.policy or facts.policy),
            currency=snapshot.currency,
            view=view,
            batch_seq=snapshot.batch_seq,
            limits=self._limits,
            sign_finish=self._sign_finish,
        )


def _keep(loading: _Loading, batch: Batch, event: Event) -> None:
    if len(loading.arrived) >= ARRIVED_WHILE_LOADING_MAX:
        loading.overrun = True
    else:
        loading.arrived.append((batch, event))


def _events_of(show: int, batch: Batch) -> list[Event]:
    outcomes = decode_outcomes(batch.payload)
    return [Event(batch.log_gen, outcome) for outcome in outcomes if outcome.show == show]
