"""Which limits a call is under, and what is said of them: policies by caller, headers, "come back in n seconds".

A key has so many requests a minute, and so many commands under way at once (the concurrency policy of selling). A fan
has requests, and attempts to hold; while the show's allocator lags (the surge of a sale), changes of any kind, too. Who
is nobody yet is known by their address. Reads that anybody may keep in a cache are free.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from msgspec import Struct

from ingress import metrics
from ingress.callers import Identity
from ingress.keys import ApiKey
from ingress.limits import Buckets, Quota, Standing, policies_of
from ingress.operations import Operation
from ingress.refusals import Refused
from ticketing.clock import Clock

MINUTE_MS = 60_000
BUCKETS_KEEP_MS = 2 * MINUTE_MS
UNAVAILABLE = 503
PAGES_PER_MIN = 300
"""Of whoever is signed in at our pages: a person, whose looking around takes nothing from the key that they look at."""


class Lags(Protocol):
    """How far behind the shows are."""

    @property
    def lag_ms(self) -> Mapping[int, int]: ...


@dataclass(frozen=True, slots=True)
class Rates:
    """Per minute: of a fan, and of an address. `surge_lag_ms`: from which lag of a show on its fans' changes count."""

    fan_requests: int
    fan_holds: int
    fan_surge_writes: int
    surge_lag_ms: int
    address_requests: int
    address_sign_ins: int


class Counted(Struct, eq=False, gc=False):
    """A call that was counted: what its answer says of the caller's limits (`policies` and `states`, the values of
    RateLimit-Policy and RateLimit), and that it is still under way where that is limited, too: `selling` is what
    `states` ends with then.

    What could not be taken is not held against anybody: they were told to come again.
    """

    policies: str
    standing: Standing
    limiter: "Limiter | None"
    quotas: "Quotas | None"
    subject: str
    selling: str = ""

    def among(self, under_way: int, most: int) -> "Counted":
        """The same of a command of a key that has `under_way` others and may have `most`."""
        policies = f'{self.policies}, "selling";q={most};qu="concurrent-requests"'
        selling = f', "selling";r={max(0, most - under_way - 1)}'
        return Counted(policies, self.standing, self.limiter, None, self.subject, selling)

    def leave(self, status: int) -> None:
        """The call is over, answered with this (0: not at all). Any number of times."""
        limiter, self.limiter = self.limiter, None
        if limiter is None:
            return
        if self.quotas is None:
            limiter.left(self.subject)
        elif status == UNAVAILABLE and len(self.quotas.each) > 1:
            limiter.forgive(self.quotas, self.subject)
            self.policies = ""

    @property
    def by_fan(self) -> bool:
        """Whether nothing of the caller's is limited but how often they ask: who hangs up has nothing to leave."""
        return self.quotas is not None

    @property
    def states(self) -> str:
        """How the caller's limits stood after this call."""
        return self.standing.header + self.selling

    @property
    def headers(self) -> list[tuple[str, str]]:
        """As they are answered."""
        return _headers(self.policies, self.states) if self.policies else []

    @property
    def lines(self) -> bytes:
        """The same as lines of a head."""
        if not self.policies:
            return b""
        return _lines(self.policies, self.standing.header, self.selling)


UNCOUNTED = Counted("", Standing((), (), 0.0), None, None, "")


class Quotas:
    """What a call takes of, in this order. `policies`: the header RateLimit-Policy."""

    __slots__ = ("each", "policies")

    def __init__(self, each: tuple[Quota, ...]) -> None:
        self.each = each
        self.policies = policies_of(each)


