"""Reading the outcomes: tell those who wait, move the views on."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from ingress import metrics
from ingress.condition import Condition
from ingress.views import Views
from ingress.waiters import Waiters
from ticketing import messages

TERMS_CHANGED = b"ShowChanged"
"""How the kind of that outcome stands in a payload: looked for in those too that are not decoded. A text that says the
same only makes a show be read again."""


class OutcomeBatch(Protocol):
    """One committed batch, as a follower hands it out."""

    @property
    def part(self) -> int: ...

    @property
    def log_gen(self) -> int: ...

    @property
    def payload(self) -> bytes: ...


class Followed(Protocol):
    """The outcomes of all partitions: each batch exactly once, in order."""

    @property
    def seen(self) -> Mapping[int, int]: ...

    async def step(self, now_ms: int, timeout_s: float) -> Sequence[OutcomeBatch]: ...


class OutcomeReader:
    """`step` by `step`. `open_follower` makes a follower that starts at what is published now; `terms_changed` is told
    in which partition the terms of a show may have changed, or None: in any."""

    def __init__(
        self,
        *,
        open_follower: Callable[[], Awaitable[Followed]],
        waiters: Waiters,
        views: Views,
        condition: Condition,
        terms_changed: Callable[[int | None], None],
    ) -> None:
        self._open_follower = open_follower
        self._waiters = waiters
        self._views = views
        self._condition = condition
        self._terms_changed = terms_changed
        self._follower: Followed | None = None

    @property
    def reading(self) -> bool:
        """Whether outcomes are being followed."""
        return self._follower is not None

    def seen(self, part: int) -> int:
        """The last batch of the partition that was read; -1: none."""
        return -1 if self._follower is None else self._follower.seen.get(part, -1)

    def restart(self) -> None:
        """Another history has begun: forget what was seen, and follow from what is published now."""
        self._follower = None
        self._views.clear()

    async def step(self, now_ms: int, timeout_s: float = 0.5) -> int:
        """Read what has come; how many batches that was. Raises what the follower's ports raise."""
        if self._follower is None:
            self._follower = await self._open_follower()
            self._terms_changed(None)
        batches = await self._follower.step(now_ms, timeout_s)
        for batch in batches:
            self._take(batch)
        metrics.WAITERS.set(len(self._waiters))
        metrics.VIEWS.set(len(self._views))
        return len(batches)

    def _take(self, batch: OutcomeBatch) -> None:
        part = batch.part
        self._condition.log_gens[part] = batch.log_gen
        self._condition.heard(part)
        if TERMS_CHANGED in batch.payload:
            self._terms_changed(part)
        if not (self._waiters.any_on(part) or self._views.any_on(part)):
            self._views.skipped(part)
            metrics.BATCHES.labels("skipped").inc()
            return
        metrics.BATCHES.labels("read").inc()
        outcomes = messages.decode_outcomes(batch.payload)
        # Views first: whoever is told of a verdict finds it when looking.
        self._views.apply(part, outcomes)
        self._waiters.hear(part, batch.log_gen, outcomes)
