"""Those who wait for a verdict: whether one more may, and of whom. Pure.

There is a place for whoever comes while fewer than `TIMES_FREE` times the free places are taken by their own. So the
more crowded it is the fewer one caller may have, and whoever has less than the others finds room: of n callers who want
more than there is each has the same, and for every second one of them a place is left (a dynamic threshold, as in the
shared memory of a switch: Choudhury and Hahne, 1998). Nothing that waits is put out again, and a fan, of whom one hold
waits, notices nothing of it.
"""

from ingress.allowance import Allowance
from ingress.caches import Lru
from ingress.lately import Lately
from ticketing.clock import Clock

TIMES_FREE = 2
"""Who is alone has two thirds of the places; twenty who want more have 40 of 41."""
REFUSALS_IN_A_WINDOW_MAX = 100
"""A thirtieth of a core. Beyond it a log or a database that is away is not asked about for each of ten thousand holds:
a loop that is busy with refusing has no turns for the log's answers."""
INSISTENT_MAX = 1_000
INSISTENT_MS = 2_000
"""The longest that anybody who is refused is told to wait."""
LOOK_AGAIN_MS = 500
"""So often somebody who insists is looked at all the same, as there may be more for them by now."""


class Crowd:
    """`most` may wait, and fewer where verdicts take long (`allowance`)."""

    def __init__(self, most: int, clock: Clock) -> None:
        self._waiting = 0
        self._clock = clock
        self._of_callers: dict[str, int] = {}
        self._refusals = Lately(REFUSALS_IN_A_WINDOW_MAX)
        # Header Authorization -> whose, how many of them waited when it was refused, until when that counts.
        self._insistent: Lru[bytes, tuple[str, int, int]] = Lru(INSISTENT_MAX)
        self._insistent_until_ms = 0
        self.allowance = Allowance(most)

    def is_full(self) -> bool:
        """Whether as many wait as can be served soon, or refusing is what keeps this process from serving."""
        if self._waiting >= self.allowance.now:
            return True
        return self._refusals.was_too_often and self._refusals.too_often(self._clock.now_ms())

    def has_its_share(self, account: str) -> bool:
        """Whether as many of this caller's wait as may while others ask, too."""
        free = self.allowance.now - self._waiting
        return self._of_callers.get(account, 0) >= TIMES_FREE * free

    def enter(self, account: str) -> None:
        """One more of a caller's waits. Must `leave` once."""
        self._waiting += 1
        self._of_callers[account] = self._of_callers.get(account, 0) + 1

    def leave(self, account: str) -> None:
        """One of a caller's waits no more."""
        self._waiting -= 1
        left = self._of_callers[account] - 1
        if left:
            self._of_callers[account] = left
        else:
            del self._of_callers[account]

    def note_refusal(self) -> None:
        """A command was refused although all had been done for it that is done for one that is taken."""
        self._refusals.note(self._clock.now_ms())

    def note_insistent(self, authorization: bytes, account: str) -> None:
        """A hold with this header was refused, as the caller has as many waiting as it may."""
        now_ms = self._clock.now_ms()
        had = max(1, self._of_callers.get(account, 0))
        self._insistent.put(authorization, (account, had, now_ms + LOOK_AGAIN_MS))
        self._insistent_until_ms = now_ms + INSISTENT_MS

    def may_insist(self) -> bool:
        """Whether anybody is known who may insist: until a while after the last one did."""
        if not self._insistent_until_ms:
            return False
        if self._clock.now_ms() < self._insistent_until_ms:
            return True
        self._insistent = Lru(INSISTENT_MAX)
        self._insistent_until_ms = 0
        return False

    def insists(self, authorization: bytes) -> bool:
        """Whether it is somebody who was refused, and has as many waiting as they had then, or nobody has a place: so
        whoever asks again and again is looked at no more often than they are answered."""
        known = self._insistent.get(authorization)
        if known is None:
            return False
        account, had, until_ms = known
        now_ms = self._clock.now_ms()
        if not self.is_full():
            if self._of_callers.get(account, 0) < had:
                return False
            if now_ms >= until_ms:
                self._insistent.forget(authorization)
                return False
        self._insistent_until_ms = now_ms + INSISTENT_MS
        return True
