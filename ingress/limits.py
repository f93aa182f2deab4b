"""How often one caller may ask: buckets that fill evenly, judged here and shared with the other processes. Pure.

A bucket is one moment (GCRA): when it will be full again if nobody takes any more. Taking moves it on by the time that
one taking is worth; it is refused where that would be more than a whole window ahead. So judging needs no look at
anything but memory. What was taken here is told to the shared store from time to time (`owed`), and what all have
taken comes back (`settle`); without a store each process goes on by what it has seen itself.

Who has used only little of a quota here cannot be near its end unless as many processes as `SHARED_FROM` were asked,
so that is not told yet: in a rush of people who ask once, nothing is sent for any of them.
"""

from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

SHARED_FROM = 8
"""A bucket is shared once an eighth of its quota was taken here."""
DEBT_WINDOWS = 2
"""How far ahead a bucket is kept, in windows: what several processes granted at once is paid back, but not for ever."""
GENERATIONS = 5
"""Of callers, by when they asked last. The more, the less time those who ask once are kept beyond what is needed."""


class Quota:
    """`most` takings in `window_ms`, at once or evenly."""

    __slots__ = ("debt_max_ms", "each_ms", "most", "name", "told_from", "window_ms")

    def __init__(self, name: str, most: int, window_ms: int) -> None:
        self.name = name
        self.most = most
        self.window_ms = window_ms
        self.each_ms = window_ms / most
        self.debt_max_ms = DEBT_WINDOWS * window_ms
        self.told_from = -(-most // SHARED_FROM)

    @property
    def policy(self) -> str:
        """As in the header RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers)."""
        return f'"{self.name}";q={self.most};w={self.window_ms // 1000}'


def policies_of(quotas: Iterable[Quota]) -> str:
    """The header RateLimit-Policy."""
    return ", ".join([quota.policy for quota in quotas])


class Standing(Struct, frozen=True, gc=False):
    """How the buckets stand that were asked, one for each of `ahead_ms`, the first of `quotas`: in how many
    milliseconds it is full again. The last of them refuses where `wait_ms` is more than 0."""

    quotas: tuple[Quota, ...]
    ahead_ms: tuple[float, ...]
    wait_ms: float

    @property
    def asked(self) -> tuple[Quota, ...]:
        """The quotas of these buckets."""
        return self.quotas[: len(self.ahead_ms)]

    @property
    def header(self) -> str:
        """As in the header RateLimit."""
        return _header(self.quotas, self.ahead_ms, self.wait_ms > 0)


# In a rush nearly all ask for the first time, and are told the same; otherwise hardly two stand alike.
@lru_cache(maxsize=256)
def _header(quotas: tuple[Quota, ...], ahead_ms: tuple[float, ...], refused: bool) -> str:
    said = []
    for place, (quota, ahead) in enumerate(zip(quotas, ahead_ms, strict=False), start=1):
        used_up = refused and place == len(ahead_ms)
        left = 0 if used_up else int((quota.window_ms - ahead) / quota.each_ms + 0.001)
        said.append(f'"{quota.name}";r={left};t={-int(-ahead // 1000)}')
    return ", ".join(said)


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
    """All buckets of one process: of who has asked within `keep_ms`, but of at most about `callers_max` callers. Beyond
    it those who have not asked for longest are forgotten."""

    def __init__(self, *, callers_max: int, keep_ms: int) -> None:
        self._generation_max = max(1, callers_max // GENERATIONS)
        self._turn_every_ms = keep_ms / (GENERATIONS - 1)
        # Subject -> the buckets that this caller has, by their quotas' names: a call that takes of several looks once.
        self._young: dict[str, dict[str, Bucket]] = {}
        self._generations = deque([self._young], GENERATIONS)
        """The youngest first."""
        self._turned_ms = 0
        self._owing: list[Bucket] = []

    def __len__(self) -> int:
        return sum(map(len, self._generations))

    def take(self, quotas: tuple[Quota, ...], subject: str, now_ms: int) -> Standing:
        """Take one of each, in their order, up to the first that refuses: of that one nothing is taken."""
        buckets = self._young.get(subject)
        if buckets is None:
            buckets = self._find(subject, now_ms)
        standing: list[float] = []
        for quota in quotas:
            bucket = buckets.get(quota.name)
            if bucket is None:
                bucket = buckets[quota.name] = Bucket(quota, subject)
            each_ms = quota.each_ms
            ahead_ms = bucket.full_at_ms - now_ms
            # A bucket further ahead than anything puts it is of a clock that was set back.
            if 0 < ahead_ms <= quota.debt_max_ms:
                after_ms = ahead_ms + each_ms
                if after_ms > quota.window_ms + 0.001:
                    return Standing(quotas, (*standing, ahead_ms), after_ms - quota.window_ms)
            else:
                after_ms = each_ms
            bucket.quota = quota
            bucket.full_at_ms = now_ms + after_ms
            # No more than what the bucket is short of: what has flowed back since is nobody's debt.
            taken = bucket.taken + 1
            if taken > 1 and (taken - 1) * each_ms >= after_ms:
                taken = -int(-after_ms // each_ms)
            bucket.taken = taken
            if taken >= quota.told_from and not bucket.owes:
                bucket.owes = True
                self._owing.append(bucket)
            standing.append(after_ms)
        return Standing(quotas, tuple(standing), 0.0)

    def give_one_back(self, quota: Quota, subject: str) -> None:
        """Nothing came of a taking."""
        bucket = next((of[subject].get(quota.name) for of in self._generations if subject in of), None)
        if bucket is not None:
            bucket.full_at_ms -= quota.each_ms
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
        """What the store said to each: how far ahead its bucket is, all processes together. A store that has forgotten
        says less than is known here, and takes nothing of it back."""
        for (bucket, _), ahead in zip(owed, ahead_ms, strict=True):
            quota, own_ms = bucket.quota, bucket.full_at_ms - now_ms
            of_all_ms = min(ahead + bucket.taken * quota.each_ms, quota.debt_max_ms)
            # Further ahead than anything puts it: a clock that was set back.
            bucket.full_at_ms = now_ms + (max(own_ms, of_all_ms) if own_ms <= quota.debt_max_ms else of_all_ms)

    def _find(self, subject: str, now_ms: int) -> dict[str, Bucket]:
        if len(self._young) >= self._generation_max or not 0 <= now_ms - self._turned_ms < self._turn_every_ms:
            self._young, self._turned_ms = {}, now_ms
            self._generations.appendleft(self._young)
        known = next((older.pop(subject) for older in self._generations if subject in older), None)
        buckets = self._young[subject] = {} if known is None else known
        return buckets