class Limiter:
    """Counts what a call takes, or refuses it. `owing` is called when there is something to tell the shared store."""

    def __init__(self, rates: Rates, *, lags: Lags, clock: Clock, callers_max: int) -> None:
        self.buckets = Buckets(callers_max=callers_max, keep_ms=BUCKETS_KEEP_MS)
        self.owing: Callable[[], None] = _nobody_listens
        self._lags = lags
        self._clock = clock
        self._surge_lag_ms = rates.surge_lag_ms
        requests = Quota("requests", rates.fan_requests, MINUTE_MS)
        holds = Quota("holds", rates.fan_holds, MINUTE_MS)
        surge = Quota("surge", rates.fan_surge_writes, MINUTE_MS)
        # Whether the call holds, and whether it changes something in a surge -> what it takes of.
        self._of_fan = {
            (False, False): Quotas((requests,)),
            (True, False): Quotas((requests, holds)),
            (False, True): Quotas((requests, surge)),
            (True, True): Quotas((requests, holds, surge)),
        }
        self._of_more = Quotas((holds,))
        self._address = Quotas((Quota("address", rates.address_requests, MINUTE_MS),))
        self._sign_ins = Quotas((Quota("sign-ins", rates.address_sign_ins, MINUTE_MS),))
        self._at_pages = _of_key(PAGES_PER_MIN)
        self._selling: dict[str, int] = {}

    def check(self, operation: Operation, address: str, identity: Identity | None) -> Counted:
        """Count the call; what is returned is to be left when it is over. Raises `Refused` (429)."""
        if not operation.counted and identity is None:
            return UNCOUNTED
        if identity is None:
            return self._take(self._sign_ins if operation.signs_in else self._address, address, self._clock.now_ms())
        if identity.person:
            return self._take(self._at_pages, identity.person, self._clock.now_ms())
        if identity.key is not None:
            return self._check_key(operation, identity.key)
        account = identity.caller.account
        # A partner's customers hold tokens of reservations that are the partner's: each has limits of their own.
        subject = identity.reservation if identity.reservation and account.startswith("key_") else account
        surge = operation.method != "GET" and self._in_surge(identity.caller.show or 0)
        return self._take(self._of_fan[operation.holds, surge], subject, self._clock.now_ms())

    def check_fans_hold(self, subject: str, show: int, now_ms: int) -> Counted:
        """As `check` of a hold with a pass, whose entry is `subject`."""
        return self._take(self._of_fan[True, self._in_surge(show)], subject, now_ms)

    def check_more_holds(self, identity: Identity, count: int) -> None:
        """Count the holds of a batch beside its first, which `check` counted. Raises `Refused` (429)."""
        if identity.key is None:
            for _ in range(count):
                self._take(self._of_more, identity.caller.account, self._clock.now_ms())

    def _in_surge(self, show: int) -> bool:
        return self._lags.lag_ms.get(show, 0) > self._surge_lag_ms

    def _check_key(self, operation: Operation, key: ApiKey) -> Counted:
        counted = self._take(_of_key(key.requests_per_min), key.key_id, self._clock.now_ms())
        if not operation.waits:
            return counted
        most, under_way = key.selling_at_once_max, self._selling.get(key.key_id, 0)
        counted = counted.among(under_way, most)
        if under_way >= most:
            metrics.LIMITED.labels("selling").inc()
            detail = f"{most} commands of this key are under way; it may have no more"
            raise Refused("too_many_at_once", detail, headers=counted.headers)
        self._selling[key.key_id] = under_way + 1
        return counted

    def left(self, key_id: str) -> None:
        """A command of the key is over."""
        under_way = self._selling[key_id] - 1
        if under_way:
            self._selling[key_id] = under_way
        else:
            del self._selling[key_id]

    def forgive(self, quotas: "Quotas", subject: str) -> None:
        """Nothing came of an attempt, for reasons of ours: of all but requests it is given back."""
        for quota in quotas.each[1:]:
            self.buckets.give_one_back(quota, subject)

    def _take(self, quotas: "Quotas", subject: str, now_ms: int) -> Counted:
        buckets = self.buckets
        standing = buckets.take(quotas.each, subject, now_ms)
        if buckets.owing:
            self.owing()
        if standing.wait_ms > 0:
            raise _too_often(standing)
        return Counted(quotas.policies, standing, self, quotas, subject)


def _too_often(standing: Standing) -> Refused:
    last = standing.asked[-1]
    metrics.LIMITED.labels(last.name).inc()
    return Refused(
        "rate_limited",
        f"{last.most} {last.name} a minute, and no more",
        retry_after_s=max(1, -int(-standing.wait_ms // 1000)),
        headers=_headers(policies_of(standing.asked), standing.header),
    )


@lru_cache(maxsize=64)
def _lines(policies: str, states: str, selling: str) -> bytes:
    # In a rush nearly all are told the same; otherwise hardly two are, and keeping more would only be memory.
    return f"ratelimit-policy: {policies}\r\nratelimit: {states}{selling}\r\n".encode()


def _headers(policies: str, states: str) -> list[tuple[str, str]]:
    return [("ratelimit-policy", policies), ("ratelimit", states)]


@lru_cache(maxsize=1_000)
def _of_key(requests_per_min: int) -> Quotas:
    return Quotas((Quota("requests", requests_per_min, MINUTE_MS),))


def _nobody_listens() -> None:
    """Until somebody shares the counts."""
