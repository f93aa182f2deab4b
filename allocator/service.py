"""The desk of one partition: claim it, gather and decide what is queued, settle it, publish it, again.

`gather` and `settle` are two hands: while one batch is being written the next one is decided, over a memory that
already holds the first. Whatever goes wrong with a batch, the memory is dropped and read again from the store.
The desk awaits nothing but its ports, so that a simulation can drive it step by step and stop it anywhere.
"""

from collections.abc import Callable

from allocator.answer import Moment, arrived_ms, log_time, rejection
from allocator.caution import RECORDS_MAX, Caution
from allocator.claiming import going_on_at
from allocator.draft import Draft
from allocator.errors import DataRefused, LogUnreadable, MemoryDiffers, Replaced
from allocator.losing import lose_in_a_row
from allocator.netting import PACKED_AT_ONCE, Batch, Packing, Position, net, next_chain, tail_hash
from allocator.ports import CommandLog, Cursor, LogRecord, Observer, Publication, Store
from allocator.seating import DECIDER_VERSION, asks_about_all, decide, lacks
from allocator.stock import PartitionState
from allocator.tiers import Tiers
from ticketing import messages
from ticketing.clock import Clock

DECIDING_S_MAX = 0.05
RECALLED_AT_ONCE_MAX = 500


class Desk:
    """One partition's decider from claim to loss. A new object for each claim; `caution` outlives it."""

    def __init__(
        self,
        *,
        cursor: Cursor,
        state: PartitionState,
        store: Store,
        log: CommandLog,
        clock: Clock,
        meter: Callable[[], float],
        observer: Observer,
        caution: Caution,
    ) -> None:
        self.state = state
        self.tiers = Tiers()
        self.part = cursor.at.part
        self.published_seq = cursor.published_seq
        self.position = cursor.at
        """Where the cursor will stand when all sealed batches are settled."""
        self._log_gen = cursor.log_gen
        self._history_id = cursor.history_id
        self._chain = cursor.chain
        self._store = store
        self._log = log
        self._clock = clock
        self._meter = meter
        self._observer = observer
        self._caution = caution
        caution.begin(cursor.log_gen)
        self._waiting: list[tuple[LogRecord, messages.AnyCommand | None]] = []
        """Fetched and not decided, the next one last; with None for what cannot be decoded."""
        self._brought_at = -1
        """The record for which everything was read that there is: a layout may be nowhere."""
        self._last: LogRecord | None = None
        self._tail_hash = cursor.tail_hash
        self._interruptions = 0
        self._next_offset = cursor.at.next_offset
        self._decided_before = cursor.decided_before
        self._database_time = (cursor.database_ms, meter())
        self._unsettled = 0
        self._sealed_since_ms: int | None = None
        self._new_draft()

    def _new_draft(self) -> None:
        self._draft = Draft(self._next_offset)
        self._packing = Packing()
        self._deciding_s = 0.0
        self._decided_at_ms = 0
        self._decided_since_ms: int | None = None
        self._must_settle = False
        self._moment_ms, self._next_moment_at = self._decided_before.find(self._next_offset)

    @property
    def lag_ms(self) -> int:
        """How long the oldest record that was fetched and is not settled has waited. One wrong clock, wherever it is,
        makes it shorter at most: new holds are turned away where it is long."""
        since_ms = self._sealed_since_ms
        if since_ms is None:
            since_ms = self._decided_since_ms
        if since_ms is None and self._waiting:
            record, command = self._waiting[-1]
            since_ms = arrived_ms(record.timestamp_ms, command)
        return 0 if since_ms is None else max(0, self._own_time_ms(self._meter()) - since_ms)

    @property
    def is_empty(self) -> bool:
        """Nothing has been decided since the last batch was sealed."""
        return self._next_offset == self._draft.first_offset

    @property
    def is_full(self) -> bool:
        """The draft must be sealed before more is gathered."""
        records = self._next_offset - self._draft.first_offset
        return (
            self._must_settle
            or self._next_offset >= self._next_moment_at
            or records >= self._caution.records_max(self._draft.first_offset)
            or self._deciding_s >= DECIDING_S_MAX
            or self._packing.is_full
        )

    async def gather(self, timeout_s: float, decided_max: int = RECORDS_MAX) -> bool:
        """Decide what is queued, waiting up to `timeout_s` for a first record; whether only `decided_max` ended it."""
        if not self._waiting:
            fetched = await self._log.fetch(self.part, self._next_offset, RECORDS_MAX, timeout_s)
            await self._agree_again()
            fresh = fetched
            if fetched and fetched[0].offset < self._next_offset:
                fresh = [record for record in fetched if record.offset >= self._next_offset]
            commands = messages.decode_commands([record.value for record in fresh])
            self._waiting = list(zip(fresh, commands, strict=True))
            self._waiting.reverse()  # the next one stands last, where taking it off is cheap
        until_offset = self._next_offset + decided_max
        while (lacking := self._decide_waiting(until_offset)) is not None and await self._bring(lacking):
            self._brought_at = self._next_offset
        return bool(self._waiting) and lacking is None and not self.is_full

    def _decide_waiting(self, until_offset: int) -> messages.AnyCommand | None:
        """Decide what waits, up to `until_offset` or to where the draft is full; the command that first needs more
        than memory holds, if that is what ended it."""
        waiting, meter, first_offset = self._waiting, self._meter, self._draft.first_offset
        outcomes, packing = self._draft.outcomes, self._packing
        most = first_offset + self._caution.records_max(first_offset)
        until_offset = min(until_offset, most, self._next_moment_at)
        forced = self._caution.forced
        began_s = meter()
        ends_s = began_s + DECIDING_S_MAX - self._deciding_s
        offset = self._next_offset
        now_s = began_s
        if waiting and offset == first_offset:
            record, command = waiting[-1]
            self._decided_at_ms = self._moment(now_s)
            self._decided_since_ms = arrived_ms(record.timestamp_ms, command)
        try:
            while waiting and offset < until_offset and now_s < ends_s:
                record, command = waiting[-1]
                if record.offset != offset:
                    raise MemoryDiffers(f"partition {self.part}: offset {offset} is missing from the log")
                most = 0 if forced else min(PACKED_AT_ONCE, until_offset - offset)
                if last := lose_in_a_row(self.state, waiting, most, self._draft):
                    self._last = last
                    offset = last.offset + 1
                elif command is not None and offset != self._brought_at and lacks(self.state, command):
                    return command
                else:
                    self._decide(record, command)
                    waiting.pop()
                    offset += 1
                now_s = meter()
                if len(outcomes) - packing.count >= PACKED_AT_ONCE:
                    packing.catch_up(outcomes)
                    if packing.is_full:
                        break
        finally:
            self._next_offset = offset
            # Over is over: a sum of differences may stay below the limit for ever by what was rounded.
            self._deciding_s = DECIDING_S_MAX if now_s >= ends_s else self._deciding_s + now_s - began_s
        return None

    def seal(self) -> Batch:
        """Close the draft: the batch to settle. The next draft starts over the memory as this one leaves it."""
        assert self._last is not None, "an empty draft is not sealed"
        self._packing.catch_up(self._draft.outcomes)
        payload = self._packing.payload()
        self._chain = next_chain(self._chain, payload)
        batch = Batch(
            at=self.position,
            next_offset=self._next_offset,
            tail_hash=tail_hash(self._last.timestamp_ms, self._last.value),
            last_now_ms=self.state.last_now_ms,
            published_seq=self.published_seq,
            decided_at_ms=self._decided_at_ms,
            decider_version=DECIDER_VERSION,
            chain=self._chain,
            payload=payload,
            lost_in_a_row=self._draft.lost_in_a_row,
        )
        net(self.state, self._draft, batch)
        self.position = Position(self.part, self.position.epoch, self.position.batch_seq + 1, self._next_offset)
        self._unsettled += 1
        self._sealed_since_ms = self._decided_since_ms
        self._new_draft()
        self.state.put_away.look(self.state)
        return batch

    async def settle(self, batch: Batch) -> None:
        """`commit` and `publish`, for whoever has one hand for both."""
        await self.publish(await self.commit(batch))

    async def commit(self, batch: Batch) -> Publication:
        """Write a sealed batch: what is to be published of it. One at a time, in the order of sealing.

        Raises:
            Replaced, ResultUnknown, DataRefused, MemoryDiffers: the memory is to be dropped.
        """
        started = self._meter()
        try:
            database_ms = await self._store.apply(batch)
        except DataRefused:
            self._caution.refused(batch.at.next_offset, batch.next_offset)
            raise
        if database_ms is None:
            raise Replaced(f"partition {self.part} has another owner")
        now_s = self._meter()
        self._database_time = (database_ms, now_s)
        self._unsettled -= 1
        self._sealed_since_ms = None
        self._observer.settled(self.part, batch, now_s - started)
        seq = batch.at.batch_seq + 1
        return Publication(self.part, self._log_gen, seq, self._history_id, batch.decided_at_ms, batch.payload)

    async def publish(self, publication: Publication) -> None:
        """Publish a committed batch, in the order of the commits; the next batches may be written meanwhile."""
        await self._log.publish(publication)
        self.published_seq = publication.batch_seq

    async def _agree_again(self) -> None:
        """After an interruption: is what was decided still in the log, right before what is fetched now?"""
        interruptions = self._log.interruptions(self.part)
        if interruptions == self._interruptions:
            return
        tail = self._tail_hash if self._last is None else tail_hash(self._last.timestamp_ms, self._last.value)
        if await going_on_at(self._log, self.part, self._next_offset, tail) is not None:
            raise LogUnreadable(f"partition {self.part}: the log no longer holds what was decided last")
        self._interruptions = interruptions

    async def _bring(self, command: messages.AnyCommand) -> bool:
        """Read what the decision lacks; False: settle what is decided, and come again."""
        is_put_away = command.show in self.state.put_away.shows
        if isinstance(command, messages.OpenShow) and not is_put_away:
            wanted = (command.layout, command.layout_sha256)
            if (layout := await self._store.layout(*wanted)) is not None:
                self.state.layouts[wanted] = layout
            return True
        if self._unsettled or not self.is_empty:
            # The row may be part of a batch that is not written yet.
            self._must_settle = not self.is_empty
            return False
        if is_put_away:
            await self._store.load_show(self.position, self.state, command.show)
            self.state.put_away.brought_back(command.show, self.state.last_now_ms)
        await self._recall()
        return True

    async def _recall(self) -> None:
        """Read the rows of all forgotten reservations that the waiting records ask about, in one go."""
        wanted: dict[tuple[int, bytes], None] = {}
        for _, command in reversed(self._waiting):
            stock = command and self.state.shows.get(command.show)
            if command and stock:
                wanted.update({(command.show, it): None for it in asks_about_all(command) if stock.is_forgotten(it)})
                if len(wanted) >= RECALLED_AT_ONCE_MAX:
                    break
        for show, row in await self._store.records(list(wanted)):
            self.state.shows[show].recall(row)

    def _decide(self, record: LogRecord, command: messages.AnyCommand | None) -> None:
        state = self.state
        self._last = record
        if command is None or record.offset in self._caution.forced:
            self._reject(record, command, "malformed" if command is None else "data_refused")
            return
        now_ms = state.last_now_ms = log_time(state.last_now_ms, record.timestamp_ms, command.sent_at_ms)
        try:
            outcomes = decide(state, command, Moment(now_ms, self._decided_at_ms, record.offset))
        except Exception as error:
            self._observer.bug(self.part, record.offset, error)
            self._reject(record, command, "internal_error")
            return
        for outcome in outcomes:
            state.evolve(command, outcome, self._draft)
        if command.trace:
            self._draft.traces.append(command.trace)

    def _reject(self, record: LogRecord, command: messages.AnyCommand | None, code: str) -> None:
        """One outcome and a dead letter for a record that cannot be decided."""
        self._observer.unreadable(self.part, record.offset)
        show = self.state.shows.get(command.show) if command else None
        self._draft.dead.append((record.offset, code, record.value))
        moment = Moment(self.state.last_now_ms, 0, record.offset)
        self.state.evolve(None, rejection(command, show, moment, code), self._draft)

    def _moment(self, now_s: float) -> int:
        """When the draft is decided: now, or when it was for the first time."""
        before_ms = self._moment_ms
        return self._own_time_ms(now_s) if before_ms is None else max(before_ms, self.state.last_now_ms)

    def _own_time_ms(self, now_s: float) -> int:
        """This process's clock, but not ahead of the database's: a node whose clock is wrong must not move expiry."""
        database_ms, read_at_s = self._database_time
        return min(self._clock.now_ms(), database_ms + round((now_s - read_at_s) * 1000))
