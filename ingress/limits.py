"""How often one caller may ask: buckets that fill evenly, judged here and shared with the other processes. Pure.

A bucket is one moment (GCRA): when it will be full again if nobody takes any more. Taking moves it on by the time that
one taking is worth; it is refused where that would be more than a whole window ahead. So judging needs no look at
anything but memory. What was taken here is told to the shared store from time to time (`owed`), and what all have
taken comes back (`settle`); without a store each process goes on by what it has seen itself.

Who has used only little of a quota here cannot be near its end unless as many processes as `SHARED_FROM` were asked,
so that is not told yet: in a rush of people who ask once, nothing is sent for any of them.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

SHARED_FROM = 8
"""A bucket is shared once an eighth of its quota was taken here."""
DEBT_WINDOWS = 2
"""How far ahead a bucket is kept, in windows: what several processes granted at once is paid back, but not for ever."""


class Quota(NamedTuple):
    """`most` takings in `window_ms`, at once or evenly."""

    name: str
    most: int
    window_ms: int

    @property
    def policy(self) -> str:
        """As in the header RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers)."""
        return f'"{self.name}";q={self.most};w={self.window_ms // 1000}'


class Standing(Struct, frozen=True, gc=False):
    """How a bucket stands: `left` takings; refused where `wait_ms` is more than 0."""

    quota: Quota
    left: int
    full_in_ms: float
    wait_ms: float

    @property
    def header(self) -> str:
        """As in the header RateLimit."""
        return f'"{self.quota.name}";r={self.left};t={-int(-self.full_in_ms // 1000)}'


class Bucket:
    """One caller's. `full_at_ms`: when all of it can be had again; `taken`: here, and not told yet."""

    __slots__ = ("full_at_ms", "owes", "quota", "subject", "taken")

    def __init__(self, quota: Quota, subject: str) -> None:
        self.quota = quota
        self.subject = subject
        self.full_at_ms = 0.0
        self.taken = 0
        self.owes = False


class Owed(NamedTuple):
    """What was taken from one bucket since it was last told."""

    bucket: Bucket
    taken: int


class Buckets:
    """All buckets of one process, at most about `buckets_max`: beyond it those not asked for longest are forgotten."""

    def __init__(self, *, buckets_max: int, keep_ms: int) -> None:
        self._generation_max = max(1, buckets_max // 2)
        self._keep_ms = keep_ms
        self._young: dict[tuple[str, str], Bucket] = {}
        self._old: dict[tuple[str, str], Bucket] = {}
        self._turned_ms = 0
        self._owing: list[Bucket] = []

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def take(self, quota: Quota, subject: str, now_ms: int) -> Standing:
        """Take one; where that is refused nothing is taken."""
        bucket = self._young.get((quota.name, subject))
        if bucket is None:
            bucket = self._find(quota, subject, now_ms)
        window_ms = quota.window_ms
        each_ms = window_ms / quota.most
        ahead_ms = bucket.full_at_ms - now_ms
        # A bucket further ahead than anything puts it is of a clock that was set back.
        if ahead_ms < 0 or ahead_ms > DEBT_WINDOWS * window_ms:
            ahead_ms = 0.0
        after_ms = ahead_ms + each_ms
        if after_ms > window_ms + 0.001:
            return Standing(quota, 0, ahead_ms, after_ms - window_ms)
        bucket.quota = quota
        bucket.full_at_ms = now_ms + after_ms
        # No more than what the bucket is short of: what has flowed back since is nobody's debt.
        taken = bucket.taken + 1
        if taken > 1:
            taken = min(taken, -int(-after_ms // each_ms))
        bucket.taken = taken
        if not bucket.owes and taken * SHARED_FROM >= quota.most:
            bucket.owes = True
            self._owing.append(bucket)
        return Standing(quota, int((window_ms - after_ms) / each_ms + 0.001), after_ms, 0.0)

    def give_one_back(self, quota: Quota, subject: str) -> None:
        """Nothing came of a taking."""
        name = (quota.name, subject)
        bucket = self._young.get(name) or self._old.get(name)
        if bucket is not None:
            bucket.full_at_ms -= quota.window_ms / quota.most
            # Less than none where it was told already: the store hears of it with what is taken next.
            bucket.taken -= 1

    @property
    def owing(self) -> bool:
        """Whether there is something to tell the store."""
        return bool(self._owing)

    def owed(self, at_most: int) -> list[Owed]:
        """What the store does not know yet; it counts as told from now on."""
        telling, self._owing = self._owing[:at_most], self._owing[at_most:]
        told = []
        for bucket in telling:
            told.append(Owed(bucket, bucket.taken))
            bucket.taken = 0
            bucket.owes = False
        return told

    def give_back(self, owed: Iterable[Owed]) -> None:
        """The store was not told after all."""
        for bucket, taken in owed:
            bucket.taken += taken
            if not bucket.owes:
                bucket.owes = True
                self._owing.append(bucket)

    @staticmethod
    def settle(owed: Iterable[Owed], ahead_ms: Iterable[float], now_ms: int) -> None:
        """What the store said to each: how far ahead its bucket is, all processes together."""
        for (bucket, _), ahead in zip(owed, ahead_ms, strict=True):
            window_ms = bucket.quota.window_ms
            meanwhile_ms = bucket.taken * window_ms / bucket.quota.most
            bucket.full_at_ms = now_ms + min(ahead + meanwhile_ms, DEBT_WINDOWS * window_ms)

    def _find(self, quota: Quota, subject: str, now_ms: int) -> Bucket:
        if len(self._young) >= self._generation_max or not 0 <= now_ms - self._turned_ms < self._keep_ms:
            self._old, self._young, self._turned_ms = self._young, {}, now_ms
        name = (quota.name, subject)
        bucket = self._old.pop(name, None)
        if bucket is None:
            bucket = Bucket(quota, subject)
        self._young[name] = bucket
        return bucket
