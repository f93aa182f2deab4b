"""Those who read what was decided: a room with views of the shows, and the real expiry worker."""

import random
from collections.abc import Callable, Sequence

import msgspec

from allocator.ports import Publication
from expiry_worker.deadlines import Deadlines, Hold
from expiry_worker.endings import Booking, Endings
from expiry_worker.givebacks import GiveBacks
from expiry_worker.service import ExpiryWorker
from expiry_worker.store import share_of
from runtime.follow import Batch, Follower, HistoryChanged, Published, Stream, Table, is_published
from tests.simulation.crowd import LAYOUT
from tests.simulation.hands import Hand, stop_at
from tests.simulation.memory_tables import Tables
from ticketing.clock import ManualClock
from ticketing.messages import ShowOpened, decode_outcomes
from ticketing.show_view import ShowView
from ticketing.vocabulary import BLOCKED_BY, LIVE_STATUSES, UNPAID_STATUSES, ReservationStatus, ShowStatus

MakeFollower = Callable[[Stream, Table, dict[int, int], str], Follower]
Note = Callable[[str, str], None]
"""`(who, what)`"""


def batch_of(publication: Publication) -> Batch:
    return Batch(
        part=publication.part,
        log_gen=publication.log_gen,
        batch_seq=publication.batch_seq,
        history_id=publication.history_id,
        payload=publication.payload,
        decided_at_ms=publication.decided_at_ms,
    )


class MemoryStream:
    """Topic `outcomes` as one reader gets it: from where it came in on, some records twice or late, some never."""

    def __init__(self, published: list[Publication], rng: random.Random) -> None:
        self._published = published
        self._rng = rng
        self._position = len(published)
        self._late: list[Batch] = []
        self.is_calm = False

    async def poll(self, timeout_s: float) -> list[Batch]:
        await stop_at("poll.sent")
        count = self._rng.randint(0, 3) if not self.is_calm else 100
        taken = [batch_of(it) for it in self._published[self._position : self._position + count]]
        self._position += len(taken)
        if self.is_calm:
            return taken
        delivered = []
        for batch in taken:
            roll = self._rng.random()
            if roll < 0.12:
                self._late.append(batch)
            if 0.06 <= roll < 0.85:
                delivered.append(batch)
        if self._late and self._rng.random() < 0.3:
            delivered.insert(self._rng.randint(0, len(delivered)), self._late.pop(0))
        return delivered


