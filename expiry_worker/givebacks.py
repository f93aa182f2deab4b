"""What is kept for partners until a time that has been set: that it has come is said, so that the partner hears of it.

The allocator gives the places back by itself; what is said here changes nothing of that and may come late. It is
proposed again and again until an outcome says that it was said, or that something else is kept by now.
"""

import hashlib
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from ticketing.messages import AllocationReturned, AllocationSet, AnyOutcome, ReturnAllocation
from ticketing.vocabulary import DIGEST_BYTES, SYSTEM_ACCOUNT

PROPOSE_AGAIN_MS = 1_000

Share = tuple[int, int, str, str]
"""`(part, show, the partner's account, category)`; no category: of the whole show."""


@dataclass(slots=True)
class GiveBacks:
    """When each share is given back, of those that will be and of which it has not been said."""

    _at_ms: dict[Share, int] = field(default_factory=dict)
    _due: list[tuple[int, int, Share]] = field(default_factory=list)
    """`(when it is proposed next, when it is given back, which)`; stale where that is another time by now."""
    _now_ms: int = 0

    def put(self, share: Share, give_back_at_ms: int) -> None:
        """A share as it is kept now; 0: for good."""
        if give_back_at_ms == 0:
            self._at_ms.pop(share, None)
        elif self._at_ms.get(share) != give_back_at_ms:
            self._at_ms[share] = give_back_at_ms
            heappush(self._due, (give_back_at_ms, give_back_at_ms, share))

    def learn(self, part: int, outcome: AnyOutcome) -> None:
        """Take one outcome in."""
        if outcome.repeat:
            return
        if isinstance(outcome, AllocationSet):
            self.put((part, outcome.show, outcome.allocation, outcome.category), outcome.give_back_at_ms)
        elif isinstance(outcome, AllocationReturned):
            self._at_ms.pop((part, outcome.show, outcome.allocation, outcome.category), None)

    def take_due(self, now_ms: int) -> list[tuple[int, ReturnAllocation]]:
        """`(part, command)` of each share whose time has come; each comes again in a second."""
        if now_ms < self._now_ms - PROPOSE_AGAIN_MS:
            # The clock was ahead and was set right: nothing must wait until it is where it was.
            self._due = [(at_ms, at_ms, share) for share, at_ms in self._at_ms.items()]
            heapify(self._due)
        self._now_ms = now_ms
        taken = []
        while self._drop_stale() and self._due[0][0] <= now_ms:
            _, at_ms, share = heappop(self._due)
            heappush(self._due, (now_ms + PROPOSE_AGAIN_MS, at_ms, share))
            taken.append((share[0], _word(share, at_ms, now_ms)))
        return taken

    def next_at_ms(self) -> int | None:
        """When something comes up next; None: nothing does."""
        return self._due[0][0] if self._drop_stale() else None

    def _drop_stale(self) -> bool:
        while self._due and self._at_ms.get(self._due[0][2]) != self._due[0][1]:
            heappop(self._due)
        return bool(self._due)


def _word(share: Share, at_ms: int, sent_at_ms: int) -> ReturnAllocation:
    _, show, account, category = share
    said = f"{account} {category}".encode()
    digest = hashlib.blake2b(b"ReturnAllocation" + show.to_bytes(5) + at_ms.to_bytes(8), digest_size=DIGEST_BYTES)
    digest.update(said)
    return ReturnAllocation(
        show=show,
        key=digest.digest(),
        sent_at_ms=sent_at_ms,
        account=SYSTEM_ACCOUNT,
        keyed=False,
        allocation=account,
        category=category,
        give_back_at_ms=at_ms,
    )
