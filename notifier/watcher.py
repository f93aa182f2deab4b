"""One socket: what it may hear, how far it has been told, and what waits for it."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from notifier import metrics
from notifier.audience import Right
from notifier.frames import Frame
from ticketing.socket_frames import SERVER_FRAMES, TOO_MANY, TOO_SLOW, Box

PERSONAL_WAITING_MAX = 500
"""Personal frames that wait for a socket which takes nothing now; beyond that it is closed, and resumes later."""
NOT_TOLD = -1
_SENT = {kind: metrics.FRAMES.labels(kind) for kind in SERVER_FRAMES}


class Wire(Protocol):
    """The socket's sending side. Never waits."""

    @property
    def busy(self) -> bool:
        """Whether what was written before has not been taken yet; then nothing may be written."""
        ...

    @property
    def write(self) -> Callable[[bytes], None]:
        """Sends a packed frame. The same callable for good."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close, politely where the socket takes it, by force where not."""
        ...

    def cut(self) -> None:
        """Drop the connection, whatever waits for it."""
        ...


class Watcher:
    """`told_seq` is the last number of the public frames sent to it, `NOT_TOLD` before the first.

    `takes`: whether a frame can be sent now. Kept, not asked for: a round looks at it for each of ten thousand sockets.
    Whoever knows that the wire has become busy, or is so no longer, calls `settle`.
    """

    __slots__ = (
        "_allowance",
        "_allowance_at_ms",
        "_waiting",
        "address",
        "box",
        "busy_since_ms",
        "closed",
        "greeted",
        "joined_at_ms",
        "notice_closes_at_ms",
        "right",
        "subscribed",
        "takes",
        "told_seq",
        "wire",
        "write",
    )

    def __init__(self, wire: Wire, now_ms: int, *, frames_burst: int = 1) -> None:
        self.wire = wire
        self.write = wire.write
        self.right: Right | None = None
        self.joined_at_ms = now_ms
        self.greeted = False
        self.subscribed = False
        self.box: Box | None = None
        self.address = ""
        self.told_seq = NOT_TOLD
        self.busy_since_ms: int | None = None
        self.notice_closes_at_ms: int | None = None
        self.closed = False
        self._waiting: deque[Frame] = deque()
        self._allowance = float(frames_burst)
        self._allowance_at_ms = now_ms
        self.settle()

    def settle(self) -> None:
        """See whether a frame can be sent now."""
        self.takes = not (self.closed or self.wire.busy or self._waiting)

    def note_busy(self, now_ms: int) -> None:
        """Remember since when the wire is busy; whoever hears that it has become so calls this, and each sweep does."""
        if not self.wire.busy:
            self.busy_since_ms = None
        elif self.busy_since_ms is None or self.busy_since_ms > now_ms:
            # Later than now: the clock was set back.
            self.busy_since_ms = now_ms

    def tell(self, frame: Frame) -> None:
        """Send a frame of its own, after those that wait."""
        if self.takes:
            self.write(frame.packed)
            _SENT[frame.kind].inc()
        elif not self.closed:
            self._waiting.append(frame)
            self.takes = False
            if len(self._waiting) > PERSONAL_WAITING_MAX:
                self.close(TOO_SLOW, "too many frames wait")

    def hold_back(self, frame: Frame) -> None:
        """Keep a frame of its own for `let_go`, because more will be said in the same turn. Only while it `takes`."""
        self._waiting.append(frame)
        self.takes = False

    def let_go(self, public: Frame | None = None) -> bool:
        """Send what was held back, in one write with the `public` frame behind it; whether that was done."""
        if self.closed or self.wire.busy:
            return False
        frames = [*self._waiting, public] if public is not None else [*self._waiting]
        self._waiting.clear()
        self.write(frames[0].packed if len(frames) == 1 else b"".join([frame.packed for frame in frames]))
        for frame in frames:
            _SENT[frame.kind].inc()
        self.settle()
        return True

    def drain(self) -> bool:
        """The wire takes again: send what waits; whether all of it went."""
        while self._waiting and not (self.closed or self.wire.busy):
            frame = self._waiting.popleft()
            self.write(frame.packed)
            _SENT[frame.kind].inc()
        self.settle()
        return self.takes

    def hears_client(self, now_ms: int, *, per_s: float, burst: int) -> bool:
        """Count one frame from the client; False, and closed, when they come too fast."""
        earned = (now_ms - self._allowance_at_ms) / 1000 * per_s
        self._allowance = min(self._allowance + max(earned, 0), burst) - 1
        self._allowance_at_ms = now_ms
        if self._allowance >= 0:
            return True
        self.close(TOO_MANY, "too many frames")
        return False

    def lose_patience(self, now_ms: int, *, stuck_ms: int, hello_within_ms: int) -> None:
        """Cut a socket that has read nothing for so long, close one that never said hello."""
        self.note_busy(now_ms)
        if self.busy_since_ms is not None and now_ms - self.busy_since_ms > stuck_ms:
            # It reads nothing, not even that it is closed.
            self.close(TOO_SLOW, "nothing was read for too long")
            self.wire.cut()
        self.joined_at_ms = min(self.joined_at_ms, now_ms)
        if not self.greeted and now_ms - self.joined_at_ms > hello_within_ms:
            self.close(TOO_SLOW, "hello did not come")

    def close(self, code: int, reason: str) -> None:
        """Close the socket: no frame goes out after this. Whoever serves it still has to let it `leave`."""
        if not self.closed:
            self.closed, self.takes = True, False
            self._waiting.clear()
            self.wire.close(code, reason)
            metrics.CLOSED.labels(str(code)).inc()