class MemoryTable:
    """The views `published_batches` and `outcome_batches`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def published(self) -> dict[int, Published]:
        await stop_at("published.sent")
        return published(self._tables)

    async def read(self, part: int, after_seq: int, up_to_seq: int, limit: int) -> list[Batch]:
        await stop_at("read.sent")
        last = min(up_to_seq, after_seq + limit, self._tables.cursor[part]["published_seq"])
        rows = [self._tables.outcome_log[part, seq] for seq in range(after_seq + 1, last + 1)]
        return [
            Batch(
                part=part,
                log_gen=row["log_gen"],
                batch_seq=row["batch_seq"],
                history_id=self._tables.history_id,
                payload=row["payload"],
                decided_at_ms=row["decided_at_ms"],
            )
            for row in rows
        ]


def published(tables: Tables) -> dict[int, Published]:
    return {
        part: Published(row["published_seq"], row["log_gen"], tables.history_id) for part, row in tables.cursor.items()
    }


class Snapshot:
    """What a room that starts reads in one transaction; not to be used before it is published."""

    def __init__(self, tables: Tables) -> None:
        self._is_published = False
        self.history_id = tables.history_id
        self.seqs = {part: row["batch_seq"] for part, row in tables.cursor.items()}
        self.shows = [(row["show_id"], row["seq"], row["status"]) for row in tables.show.values()]
        self.reservations = [dict(row) for row in tables.reservation.values() if row["status"] in LIVE_STATUSES]
        self.blocked = [
            (row["show_id"], row["seat_no"])
            for row in tables.seat_taken.values()
            if row["reservation_id"] == BLOCKED_BY
        ]

    def is_published(self, tables: Tables) -> bool:
        """Raises `HistoryChanged`."""
        self._is_published = self._is_published or is_published(published(tables), self.seqs, self.history_id)
        return self._is_published


class Reader:
    """A room that shows the seats. `seen` is every `(part, batch, payload)` it was given, from its snapshot on."""

    def __init__(
        self, tables: Tables, stream: MemoryStream, clock: ManualClock, *, make: MakeFollower, note: Note
    ) -> None:
        self._tables = tables
        self._clock = clock
        self._note = note
        self.stream = stream
        self.snapshot = snapshot = Snapshot(tables)
        self.follower = make(stream, MemoryTable(tables), snapshot.seqs, snapshot.history_id)
        self.seen: list[tuple[int, int, bytes]] = []
        self.history_changed = False
        """What it knows is not continued: it must be opened again."""
        self.error: Exception | None = None
        self.views: dict[int, ShowView] = {}
        for show, seq, status in snapshot.shows:
            self.views[show] = ShowView(LAYOUT, seq=seq, status=status)
        for row in snapshot.reservations:
            areas = tuple(zip(row["areas"][::2], row["areas"][1::2], strict=True))
            self.views[row["show_id"]].load(row["reservation_id"], row["status"], tuple(row["seats"]), areas)
        for show, seat in snapshot.blocked:
            self.views[show].load(BLOCKED_BY, "blocked", (seat,), ())
        self._hand: Hand[list[Batch]] | None = None

    def step(self) -> None:
        """One move."""
        try:
            self._step()
        except HistoryChanged:
            self.history_changed = True
        except Exception as error:
            self.error = error

    def _step(self) -> None:
        if self._hand is None:
            if not self.snapshot.is_published(self._tables):
                return
            self._hand = Hand(self.follower.step(self._clock.now_ms(), 0))
        self._hand.advance()
        if self._hand.is_done:
            hand, self._hand = self._hand, None
            if hand.error is not None:
                raise hand.error
            for batch in hand.result or ():
                self._take(batch)

    def crash(self) -> None:
        if self._hand is not None:
            self._hand.crash()

    def _take(self, batch: Batch) -> None:
        self.seen.append((batch.part, batch.batch_seq, batch.payload))
        self._note("reader", f"takes batch {batch.batch_seq} of partition {batch.part}")
        for outcome in decode_outcomes(batch.payload):
            if isinstance(outcome, ShowOpened) and not outcome.repeat and outcome.show not in self.views:
                self.views[outcome.show] = ShowView(LAYOUT, seq=outcome.seq)
            elif outcome.show in self.views:
                self.views[outcome.show].apply(outcome)


class Appender:
    """A topic that the expiry worker writes: sometimes it does not learn whether it was written."""

    def __init__(self, append: Callable[[int, bytes], None], rng: random.Random) -> None:
        self._append = append
        self._rng = rng

    async def send_all(self, records: Sequence[tuple[int, bytes]]) -> list[bool]:
        await stop_at("send.sent")
        answers = []
        for part, value in records:
            is_written = self._rng.random() < 0.95
            if is_written:
                self._append(part, value)
            answers.append(is_written and self._rng.random() < 0.95)
        await stop_at("send.done")
        return answers


class MemoryBookings:
    """View `bookings_to_end`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def bookings(self, part: int, show: int, limit: int) -> list[Booking]:
        await stop_at("bookings.sent")
        state = self._tables.show.get((part, show))  # not there where an older database was restored
        if state is None or state["status"] != ShowStatus.CANCELLED:
            return []
        return [
            (row["reservation_id"], row["version"])
            for row in self._tables.reservation.values()
            if (row["part"], row["show_id"], row["status"]) == (part, show, ReservationStatus.BOOKED)
        ][:limit]


class Expiry:
    """The real expiry worker, on a node of its own."""

    def __init__(
        self,
        tables: Tables,
        stream: MemoryStream,
        clock: ManualClock,
        *,
        commands: Appender,
        warnings: Appender,
        make: MakeFollower,
    ) -> None:
        self._tables = tables
        self.stream = stream
        self.snapshot = snapshot = Snapshot(tables)
        deadlines = Deadlines(grace_ms=15)
        for row in snapshot.reservations:
            if row["status"] in UNPAID_STATUSES:
                hold = Hold(
                    row["part"],
                    row["show_id"],
                    row["reservation_id"],
                    row["version"],
                    row["account"],
                    row["expires_at_ms"],
                    row["hold_s"],
                )
                deadlines.put(hold)
        endings = Endings()
        for row in tables.show.values():
            if row["status"] == ShowStatus.CANCELLED:
                endings.put(row["part"], row["show_id"])
        give_backs = GiveBacks()
        for row in tables.show.values():
            for name, kept in msgspec.json.decode(row["allocations"]).items():
                if "said_back_at_ms" not in kept:
                    give_backs.put(*share_of(row["part"], row["show_id"], name, kept.get("give_back_at_ms", 0)))
        self.follower = make(stream, MemoryTable(tables), snapshot.seqs, snapshot.history_id)
        self._worker = ExpiryWorker(
            deadlines=deadlines,
            endings=endings,
            give_backs=give_backs,
            bookings=MemoryBookings(tables),
            outcomes=self.follower,
            commands=commands,
            warnings=warnings,
            clock=clock,
        )
        self._hand: Hand[None] | None = None
        self.history_changed = False
        """What it knows is not continued: it must be opened again."""
        self.error: Exception | None = None

    def step(self) -> None:
        """One move."""
        try:
            self._step()
        except HistoryChanged:
            self.history_changed = True
        except Exception as error:
            self.error = error

    def _step(self) -> None:
        if self._hand is None:
            if not self.snapshot.is_published(self._tables):
                return
            self._hand = Hand(self._worker.step())
        self._hand.advance()
        if self._hand.is_done:
            hand, self._hand = self._hand, None
            if hand.error is not None:
                raise hand.error

    def crash(self) -> None:
        if self._hand is not None:
            self._hand.crash()
