"""The notifier on real servers: its three loops, and what each does when a server is away."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg
import structlog

from notifier import metrics
from notifier.lounge import Lounges
from notifier.mail.postman import Postman
from notifier.money.cashier import Cashier
from notifier.outbox.service import Outbox
from notifier.ports import StoreAway
from notifier.reception import Reception
from notifier.service import Notifier
from runtime.follow import Follower, HistoryChanged
from runtime.follow_edges import KafkaStream, PostgresTable
from runtime.kafka import LogError, LogRangeError, PartitionReader
from runtime.postgres import FAILURES
from runtime.retry import Backoff
from ticketing.messages import RoomStatusNow, Undecodable, decode_as

log = structlog.get_logger("notifier")

SWEEP_EVERY_S = 1.0
OUTBOX_EVERY_S = 0.25
ROOM_RECORDS_MAX = 1_000
ROOM_POLL_S = 0.25
AWAY = (LogError, StoreAway, *FAILURES)
"""A server is away: the same is tried again. Anything else is a defect and ends the process."""

T = TypeVar("T")


class LiveTopic:
    """What is sent from now on: nobody needs a warning (`notifier.ports.Warnings`) or a status of an hour ago."""

    def __init__(self, reader: PartitionReader, parts: Sequence[int]) -> None:
        self._reader = reader
        self._parts = parts

    async def start(self) -> None:
        """Find the end. Raises `LogUnavailable`."""
        await self._reader.set_positions(await self._reader.ends(self._parts))

    async def poll(self, records_max: int, timeout_s: float) -> list[bytes]:
        """What has arrived. Raises `LogUnavailable`."""
        try:
            return [record.value for record in await self._reader.poll(records_max, timeout_s)]
        except LogRangeError:
            await self.start()
            return []


class NotifierLoops:
    """`reasons()` says why nobody can be told anything yet, `degraded()` why nothing new is told now.

    A room that has begun serves on while a server is away: sockets stay, and whoever comes gets what was known last. To
    take it out of service would send everybody away from all notifiers at once, since all lack the same.
    """

    def __init__(
        self,
        *,
        notifier: Notifier,
        reception: Reception,
        pool: "asyncpg.Pool[asyncpg.Record]",
        outcomes: PartitionReader,
        warnings: PartitionReader,
        outbox: Outbox,
        cashier: Cashier,
        postman: Postman | None,
        lounges: Lounges,
        rooms: PartitionReader,
    ) -> None:
        self._notifier = notifier
        self._reception = reception
        self._table = PostgresTable(pool)
        self._outcomes = outcomes
        self._warnings = warnings
        self._outbox = outbox
        self._cashier = cashier
        self._postman = postman
        self._lounges = lounges
        self._rooms = rooms
        self._reason = "outcomes are not followed yet"
        self._has_begun = False

    def reasons(self) -> list[str]:
        """Why the room is not ready."""
        return [] if self._has_begun else [self._reason]

    def degraded(self) -> list[str]:
        """What it does without while it serves on."""
        if not self._has_begun:
            return []
        away = [] if self._outcomes.reachable else ["the log cannot be reached"]
        return [*away, self._reason] if self._reason else away

    async def follow_outcomes(self) -> None:
        """Never returns."""
        while True:
            follower = await _tried("outcomes.open", self._open_follower, self._says)
            self._notifier.follow(follower)
            try:
                while True:
                    await _tried("outcomes.step", self._notifier.step, self._says)
                    self._says("")
                    self._has_begun = True
            except HistoryChanged as exc:
                log.warning("outcomes.history_changed", error=repr(exc))

    async def pass_warnings_on(self) -> None:
        """Never returns."""
        topic = await _tried("warnings.open", self._open_warnings, _nobody)
        while True:
            await _tried("warnings.step", lambda: self._notifier.warn(topic), _nobody)

    async def follow_rooms(self) -> None:
        """Never returns."""
        statuses = LiveTopic(self._rooms, [0])
        await _tried("rooms.open", statuses.start, _nobody)
        while True:
            for raw in await _tried("rooms.poll", lambda: statuses.poll(ROOM_RECORDS_MAX, ROOM_POLL_S), _nobody):
                try:
                    self._lounges.learn([decode_as(raw, RoomStatusNow)])
                except Undecodable as exc:
                    log.warning("room.status_undecodable", error=str(exc))
            for _ in self._lounges.flush():
                await asyncio.sleep(0)

    async def sweep(self) -> None:
        """Never returns."""
        while True:
            self._lounges.sweep()
            await _tried("sweep", self._reception.sweep, _nobody)
            await asyncio.sleep(SWEEP_EVERY_S)

    async def take_events(self) -> None:
        """Never returns."""
        await _again_and_again("events.take", self._outbox.take)

    async def send_events(self) -> None:
        """Never returns."""
        await _again_and_again("events.send", self._outbox.send)

    async def take_money(self) -> None:
        """Never returns."""
        await _again_and_again("money.take", self._cashier.take)

    async def ask_providers(self) -> None:
        """Never returns."""
        await _again_and_again("money.ask", self._cashier.ask)

    async def give_back(self) -> None:
        """Never returns."""
        await _again_and_again("money.give_back", self._cashier.give_back)

    async def send_mails(self) -> None:
        """Never returns. Only where letters are written."""
        assert self._postman is not None
        while True:
            await _tried("mails.send", self._postman.send, _nobody)
            # Whether or not more is due: a pause between two rounds is the pace of letters.
            await asyncio.sleep(OUTBOX_EVERY_S)

    def _says(self, reason: str) -> None:
        self._reason = reason
        metrics.FOLLOWS.set(not reason)

    async def _open_follower(self) -> Follower:
        published = await self._table.published()
        stream = KafkaStream(self._outcomes, sorted(published))
        # The end first, the numbers then: what is published between them is dropped by its number.
        await stream.start()
        published = await self._table.published()
        start = {part: at.batch_seq for part, at in published.items()}
        history_id = next((at.history_id for at in published.values()), None)
        return Follower(stream, self._table, start, history_id=history_id)

    async def _open_warnings(self) -> LiveTopic:
        topic = LiveTopic(self._warnings, sorted(await self._table.published()))
        await topic.start()
        return topic


async def _again_and_again(what: str, work: Callable[[], Awaitable[int]]) -> None:
    """Do it on and on; with a pause where there was nothing to do."""
    while True:
        if not await _tried(what, work, _nobody):
            await asyncio.sleep(OUTBOX_EVERY_S)


async def _tried(what: str, work: Callable[[], Awaitable[T]], says: Callable[[str], None]) -> T:
    """Do it, again and again while a server is away."""
    backoff = Backoff(random.random, longest_s=1.0)
    while True:
        try:
            return await work()
        except AWAY as exc:
            says(f"{what} failed: {exc!r}")
            log.warning("notifier.retrying", what=what, error=repr(exc))
        await asyncio.sleep(backoff.next_wait_s())


def _nobody(_reason: str) -> None:
    """The readiness of the room does not hang on it."""
