"""Those who wait for their turn: `/ws/room/{show}` tells everybody how far the line of a show is served.

Public and the same for all: nobody says who they are, and who falls behind is told how it stands now, not what was.
Polling the room's status document alone suffices; this is comfort, so a status that is lost is followed by the next.
"""

from collections.abc import Iterable, Iterator

from notifier import metrics
from notifier.door import Door
from notifier.frames import Frame, Unreadable, frame, read_client_frame
from notifier.ports import Limits
from notifier.watcher import Watcher, Wire
from ticketing.clock import Clock
from ticketing.messages import RoomStatusNow
from ticketing.problems import PROBLEMS
from ticketing.socket_frames import (
    GOING_AWAY,
    HEARTBEAT_S,
    POLICY_VIOLATION,
    Complaint,
    Data,
    Hello,
    Ping,
    Pong,
    Serving,
    Welcome,
)

TOLD_EVERY_MS = 500
"""Several instances of the room tell how far it serves, each once a second."""
OLDER_MS_MAX = 5_000
"""How far the clocks of those instances may be apart."""
STATUSES_MAX = 10_000
WATCHERS_PER_TURN = 250


class Lounge:
    """One show's. Each word is numbered here, so that it is known whom it has been told."""

    def __init__(self, show: int, venue: str) -> None:
        self.show = show
        self.venue = venue
        self.watchers: dict[Watcher, None] = {}
        self._said: Serving | None = None
        self._said_at_ms = 0
        self._number = 0
        self._made: Frame | None = None
        self._has_news = False
        self._told_at_ms = 0

    def learn(self, status: RoomStatusNow) -> None:
        """How it stands; what is no news, or a little older than what is known, is passed over."""
        said = Serving(phase=status.phase, serving=status.serving, issued=status.issued)
        # Much older: the clock of that instance was set back.
        if said != self._said and not 0 <= self._said_at_ms - status.at_ms < OLDER_MS_MAX:
            self._said, self._said_at_ms, self._made = said, status.at_ms, None
            self._number += 1
            self._has_news = True

    def is_due(self, now_ms: int) -> bool:
        """Whether there is something to tell now."""
        return self._has_news and not 0 <= now_ms - self._told_at_ms < TOLD_EVERY_MS

    def flush(self, now_ms: int) -> Iterator[None]:
        """Tell all; yields now and then, so that others get their turn."""
        self._told_at_ms = now_ms
        self._has_news = False
        for place, watcher in enumerate(list(self.watchers), 1):
            self.catch_up(watcher, now_ms)
            if place % WATCHERS_PER_TURN == 0:
                yield

    def catch_up(self, watcher: Watcher, now_ms: int) -> None:
        """Tell one socket how it stands, unless it knows, or takes nothing now."""
        if self._said is None or not watcher.greeted or not watcher.takes or watcher.told_seq == self._number:
            return
        watcher.told_seq = self._number
        self._made = self._made or self.frame("serving", self._said, now_ms)
        watcher.tell(self._made)

    def frame(self, kind: str, data: Data, now_ms: int) -> Frame:
        """A frame of this room."""
        return frame(kind, data, show=self.show, seq=0, at_ms=now_ms)


class Lounges:
    """All rooms that are watched in this process."""

    def __init__(self, *, door: Door, clock: Clock, limits: Limits) -> None:
        self._door = door
        self._clock = clock
        self._limits = limits
        self._lounges: dict[int, Lounge] = {}
        self._statuses: dict[int, RoomStatusNow] = {}

    def __iter__(self) -> Iterator[Lounge]:
        return iter(list(self._lounges.values()))

    def enter(self, show: int, venue: str, wire: Wire) -> tuple[Lounge, Watcher] | None:
        """A socket came; None: closed again. Each one that entered must `leave`."""
        watcher = Watcher(wire, self._clock.now_ms(), frames_burst=self._limits.client_frames_burst)
        if not self._door.enter(watcher):
            return None
        lounge = self._lounges.get(show)
        if lounge is None:
            lounge = self._lounges[show] = Lounge(show, venue)
            known = self._statuses.get(show)
            if known is not None:
                lounge.learn(known)
        lounge.watchers[watcher] = None
        return lounge, watcher

    def leave(self, lounge: Lounge, watcher: Watcher) -> None:
        """The socket is gone."""
        watcher.closed = True
        watcher.settle()
        lounge.watchers.pop(watcher, None)
        if not lounge.watchers:
            self._lounges.pop(lounge.show, None)
        self._door.leave()

    def settle(self, lounge: Lounge, watcher: Watcher) -> None:
        """The socket takes frames no longer, or does so again."""
        now_ms = self._clock.now_ms()
        watcher.settle()
        watcher.note_busy(now_ms)
        if not (watcher.closed or watcher.wire.busy) and watcher.drain():
            lounge.catch_up(watcher, now_ms)

    def hear(self, lounge: Lounge, watcher: Watcher, raw: bytes) -> None:
        """One frame from the client."""
        now_ms, limits = self._clock.now_ms(), self._limits
        if not watcher.hears_client(now_ms, per_s=limits.client_frames_per_s, burst=limits.client_frames_burst):
            return
        said = read_client_frame(raw)
        match said:
            case Hello():
                watcher.greeted = True
                watcher.tell(lounge.frame("welcome", Welcome(venue=lounge.venue, heartbeat_s=HEARTBEAT_S), now_ms))
                lounge.catch_up(watcher, now_ms)
            case Ping():
                watcher.tell(lounge.frame("pong", Pong(reply_to=said.id), now_ms))
            case Unreadable():
                watcher.tell(lounge.frame("error", _complaint(said.code, said.detail, said.reply_to), now_ms))
                if said.hopeless:
                    watcher.close(POLICY_VIOLATION, said.code)
            case _:
                only = "a room's socket tells how far it serves, and that is all"
                watcher.tell(lounge.frame("error", _complaint("not_supported", only, said.id), now_ms))

    def learn(self, statuses: Iterable[RoomStatusNow]) -> None:
        """What the waiting rooms have said."""
        for status in statuses:
            if len(self._statuses) >= STATUSES_MAX and status.show not in self._statuses:
                self._statuses.clear()
            self._statuses[status.show] = status
            lounge = self._lounges.get(status.show)
            if lounge is not None:
                lounge.learn(status)

    def flush(self) -> Iterator[None]:
        """Tell everybody what is new to them; yields now and then."""
        for lounge in self:
            now_ms = self._clock.now_ms()
            if lounge.is_due(now_ms):
                metrics.ROOM_ROUNDS.inc()
                yield from lounge.flush(now_ms)

    def sweep(self) -> None:
        """Those who are stuck, or never say hello, go."""
        now_ms, limits = self._clock.now_ms(), self._limits
        for lounge in self:
            for watcher in list(lounge.watchers):
                watcher.lose_patience(now_ms, stuck_ms=limits.stuck_ms, hello_within_ms=limits.hello_within_ms)

    def farewell(self) -> None:
        """The process stops: everybody is told when to come again."""
        now_ms = self._clock.now_ms()
        self._door.shut()
        for lounge in self:
            for watcher in list(lounge.watchers):
                watcher.tell(lounge.frame("goodbye", self._door.goodbye(), now_ms))
                watcher.close(GOING_AWAY, "come again")


def _complaint(code: str, detail: str, reply_to: str) -> Complaint:
    return Complaint(code=code, detail=detail, reply_to=reply_to, retryable=PROBLEMS[code].retryable)
