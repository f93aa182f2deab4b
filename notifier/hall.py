"""One show and everybody who watches it.

Public frames: `view` stands at the newest number; those in step stand at `flushed_seq` and are sent one shared frame
when `pace` allows. Whoever stands elsewhere (just came, or was busy) is brought up to date by itself; frames made for
that are shared as well, by the number they begin at, until the view moves.
"""

from collections import OrderedDict
from collections.abc import Iterator

from notifier import bodies, frames, metrics
from notifier.audience import Right, may_hear, tellings
from notifier.frames import Frame, frame
from notifier.merging import ChangeRing, Pace
from notifier.recall import Event, Recall
from notifier.watcher import NOT_TOLD, Watcher
from ticketing.messages import (
    HoldExpiring,
    Reservation,
    ReservationOutcome,
    ShowCancelled,
    ShowClosed,
    ShowOpened,
)
from ticketing.show_view import ShowView
from ticketing.telling import Where
from ticketing.vocabulary import UNPAID_STATUSES, ShowStatus, event_text, reservation_text

WARNED_MAX = 100_000
MADE_MAX = 256
"""Frames kept for the next socket that stands at the same number."""
WATCHERS_PER_TURN = 250
"""Sockets served before others get their turn."""


class Hall:
    """Shows what happened and decides nothing. `loaded_batch`: the last batch in the snapshot that it began with."""

    def __init__(
        self,
        *,
        show: int,
        part: int,
        venue: str,
        currency: str,
        view: ShowView,
        batch_seq: int,
        changes_max: int,
        events_max: int,
    ) -> None:
        self.show = show
        self.part = part
        self.venue = venue
        self.currency = currency
        self.view = view
        self.loaded_batch = batch_seq
        self.ring = ChangeRing(view.seq, changes_max)
        self.recall = Recall(after_seq=view.seq, after_batch=batch_seq, events_max=events_max)
        self.pace = Pace()
        self.flushed_seq = view.seq
        self.watchers: dict[Watcher, None] = {}
        self.empty_since_ms = 0
        self._by_account: dict[str, dict[Watcher, None]] = {}
        self._admins: dict[Watcher, None] = {}
        # Reservation -> the last version that is not to be warned of: it was, or it is over.
        self._warned: OrderedDict[bytes, int] = OrderedDict()
        self._made: dict[int, Frame] = {}
        self._made_at_seq = view.seq
        self._oldest_unsent_ms: int | None = None

    def flush_in_ms(self, now_ms: int) -> int | None:
        """How long the next public frame has to wait; None when there is nothing to say."""
        return self.pace.wait_ms(now_ms) if self.view.seq != self.flushed_seq else None

    def add(self, watcher: Watcher) -> None:
        """A socket that hears nothing yet."""
        self.watchers[watcher] = None

    def remove(self, watcher: Watcher, now_ms: int) -> None:
        """The socket is gone."""
        self.watchers.pop(watcher, None)
        self._forget(watcher)
        self.empty_since_ms = now_ms

    def identify(self, watcher: Watcher, right: Right | None) -> None:
        """From now on the socket hears what this right lets it hear."""
        self._forget(watcher)
        watcher.right = right
        watcher.notice_closes_at_ms = None
        if right is not None:
            self._by_account.setdefault(right.account, {})[watcher] = None
            if right.admin:
                self._admins[watcher] = None

    def start(self, watcher: Watcher, after_seq: int | None, now_ms: int) -> None:
        """Public frames from now on: what changed after `after_seq`, or a snapshot."""
        known = after_seq is not None and self.ring.floor_seq <= after_seq <= self.ring.seq
        watcher.told_seq = after_seq if known and after_seq is not None else NOT_TOLD
        watcher.subscribed = True
        self.catch_up(watcher, now_ms)

    def absorb(self, event: Event, decided_at_ms: int, now_ms: int) -> None:
        """One outcome of the show happened. Raises `SequenceGap`."""
        outcome = event.outcome
        self.recall.append(event)
        change = self.view.apply(outcome)
        if change is not None:
            if isinstance(outcome, ShowOpened):
                self.view.status = ShowStatus.OPEN
            self.ring.push(change)
            if self._oldest_unsent_ms is None:
                self._oldest_unsent_ms = decided_at_ms
        if isinstance(outcome, ReservationOutcome) and not outcome.repeat:
            self._note_version(outcome.reservation)
        self._tell_persons(event, now_ms)
        if change is not None and isinstance(outcome, ShowOpened | ShowClosed | ShowCancelled):
            self._tell_status(now_ms)

    def warn(self, warning: HoldExpiring, now_ms: int) -> bool:
        """Tell the owner that a hold ends soon; False when that was told already, or is true no longer."""
        if not self._pass_over(warning.reservation, warning.version):
            return False
        event = f"{reservation_text(self.show, warning.reservation)}.{warning.version}.expiring"
        made = self.frame("reservation_expiring", bodies.expiring(warning), now_ms, event)
        for watcher in list(self._by_account.get(warning.account, ())):
            right = watcher.right
            if right is not None and right.reservation in (None, warning.reservation):
                watcher.tell(made)
        return True

    def replay(self, watcher: Watcher, after_seq: int, now_ms: int) -> None:
        """Tell again what the socket's person may have missed after `after_seq`; say so where that cannot be known."""
        right = watcher.right
        if right is None:
            return
        if not self.recall.reaches(after_seq):
            watcher.tell(self.frame("resync_required", {"reason": "too_long_ago"}, now_ms))
        for event in self.recall.since(after_seq):
            for telling in tellings(event.outcome):
                if telling.account == right.account and may_hear(right, event.outcome):
                    watcher.tell(self._personal(telling.kind, event, now_ms))
                    metrics.REPLAYED.inc()

    def flush(self, now_ms: int) -> Iterator[None]:
        """Send what changed to everybody in step; yields now and then, so that others get their turn."""
        to_seq = self.view.seq
        made = self._changes(self.flushed_seq, now_ms)
        sent = 0
        for place, watcher in enumerate(list(self.watchers)):
            if place % WATCHERS_PER_TURN == WATCHERS_PER_TURN - 1:
                yield
            if watcher.told_seq == self.flushed_seq and watcher.subscribed and watcher.takes and made is not None:
                watcher.told_seq = to_seq
                watcher.write(made.packed)
                sent += 1
            else:
                self.catch_up(watcher, now_ms)
        self.flushed_seq = to_seq
        if made is not None:
            metrics.FRAMES.labels(made.kind).inc(sent)
        if self._oldest_unsent_ms is not None:
            metrics.TOLD_AFTER.observe(max(now_ms - self._oldest_unsent_ms, 0) / 1000)
            self._oldest_unsent_ms = None

    def drained(self, watcher: Watcher, now_ms: int) -> None:
        """The socket takes frames again: what waits for it first, then what it has missed."""
        watcher.busy_since_ms = None
        if watcher.drain():
            self.catch_up(watcher, now_ms)

    def catch_up(self, watcher: Watcher, now_ms: int) -> None:
        """Bring one socket to where the view stands, unless it takes nothing now."""
        if not watcher.subscribed or watcher.told_seq == self.view.seq or not watcher.takes:
            return
        made = None if watcher.told_seq == NOT_TOLD else self._changes(watcher.told_seq, now_ms)
        watcher.told_seq = self.view.seq
        watcher.tell(made or self._snapshot(now_ms))

    def frame(self, kind: str, data: dict[str, object], now_ms: int, event: str = "") -> Frame:
        """A frame of this show as it stands."""
        return frame(kind, data, show=self.show, seq=self.view.seq, at_ms=now_ms, event=event)

    def _note_version(self, reservation: Reservation) -> None:
        if reservation.status not in UNPAID_STATUSES:
            self._pass_over(reservation.id, reservation.version)
        elif reservation.version > 1:
            self._pass_over(reservation.id, reservation.version - 1)

    def _pass_over(self, reservation: bytes, version: int) -> bool:
        """Warn of no version up to this one; False when that was so before."""
        if self._warned.get(reservation, 0) >= version:
            return False
        self._warned[reservation] = version
        self._warned.move_to_end(reservation)
        if len(self._warned) > WARNED_MAX:
            self._warned.popitem(last=False)
        return True

    def _forget(self, watcher: Watcher) -> None:
        if watcher.right is not None:
            same = self._by_account.get(watcher.right.account, {})
            same.pop(watcher, None)
            if not same:
                self._by_account.pop(watcher.right.account, None)
        self._admins.pop(watcher, None)

    def _tell_persons(self, event: Event, now_ms: int) -> None:
        told: set[Watcher] = set()
        for telling in tellings(event.outcome):
            listeners = self._admins if telling.admins else self._by_account.get(telling.account, {})
            made: Frame | None = None
            for watcher in list(listeners):
                if watcher.right is not None and watcher not in told and may_hear(watcher.right, event.outcome):
                    made = made or self._personal(telling.kind, event, now_ms)
                    watcher.tell(made)
                    # An admin may be the owner as well, or have asked for it: one outcome is told once.
                    told.add(watcher)

    def _personal(self, kind: str, event: Event, now_ms: int) -> Frame:
        outcome = event.outcome
        where = Where(self.show, self.venue, self.currency, self.view.layout)
        data = bodies.decided(outcome, part=self.part, log_gen=event.log_gen, where=where)
        name = event_text(self.part, event.log_gen, outcome.offset, outcome.index)
        return frame(kind, data, show=self.show, seq=outcome.seq, at_ms=now_ms, event=name)

    def _tell_status(self, now_ms: int) -> None:
        made = self.frame("show_status", {"status": self.view.status}, now_ms)
        for watcher in list(self.watchers):
            # A socket that is busy reads the status in its next public frame.
            if watcher.subscribed and watcher.takes:
                watcher.tell(made)

    def _changes(self, after_seq: int, now_ms: int) -> Frame | None:
        made = self._kept(after_seq)
        if made is None:
            merged = self.ring.since(after_seq)
            if merged is None or merged.from_seq > merged.to_seq:
                return None
            made = self._keep(after_seq, frames.changes_frame(merged, self.view, self.show, now_ms))
        return made

    def _snapshot(self, now_ms: int) -> Frame:
        return self._kept(NOT_TOLD) or self._keep(NOT_TOLD, frames.snapshot_frame(self.view, self.show, now_ms))

    def _kept(self, after_seq: int) -> Frame | None:
        if self._made_at_seq != self.view.seq:
            self._made.clear()
            self._made_at_seq = self.view.seq
        return self._made.get(after_seq)

    def _keep(self, after_seq: int, made: Frame) -> Frame:
        if len(self._made) < MADE_MAX:
            self._made[after_seq] = made
        return made
