"""One line of a room as an instance sees it: where it stands, how fast it moves, who takes part in its draw."""

from collections import deque
from dataclasses import dataclass, field, replace

from waiting_room.draws import Draw
from waiting_room.eta import Eta
from waiting_room.ports import Line, Position

RESERVED_MIN = 100
"""Numbers reserved at a time while few join: what a store's loss costs a small room."""
MEASURED_MS = 10_000
"""The rate that fans and operators see is that of the last ten seconds."""
STALLED_AFTER_MS = 10_000


@dataclass(slots=True)
class Queue:
    """Changed by the service only."""

    line: Line
    numbers_reserved_max: int
    position: Position
    draw: Draw | None = None
    """None: the line was opened together with the sale; whoever comes first is first."""
    floor: int = 0
    """How far the ledger knows the line to be served, from us."""
    reserved: int = RESERVED_MIN
    """How many numbers are reserved at a time, at present."""
    reserved_at_ms: int = 0
    seen_at_ms: int = 0
    """When the line's store last answered, by our clock."""
    moved_at_ms: int = 0
    track: deque[tuple[int, int]] = field(default_factory=deque)
    joins: deque[tuple[int, int]] = field(default_factory=deque)
    eta: Eta = field(default_factory=Eta)

    @property
    def waiting(self) -> int:
        """People with a number that is not called yet, at most: numbers that a lost store left out count as well."""
        return max(0, self.position.issued - self.position.serving)

    @property
    def runs_out(self) -> bool:
        """Whether it is time to reserve more numbers."""
        return self.position.ceiling - self.position.issued < self.reserved // 2

    def settling(self, n: int) -> bool:
        """Whether `n` may be one of a draw: then it counts only once its leaf is kept, and the order is nothing."""
        return self.draw is not None and (self.draw.root is None or self.drawn_among(n))

    @property
    def undrawn(self) -> bool:
        """Nobody can be called: the places are not known yet."""
        return self.draw is not None and self.draw.seed is None

    def place(self, n: int) -> int | None:
        """The place of number `n`; None where it is not drawn yet."""
        return n if self.draw is None else self.draw.place(n)

    def drawn_among(self, n: int) -> bool:
        """Whether number `n` takes part in the draw."""
        return self.draw is not None and self.draw.size is not None and n <= self.draw.size

    def reserve(self, now_ms: int) -> int:
        """How many numbers to reserve now: twice as many as the last time if that was less than a second ago."""
        since_ms = now_ms - self.reserved_at_ms
        if since_ms < 1_000:
            self.reserved = min(self.reserved * 2, self.numbers_reserved_max)
        elif since_ms > 10_000:
            self.reserved = RESERVED_MIN
        self.reserved_at_ms = now_ms
        return self.reserved

    def saw(self, position: Position, now_ms: int) -> None:
        """The line stands at `position`. Neither an answer out of turn takes it back, nor a store that forgot between
        an answer and what was asked before it: our next move tells that store how far the line was served."""
        self.seen_at_ms = now_ms
        known = self.position
        if position.at_ms < known.at_ms and position.gen <= known.gen:
            return
        if position.serving < known.serving:
            position = replace(position, serving=known.serving)
        if position.serving > known.serving or not self.track:
            self.moved_at_ms = position.at_ms
        if position.gen != known.gen:
            # Numbers that a lost store left out were not joined by anybody.
            self.joins.clear()
        self.position = position
        self.joins.append((position.at_ms, position.issued))
        _forget_old(self.joins, position.at_ms)
        self.track.append((position.at_ms, position.serving))
        _forget_old(self.track, position.at_ms)

    def rate_now(self) -> int:
        """People per minute called over the last ten seconds, as far as this instance has seen them."""
        if len(self.track) < 2:
            return 0
        (first_ms, first), (last_ms, last) = self.track[0], self.track[-1]
        return 0 if last_ms <= first_ms else round((last - first) * 60_000 / (last_ms - first_ms))

    def joined_per_min(self) -> int:
        """People per minute who joined over the last ten seconds; a few at once are no rush."""
        return (self.joins[-1][1] - self.joins[0][1]) * 60_000 // MEASURED_MS if self.joins else 0

    def stalled(self, rate_per_min: int) -> bool:
        """People wait and should be called at this rate, and nobody was for ten seconds (of the store's time)."""
        # At a very low rate the next one is simply not due yet.
        patience_ms = max(STALLED_AFTER_MS, 2 * 60_000 // max(1, rate_per_min))
        return rate_per_min > 0 and self.waiting > 0 and self.position.at_ms - self.moved_at_ms > patience_ms


def _forget_old(track: deque[tuple[int, int]], now_ms: int) -> None:
    while len(track) > 2 and track[1][0] <= now_ms - MEASURED_MS:
        track.popleft()
