"""The office: runs the desks of an allocator process in one cluster of Postgres, renews their leases, takes partitions
and gives them back.

Desks are stopped by a flag, never by cancelling: a cancelled database call sends a cancel request, and that can make
a commit visible which the standby does not have.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from allocator import metrics
from allocator.announcing import OfficeNow, Refusals, show_statuses
from allocator.caution import Caution
from allocator.claiming import claim
from allocator.errors import DataRefused, DeskError, Replaced, ResultUnknown, WritesRefused
from allocator.log import KafkaLog
from allocator.membership import Membership
from allocator.ownership import Seat, plan
from allocator.ports import Observer, Publication
from allocator.seating import DECIDER_VERSION
from allocator.service import Desk
from allocator.settings import Settings
from allocator.store import PostgresStore
from ticketing.clock import Clock
from ticketing.messages import AllocatorStatus, ShowStatusNow

IDLE_FETCH_S = 0.2
"""How long an idle desk waits for a first record: also how soon it notices that it is to stop."""
BUSY_WAIT_S = 0.002
"""How long a desk waits for its commit before it looks for more to decide meanwhile."""
DECIDED_AT_ONCE_MAX = 500
"""How many records are decided between two turns of the event loop: about 3 ms."""
UNPUBLISHED_MAX = 4
"""Committed batches that may wait for the brokers; then no more is written."""
CLAIM_RETRY_S = 0.5

log = structlog.get_logger(__name__)


@dataclass
class Place:
    """A partition in this process: its desk, and the flag that asks it to stop."""

    part: int
    store: PostgresStore
    progress_s: float
    """When its loop last went round, by the event loop's clock."""
    desk: Desk | None = None
    stop: bool = False
    replaced: bool = False
    """Somebody else has claimed it since."""
    task: "asyncio.Task[None] | None" = None


