"""The shows that people look at, kept current by outcomes: loaded on demand, the least looked at go first.

Loading takes a moment, in which outcomes go on arriving: they are kept and applied to the snapshot when it is there
(`ShowView.apply` knows by the sequence number which of them it holds already). Reservations seen on the way are
remembered, so that most reads of one need no database; that memory is only right while no batch of its partition is
skipped, so `skipped` forgets it.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from ticketing.messages import AnyOutcome, ManyHeld, Reservation, ReservationOutcome
from ticketing.show_view import Change, SequenceGap, ShowView, is_change

ARRIVED_WHILE_LOADING_MAX = 50_000
CHAPTER_BITS, CHAPTER_BYTES = 64, 12
CHANGES_MAX = 2_000
"""Of each show: how many changes of seats are kept for those who ask what has changed since they looked."""


@dataclass(slots=True)
class _Loading:
    arrived: list[AnyOutcome] = field(default_factory=list)
    overrun: bool = False


class _Lately:
    """Which seats have changed after `since`, a sequence number of their show."""

    __slots__ = ("_changes", "since")

    def __init__(self, since: int) -> None:
        self.since = since
        self._changes: deque[tuple[int, tuple[int, ...]]] = deque()

    def note(self, change: Change) -> None:
        # Of areas only how they stand is ever asked: thousands of sales leave nothing here.
        if change.seats:
            self._changes.append((change.seq, tuple([seat for seat, _ in change.seats])))
            if len(self._changes) > CHANGES_MAX:
                self.since, _ = self._changes.popleft()

    def after(self, seq: int) -> set[int]:
        changed: set[int] = set()
        for at, seats in reversed(self._changes):
            if at <= seq:
                break
            changed.update(seats)
        return changed


@dataclass(frozen=True, slots=True)
class _Loaded:
    part: int
    view: ShowView
    lately: _Lately


class Views:
    """`places_max` bounds all loaded views together (they cost about a byte a seat, and their layout);
    `reservations_max` all remembered reservations, about 1 kB each: most of a rush is in one partition."""

    def __init__(self, *, places_max: int, reservations_max: int) -> None:
        self._places_max = places_max
        self._reservations_max = reservations_max
        self._places = 0
        self._views: OrderedDict[int, _Loaded] = OrderedDict()
        self._loading: dict[int, tuple[int, _Loading]] = {}
        self._watched: dict[int, int] = {}
        self._reservations: OrderedDict[bytes, Reservation] = OrderedDict()
        """By the partition's chapter and id: what is of an older chapter is not found, and goes in its turn."""
        self._chapters: dict[int, bytes] = {}

    def __len__(self) -> int:
        return len(self._views)

    def get(self, show: int) -> ShowView | None:
        """The current view of a show, if it is loaded."""
        found = self._views.get(show)
        if found is None:
            return None
        self._views.move_to_end(show)
        return found.view

    def any_on(self, part: int) -> bool:
        """Whether a view of this partition is loaded or being loaded."""
        return part in self._watched

    def begin(self, part: int, show: int) -> None:
        """A snapshot of the show is about to be read: keep what arrives from now on."""
        if show not in self._loading:
            self._loading[show] = (part, _Loading())
            self._watch(part, 1)

    def abandon(self, show: int) -> None:
        """The snapshot could not be read."""
        found = self._loading.pop(show, None)
        if found is not None:
            self._watch(found[0], -1)

    def install(self, show: int, snapshot: ShowView) -> ShowView | None:
        """The snapshot, moved on by what arrived meanwhile; None: too much did, or something is missing: read again."""
        part, loading = self._loading[show]
        self.abandon(show)
        if loading.overrun:
            return None
        try:
            for outcome in loading.arrived:
                snapshot.apply(outcome)
        except SequenceGap:
            return None
        self._drop(show)
        self._views[show] = _Loaded(part, snapshot, _Lately(snapshot.seq))
        self._places += snapshot.layout.places
        self._watch(part, 1)
        while self._places > self._places_max and len(self._views) > 1:
            self._drop(next(iter(self._views)))
        return snapshot

    def apply(self, part: int, outcomes: Iterable[AnyOutcome]) -> None:
        """Move every view of the partition on. A view that missed an outcome is dropped, to be loaded anew."""
        chapter = self._chapter(part)
        for outcome in outcomes:
            if isinstance(outcome, ReservationOutcome):
                self._remember(chapter, outcome.reservation)
            elif isinstance(outcome, ManyHeld):
                for reservation in outcome.reservations:
                    self._remember(chapter, reservation)
            if not is_change(outcome):
                continue
            loading = self._loading.get(outcome.show)
            if loading is not None:
                self._keep(loading[1], outcome)
            found = self._views.get(outcome.show)
            if found is not None:
                try:
                    change = found.view.apply(outcome)
                    if change is not None:
                        found.lately.note(change)
                except SequenceGap:
                    self._drop(outcome.show)

    def changed_since(self, show: int, seq: int) -> set[int] | None:
        """The seats that have changed after `seq`; None: that is not known any more, or not yet."""
        found = self._views.get(show)
        if found is None or not found.lately.since <= seq <= found.view.seq:
            return None
        return found.lately.after(seq)

    def skipped(self, part: int) -> None:
        """A batch of the partition was not looked into: what was remembered of it may be old now."""
        before = int.from_bytes(self._chapter(part))
        self._chapters[part] = (before + 1).to_bytes(CHAPTER_BYTES)

    def reservation(self, part: int, reservation: bytes) -> Reservation | None:
        """A reservation as the last outcome left it, if that was seen."""
        return self._reservations.get(self._chapter(part) + reservation)

    def clear(self) -> None:
        """Another history has begun: nothing that was seen holds any more."""
        for show in list(self._views):
            self._drop(show)
        for _, loading in self._loading.values():
            loading.overrun = True
        self._reservations.clear()

    def _chapter(self, part: int) -> bytes:
        """Which partition, and how often it was forgotten."""
        found = self._chapters.get(part)
        if found is None:
            found = self._chapters[part] = (part << CHAPTER_BITS).to_bytes(CHAPTER_BYTES)
        return found

    def _remember(self, chapter: bytes, reservation: Reservation) -> None:
        known, name = self._reservations, chapter + reservation.id
        before = known.get(name)
        if before is None or before.version <= reservation.version:
            known[name] = reservation
            if len(known) > self._reservations_max:
                known.popitem(last=False)

    @staticmethod
    def _keep(loading: _Loading, outcome: AnyOutcome) -> None:
        if len(loading.arrived) >= ARRIVED_WHILE_LOADING_MAX:
            loading.overrun = True
            loading.arrived.clear()
        elif not loading.overrun:
            loading.arrived.append(outcome)

    def _drop(self, show: int) -> None:
        found = self._views.pop(show, None)
        if found is not None:
            self._places -= found.view.layout.places
            self._watch(found.part, -1)

    def _watch(self, part: int, by: int) -> None:
        left = self._watched.get(part, 0) + by
        if left:
            self._watched[part] = left
        else:
            self._watched.pop(part, None)
