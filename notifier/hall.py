"""One show and everybody who watches it.

Public frames: `view` stands at the newest number; those in step stand at `flushed_seq` and are sent one shared frame
when `pace` allows. Whoever stands elsewhere (just came, was busy, or watches a part of the hall) is brought up to date
by itself; frames made for that are shared as well, by the number they begin at and the part, until the view moves.
"""

from collections.abc import Iterator
from dataclasses import replace

from notifier import bodies, frames, metrics
from notifier.audience import Right
from notifier.frames import Frame, frame
from notifier.judged import Judged
from notifier.merging import JOIN_MS, ChangeRing, Pace
from notifier.persons import Persons, SignFinish, warning_event
from notifier.ports import Limits
from notifier.recall import Event, Recall
from notifier.watcher import NOT_TOLD, Watcher
from ticketing.intake import ShowFacts
from ticketing.messages import HoldExpiring, ShowCancelled, ShowChanged, ShowClosed, ShowOpened
from ticketing.show_view import ShowView
from ticketing.socket_frames import Box, Data, StatusData
from ticketing.telling import Where
from ticketing.vocabulary import ShowStatus

MADE_MAX = 256
"""Frames kept for the next socket that stands at the same number and watches the same part."""
WATCHERS_PER_TURN = 250
"""Sockets served before others get their turn."""


