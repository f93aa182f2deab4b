"""Writes down how each sale goes, every few seconds."""

from collections.abc import Mapping

from ticketing.clock import Clock
from waiting_room.phases import Phase
from waiting_room.ports import LedgerUnavailable
from waiting_room.records import STANDS_MS, TRACK_EVERY_MS, Moment, RecordBook, Tallies, moment_of
from waiting_room.rooms import Room


class Recorder:
    """A moment that cannot be written is left out; counts wait for the next time."""

    def __init__(self, book: RecordBook, tallies: Tallies, rooms: Mapping[int, Room], clock: Clock) -> None:
        self._book = book
        self._tallies = tallies
        self._rooms = rooms
        self._clock = clock
        self._last: dict[int, Moment] = {}
        self._tallied_ms = 0

    async def step(self) -> None:
        """What is due now. Raises `LedgerUnavailable`."""
        now_ms = self._clock.now_ms()
        for show, room in list(self._rooms.items()):
            last = self._last.get(show)
            if last is not None and now_ms - last.at_ms < TRACK_EVERY_MS:
                continue
            moment = moment_of(room, now_ms)
            stands = last is not None and moment.stands_as(last)
            if stands and (moment.at_ms - last.at_ms < STANDS_MS or moment.phase == Phase.CLOSED):  # type: ignore[union-attr]  # stands says so
                continue
            await self._book.add_moment(show, moment)
            self._last[show] = moment
        if now_ms - self._tallied_ms >= TRACK_EVERY_MS:
            self._tallied_ms = now_ms
            await self._write_tallies()

    async def _write_tallies(self) -> None:
        for show, room in self._rooms.items():
            for queue in room.queues.values():
                hits, judged = queue.eta.take_judged()
                self._tallies.add(show, "eta", "hit", hits)
                self._tallies.add(show, "eta", "missed", judged - hits)
        taken = self._tallies.take()
        if not taken:
            return
        try:
            await self._book.add_tallies(taken)
        except LedgerUnavailable:
            self._tallies.put_back(taken)
            raise