class Office:
    """All partitions of one allocator process that are in one cluster."""

    def __init__(
        self,
        *,
        settings: Settings,
        membership: Membership,
        commands: KafkaLog,
        open_store: Callable[[int], PostgresStore],
        clock: Clock,
        announce: Callable[[AllocatorStatus], Awaitable[None]],
        observer: Observer,
    ) -> None:
        self._settings = settings
        self._membership = membership
        self._commands = commands
        self._open_store = open_store
        self._clock = clock
        self._announce = announce
        self._meter = asyncio.get_running_loop().time
        self._observer = observer
        self._places: dict[int, Place] = {}
        self._cautions: dict[int, Caution] = {}
        self._refusals = Refusals()
        self._stop = asyncio.Event()
        self._crash: BaseException | None = None
        self._reachable = False
        self._parts = 0
        self._other_deciders: dict[int, int] = {}
        """Partitions that are not ours to claim: whose open shows another version has decided."""

    def request_stop(self) -> None:
        """Let the desks finish what they have begun, and leave."""
        self._stop.set()

    def ready(self) -> list[str]:
        """Why this allocator cannot decide; empty when it can. One without a partition is a ready spare."""
        refused = [f"partition {part} takes no writes: {why}" for part, why in self._refusals.reasons.items()]
        refused += [
            f"partition {part} has an open show decided by version {version}, this is {DECIDER_VERSION}: see "
            "ONSALE_ALLOCATOR_TAKES_OTHER_DECIDERS"
            for part, version in self._other_deciders.items()
        ]
        away = [] if self._reachable else ["the database cannot be reached"]
        away += [] if self._commands.reachable else ["the log cannot be reached"]
        return away + refused

    async def run(self) -> None:
        """Own partitions until asked to stop. Raises what a desk raised where memory and tables differ."""
        try:
            while not self._stop.is_set() and self._crash is None:
                await self._tick()
                await _wait(self._stop, self._settings.allocator_tick_s)
        finally:
            for place in self._places.values():
                place.stop = True
            await asyncio.gather(*(place.task for place in self._places.values() if place.task))
            await self._membership.leave()
        if self._crash is not None:
            raise self._crash

    async def announce_shows(self) -> OfficeNow:
        """Tell each show's counts and lag."""
        lag_records, lag_ms = 0, 0
        for place in list(self._places.values()):
            for status in await self._statuses(place):
                lag_records, lag_ms = max(lag_records, status.lag_records), max(lag_ms, status.lag_ms)
                await self._announce(status)
        for refusal in self._refusals.statuses(self._clock.now_ms()):
            await self._announce(refusal)
        owned = sum(place.desk is not None for place in self._places.values())
        refused = len(self._refusals.reasons)
        return OfficeNow(self._reachable, self._commands.reachable, self._parts, owned, refused, lag_records, lag_ms)

    async def _tick(self) -> None:
        now_s = self._meter()
        moving = [p for p in self._places.values() if now_s - p.progress_s < self._settings.allocator_stuck_s]
        desks = [place.desk for place in moving if place.desk is not None]
        try:
            seats, members = await self._membership.look()
            self._note_deciders(seats)
            if self._other_deciders and not self._places:
                # Not even a member: the others would leave it a share that nobody then owns.
                self._reachable = True
                return
            renewed = await self._membership.renew([(d.part, d.position.epoch, d.published_seq) for d in desks])
        except ResultUnknown as error:
            self._reachable = False
            log.warning("membership.unreachable", error=str(error))
            return
        self._reachable = True
        for place in moving:
            if place.desk in desks and place.part not in renewed:
                # Its next batch would find out, but on a partition where nothing is asked there is none: the desk would
                # sit there for ever, and nobody could give the partition back to this process.
                place.stop = place.replaced = True
        me = self._membership.owner.hex
        for seat in seats:
            if seat.owner != me and not seat.claimable:
                self._refusals.end(seat.part)
        ours = [seat for seat in seats if seat.part not in self._other_deciders]
        todo = plan(me, ours, members, self._places)
        for part in todo.claim:
            if part not in self._places:
                place = self._places[part] = Place(part, self._open_store(part), now_s)
                place.task = asyncio.create_task(self._own(place), name=f"desk {part}")
        if todo.give_back is not None and todo.give_back in self._places:
            self._places[todo.give_back].stop = True
        self._parts = len(seats)

    def _note_deciders(self, seats: list[Seat]) -> None:
        """Another version of the decider might answer the same log otherwise: a show is decided by one, or it is said
        that both are the same."""
        is_told = self._settings.allocator_takes_other_deciders
        self._other_deciders = {
            seat.part: seat.decided_by
            for seat in seats
            if not is_told and seat.decided_by is not None and seat.decided_by != DECIDER_VERSION
            if seat.part not in self._places
        }

    async def _own(self, place: Place) -> None:
        """One claim of one partition, from first to last. Whatever ends it, the place is free for another claim."""
        part = place.part
        caution = self._cautions.setdefault(part, Caution())
        try:
            claimed = await claim(place.store, self._commands, self._observer)
            if claimed is None:
                return
            cursor, state = claimed
            metrics.CLAIMS.inc()
            log.info("partition.claimed", part=part, epoch=cursor.at.epoch, next_offset=cursor.at.next_offset)
            place.desk = Desk(
                cursor=cursor,
                state=state,
                store=place.store,
                log=self._commands,
                clock=self._clock,
                meter=self._meter,
                observer=self._observer,
                caution=caution,
            )
            await self._work(place, place.desk)
            if place.replaced:
                raise Replaced(f"partition {part} has another owner")
            await place.store.release(place.desk.position, place.desk.published_seq)
            log.info("partition.released", part=part)
        except DeskError as error:
            metrics.LOSSES.labels(type(error).__name__).inc()
            log.warning("partition.dropped", part=part, reason=type(error).__name__, error=str(error))
            if isinstance(error, WritesRefused):
                self._refusals.begin(part, str(error))
            if not isinstance(error, DataRefused):  # which only the next claim can help
                await _wait(self._stop, CLAIM_RETRY_S)
        except Exception as error:
            log.error("partition.stopped", part=part, exc_info=error)
            self._crash = error
        finally:
            place.desk = None
            place.store.close()
            await self._commands.forget(part)
            self._places.pop(part, None)

    async def _work(self, place: Place, desk: Desk) -> None:
        """Gather, commit, publish until asked to stop: while a batch is written the next one is decided, and the one
        before it is published."""
        committing: asyncio.Task[Publication] | None = None
        publishing: asyncio.Task[None] | None = None
        try:
            while not place.stop:
                place.progress_s = self._meter()
                if not desk.is_full:
                    # With a draft in hand take only what is there: it is not to wait for more.
                    await _gather(desk, IDLE_FETCH_S if desk.is_empty and committing is None else 0)
                if committing is not None:
                    if not committing.done():
                        await asyncio.wait({committing}, timeout=None if desk.is_full else BUSY_WAIT_S)
                    if not committing.done():
                        continue
                    publishing = asyncio.create_task(_publish(desk, await committing, after=publishing))
                    committing = None
                    self._refusals.end(desk.part)
                if publishing is not None and (publishing.done() or _unpublished(desk) > UNPUBLISHED_MAX):
                    await publishing
                    publishing = None
                if desk.is_empty and committing is None:
                    self._refusals.end(desk.part)
                if not desk.is_empty:
                    committing = asyncio.create_task(desk.commit(desk.seal()), name=f"commit {desk.part}")
                    # It goes out now, to be written while the next batch is decided.
                    await asyncio.sleep(0)
            if committing is not None:
                publishing = asyncio.create_task(_publish(desk, await committing, after=publishing))
            if publishing is not None:
                await publishing
        finally:
            if committing is not None and not committing.done():
                # Gathering failed: the batch is on its way, and its connection is still needed.
                await asyncio.wait({committing})
                committing.exception()  # looked at; what gathering met with is the reason
            if publishing is not None and not publishing.done():
                # Committed, and so published by whoever claims the partition next.
                publishing.cancel()
                await asyncio.wait({publishing})

    async def _statuses(self, place: Place) -> list[ShowStatusNow]:
        desk = place.desk
        if desk is None or not self._commands.reachable:  # to wait for it, partition by partition, takes minutes
            return []
        try:
            _, end = await self._commands.bounds(place.part)
        except DeskError:
            return []
        return show_statuses(desk, end, self._clock.now_ms())


async def _gather(desk: Desk, timeout_s: float) -> None:
    """Take what is queued, in pieces: between them batches go out and other desks have their turn."""
    while await desk.gather(timeout_s, DECIDED_AT_ONCE_MAX):
        timeout_s = 0
        await asyncio.sleep(0)


async def _publish(desk: Desk, publication: Publication, *, after: "asyncio.Task[None] | None") -> None:
    if after is not None:
        await after
    await desk.publish(publication)


def _unpublished(desk: Desk) -> int:
    return desk.position.batch_seq - desk.published_seq


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