class Hall:
    """Shows what happened and decides nothing. `loaded_batch`: the last batch in the snapshot that it began with."""

    def __init__(
        self,
        *,
        facts: ShowFacts,
        currency: str,
        view: ShowView,
        batch_seq: int,
        limits: Limits,
        sign_finish: SignFinish,
    ) -> None:
        self.facts = facts
        self.judged = Judged(facts)
        self.show = facts.show
        self.part = facts.part
        self.venue = facts.venue
        self.view = view
        self.loaded_batch = batch_seq
        self.ring = ChangeRing(view.seq, limits.changes_max)
        self.recall = Recall(after_seq=view.seq, after_batch=batch_seq, events_max=limits.events_max)
        self.persons = Persons(
            part=facts.part,
            where=Where(facts.show, facts.venue, currency, facts.layout),
            recall=self.recall,
            sign_finish=sign_finish,
        )
        self.pace = Pace()
        self.flushed_seq = view.seq
        self.watchers: dict[Watcher, None] = {}
        self.empty_since_ms = 0
        self._made: dict[tuple[int, Box | None], Frame] = {}
        self._made_at_seq = view.seq
        self._oldest_unsent_ms: int | None = None

    def flush_in_ms(self, now_ms: int, *, alone: bool = False) -> int | None:
        """How long the next public frame has to wait; None when there is nothing to say.

        `alone`: no verdict goes out with it; one that is expected may still come.
        """
        if self.view.seq == self.flushed_seq:
            return None
        return self.pace.wait_ms(now_ms, JOIN_MS if alone and self.persons.asks else 0)

    def add(self, watcher: Watcher) -> None:
        """A socket that hears nothing yet."""
        self.watchers[watcher] = None

    def remove(self, watcher: Watcher, now_ms: int) -> None:
        """The socket is gone."""
        self.watchers.pop(watcher, None)
        self.persons.forget(watcher)
        self.empty_since_ms = now_ms

    def identify(self, watcher: Watcher, right: Right | None) -> None:
        """From now on the socket hears what this right lets it hear."""
        self.persons.identify(watcher, right)

    def start(self, watcher: Watcher, after_seq: int | None, now_ms: int, box: Box | None = None) -> None:
        """Public frames from now on: what changed after `after_seq`, or a snapshot; of seats those inside `box`."""
        known = after_seq is not None and self.ring.floor_seq <= after_seq <= self.ring.seq
        watcher.told_seq = after_seq if known and after_seq is not None else NOT_TOLD
        watcher.subscribed = True
        watcher.box = box
        self.catch_up(watcher, now_ms)

    def stop(self, watcher: Watcher) -> None:
        """No public frames from now on."""
        watcher.subscribed = False
        watcher.told_seq = NOT_TOLD

    def absorb(self, event: Event, decided_at_ms: int, now_ms: int) -> None:
        """One outcome of the show happened; after the last of them `let_go` or `flush`. Raises `SequenceGap`."""
        outcome = event.outcome
        self.recall.append(event)
        change = self.view.apply(outcome)
        if change is not None:
            if isinstance(outcome, ShowChanged) and outcome.policy is not None:
                self.facts = replace(self.facts, policy=outcome.policy)
            if isinstance(outcome, ShowOpened):
                self.view.status = ShowStatus.OPEN
            self.ring.push(change)
            if self._oldest_unsent_ms is None:
                self._oldest_unsent_ms = decided_at_ms
        self.persons.absorb(event, now_ms)
        if change is not None and isinstance(outcome, ShowOpened | ShowClosed | ShowCancelled):
            self._tell_status(now_ms)

    def warn(self, warning: HoldExpiring, now_ms: int) -> bool:
        """Tell the owner that a hold ends soon; False when that was told already, or is true no longer."""
        data = bodies.expiring(warning)
        made = self.frame("reservation_expiring", data, now_ms, warning_event(self.show, warning))
        return self.persons.warn(warning, made)

    def replay(self, watcher: Watcher, after_seq: int, now_ms: int) -> None:
        """Tell again what the socket's person may have missed after `after_seq`; say so where that cannot be known."""
        self.persons.replay(watcher, after_seq, now_ms, self.view.seq)

    def let_go(self) -> None:
        """Send the verdicts of what happened, which were held back for the public frame, without it."""
        for watcher in self.persons.take_held_back():
            watcher.let_go()

    def flush(self, now_ms: int) -> Iterator[None]:
        """Send what changed to everybody in step; yields now and then, so that others get their turn."""
        to_seq = self.view.seq
        made = self._changes(self.flushed_seq, None, now_ms)
        sent = 0
        for watcher in self.persons.take_held_back():
            in_step = made is not None and watcher.told_seq == self.flushed_seq and watcher.box is None
            if watcher.let_go(made if in_step else None) and in_step:
                watcher.told_seq = to_seq
        for place, watcher in enumerate(list(self.watchers)):
            if place % WATCHERS_PER_TURN == WATCHERS_PER_TURN - 1:
                yield
            if watcher.told_seq == self.flushed_seq and watcher.takes and watcher.box is None and made is not None:
                # Who is not subscribed stands at no number.
                watcher.told_seq = to_seq
                watcher.write(made.packed)
                sent += 1
            elif watcher.told_seq != to_seq:
                self.catch_up(watcher, now_ms)
        self.flushed_seq = to_seq
        if made is not None:
            metrics.FRAMES.labels(made.kind).inc(sent)
        if self._oldest_unsent_ms is not None:
            metrics.TOLD_AFTER.observe(max(now_ms - self._oldest_unsent_ms, 0) / 1000)
            self._oldest_unsent_ms = None

    def drained(self, watcher: Watcher, now_ms: int) -> None:
        """The socket takes frames again: what waits for it first, then what it has missed."""
        if watcher.drain():
            self.catch_up(watcher, now_ms)

    def catch_up(self, watcher: Watcher, now_ms: int) -> None:
        """Bring one socket to where the view stands, unless it takes nothing now."""
        if not watcher.subscribed or watcher.told_seq == self.view.seq or not watcher.takes:
            return
        made = None if watcher.told_seq == NOT_TOLD else self._changes(watcher.told_seq, watcher.box, now_ms)
        watcher.told_seq = self.view.seq
        watcher.tell(made or self._snapshot(watcher.box, now_ms))

    def frame(self, kind: str, data: Data, now_ms: int, event: str = "") -> Frame:
        """A frame of this show as it stands."""
        return frame(kind, data, show=self.show, seq=self.view.seq, at_ms=now_ms, event=event)

    def _tell_status(self, now_ms: int) -> None:
        self.let_go()
        made = self.frame("show_status", StatusData(status=self.view.status), now_ms)
        for watcher in list(self.watchers):
            # A socket that is busy reads the status in its next public frame.
            if watcher.subscribed and watcher.takes:
                watcher.tell(made)

    def _changes(self, after_seq: int, box: Box | None, now_ms: int) -> Frame | None:
        made = self._kept(after_seq, box)
        if made is None:
            merged = self.ring.since(after_seq)
            if merged is None or merged.from_seq > merged.to_seq:
                return None
            made = self._keep(after_seq, box, frames.changes_frame(merged, self.view, self.show, now_ms, box))
        return made

    def _snapshot(self, box: Box | None, now_ms: int) -> Frame:
        made = self._kept(NOT_TOLD, box)
        return made or self._keep(NOT_TOLD, box, frames.snapshot_frame(self.view, self.show, now_ms, box))

    def _kept(self, after_seq: int, box: Box | None) -> Frame | None:
        if self._made_at_seq != self.view.seq:
            self._made.clear()
            self._made_at_seq = self.view.seq
        return self._made.get((after_seq, box))

    def _keep(self, after_seq: int, box: Box | None, made: Frame) -> Frame:
        if len(self._made) < MADE_MAX:
            self._made[after_seq, box] = made
        return made
