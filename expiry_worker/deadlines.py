"""Which holds are due and which end soon: two heaps over one table of live holds.

A heap entry whose version is no longer that of its hold is stale and is dropped when it comes up, so an extension or
an end costs no search.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from ticketing.messages import AnyOutcome, ExpireHolds, HoldExpiring, ManyHeld, Reservation, ReservationOutcome
from ticketing.vocabulary import DIGEST_BYTES, SYSTEM_ACCOUNT, UNPAID_STATUSES

HOLDS_PER_COMMAND_MAX = 500
PROPOSE_AGAIN_MS = 1_000
WARN_BEFORE_MS_MAX = 30_000
STALE_ENTRIES_MAX = 10_000
"""Stale entries that a heap may carry beyond the number of live holds before it is rebuilt."""


@dataclass(frozen=True, slots=True)
class Hold:
    """One live hold. `hold_s` is how long it was given; `part` is its show's partition."""

    part: int
    show: int
    reservation: bytes
    version: int
    account: str
    expires_at_ms: int
    hold_s: int

    @property
    def warn_at_ms(self) -> int:
        """When its owner is told: a third of the hold before its end, at most 30 s before (design/api.md)."""
        return self.expires_at_ms - min(WARN_BEFORE_MS_MAX, self.hold_s * 1000 // 3)


Entry = tuple[int, int, bytes, int]
"""`(at_ms, show, reservation, version)`."""


class Deadlines:
    """Every live hold of the partitions followed.

    `grace_ms`: how long after its end a hold is first proposed. A worker whose clock is ahead of the log's by less
    than this loses no second to a proposal that the allocator must ignore.
    """

    def __init__(self, grace_ms: int = 0) -> None:
        self._grace_ms = grace_ms
        self._holds: dict[tuple[int, bytes], Hold] = {}
        self._due: list[Entry] = []
        self._soon: list[Entry] = []
        self._now_ms = 0

    def __len__(self) -> int:
        return len(self._holds)

    def put(self, hold: Hold) -> None:
        """Remember a hold as it stands now; one older than what is known changes nothing."""
        known = self._holds.get((hold.show, hold.reservation))
        if known is not None and known.version >= hold.version:
            return
        self._holds[hold.show, hold.reservation] = hold
        heappush(self._due, self._due_entry(hold))
        heappush(self._soon, (hold.warn_at_ms, hold.show, hold.reservation, hold.version))
        self._rebuild_if_stale()

    def learn(self, part: int, outcome: AnyOutcome) -> Hold | None:
        """Take one outcome in; the hold that it ended, if it ended one."""
        if outcome.repeat:
            return None
        if isinstance(outcome, ReservationOutcome):
            return self._learn(part, outcome.show, outcome.reservation)
        if isinstance(outcome, ManyHeld):
            for reservation in outcome.reservations:
                self._learn(part, outcome.show, reservation)
        return None

    def take_due(self, now_ms: int, holds_max: int) -> list[Hold]:
        """At most `holds_max` holds whose end has come, earliest first; each comes again in a second, if it lives."""
        if now_ms < self._now_ms - PROPOSE_AGAIN_MS:
            # The clock was ahead and was set right: what was proposed in vain meanwhile must not wait until then.
            self._due = [self._due_entry(hold) for hold in self._holds.values()]
            heapify(self._due)
        self._now_ms = now_ms
        taken = list(self._take(self._due, now_ms, holds_max))
        for hold in taken:
            heappush(self._due, (now_ms + PROPOSE_AGAIN_MS, hold.show, hold.reservation, hold.version))
        return taken

    def take_soon(self, now_ms: int, holds_max: int) -> list[Hold]:
        """At most `holds_max` holds that end soon, each once; those that have ended meanwhile are passed over."""
        return [hold for hold in self._take(self._soon, now_ms, holds_max) if hold.expires_at_ms > now_ms]

    def warn_again(self, hold: Hold, at_ms: int) -> None:
        """The warning did not get out: let it come up again at `at_ms`."""
        heappush(self._soon, (at_ms, hold.show, hold.reservation, hold.version))

    def next_at_ms(self) -> int | None:
        """The moment at which something comes up next; None when nothing is held."""
        heads = [heap[0][0] for heap in (self._due, self._soon) if self._drop_stale(heap)]
        return min(heads, default=None)

    def _learn(self, part: int, show: int, reservation: Reservation) -> Hold | None:
        if reservation.status not in UNPAID_STATUSES:
            return self._holds.pop((show, reservation.id), None)
        self.put(
            Hold(
                part=part,
                show=show,
                reservation=reservation.id,
                version=reservation.version,
                account=reservation.account,
                expires_at_ms=reservation.expires_at_ms,
                hold_s=reservation.hold_s,
            )
        )
        return None

    def _due_entry(self, hold: Hold) -> Entry:
        return hold.expires_at_ms + self._grace_ms, hold.show, hold.reservation, hold.version

    def _hold_of(self, entry: Entry) -> Hold | None:
        _, show, reservation, version = entry
        hold = self._holds.get((show, reservation))
        return hold if hold is not None and hold.version == version else None

    def _drop_stale(self, heap: list[Entry]) -> bool:
        while heap and self._hold_of(heap[0]) is None:
            heappop(heap)
        return bool(heap)

    def _take(self, heap: list[Entry], now_ms: int, holds_max: int) -> Iterator[Hold]:
        taken = 0
        while heap and heap[0][0] <= now_ms and taken < holds_max:
            hold = self._hold_of(heappop(heap))
            if hold is not None:
                taken += 1
                yield hold

    def _rebuild_if_stale(self) -> None:
        for heap in (self._due, self._soon):
            if len(heap) > len(self._holds) + STALE_ENTRIES_MAX:
                heap[:] = [entry for entry in heap if self._hold_of(entry) is not None]
                heapify(heap)


def expire_commands(holds: Iterable[Hold], sent_at_ms: int) -> list[tuple[int, ExpireHolds]]:
    """`(part, command)`: the holds by show, at most 500 to a command.

    The key is a digest of what is asked, so that the same proposal is the same command whoever sends it.
    """
    by_show: dict[tuple[int, int], list[Hold]] = {}
    for hold in holds:
        by_show.setdefault((hold.part, hold.show), []).append(hold)
    return [
        (part, _expire(show, of_show[first : first + HOLDS_PER_COMMAND_MAX], sent_at_ms))
        for (part, show), of_show in by_show.items()
        for first in range(0, len(of_show), HOLDS_PER_COMMAND_MAX)
    ]


def warning(hold: Hold) -> HoldExpiring:
    """The warning that this hold ends soon."""
    return HoldExpiring(
        show=hold.show,
        reservation=hold.reservation,
        version=hold.version,
        account=hold.account,
        expires_at_ms=hold.expires_at_ms,
    )


def _expire(show: int, holds: list[Hold], sent_at_ms: int) -> ExpireHolds:
    named = tuple(sorted((hold.reservation, hold.version) for hold in holds))
    digest = hashlib.blake2b(b"ExpireHolds" + show.to_bytes(5), digest_size=DIGEST_BYTES)
    for reservation, version in named:
        digest.update(reservation + version.to_bytes(8))
    return ExpireHolds(
        show=show,
        key=digest.digest(),
        sent_at_ms=sent_at_ms,
        account=SYSTEM_ACCOUNT,
        keyed=False,
        holds=named,
    )
