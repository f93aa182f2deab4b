"""What telling callers needs of the world: ports as Protocols."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that this process has claimed until `claimed_until_ms`. `attempt` counts from 1; `secrets`: the newest
    first, each signs. `twice`: a sandbox key wants to see whether the second is told from the first."""

    webhook_id: str
    event_no: int
    event_id: str
    url: str
    secrets: tuple[str, ...]
    body: bytes
    attempt: int
    claimed_until_ms: int
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one attempt: a status, or why there is none. `retry_after_s`: what the other side asked for."""

    status: int | None
    error: str = ""
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Settled:
    """What follows from an attempt. `state`: `due` (again at `due_at_ms`), `done` or `failed`; with `disabled_why` the
    webhook gets nothing more."""

    state: str
    due_at_ms: int
    disabled_why: str = ""


class OutboxStore(Protocol):
    """Events, webhooks and deliveries. All raise `StoreAway`."""

    async def capture(self, now_ms: int, cluster: int = 0) -> int:
        """Take what a cluster has published since the last time; how many batches were looked at. None while another
        process is at it."""
        ...

    async def claim(self, now_ms: int, limit: int, busy: Sequence[str]) -> Sequence[Due]:
        """Deliveries that are due, now this process's for a while; none of the webhooks in `busy`."""
        ...

    async def settle(self, due: Due, answered: Answered, settled: Settled, now_ms: int) -> None:
        """Note what came of it; nothing, where the claim had ended and the delivery is another's by now."""
        ...

    async def forget(self, before_ms: int) -> int:
        """Remove events decided before, and their deliveries; how many."""
        ...


class Wire(Protocol):
    """The way out."""

    async def post(self, due: Due, now_ms: int) -> Answered: ...
