"""What looking after money needs of the world: ports as Protocols."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt to pay that this process is to ask about until `claimed_until_ms`. `asks` counts this one."""

    attempt: str
    part: int
    provider: str
    currency: str
    lapses_at_ms: int
    asks: int
    claimed_until_ms: int


@dataclass(frozen=True, slots=True)
class DueRefund:
    """A refund that this process is to carry out until `claimed_until_ms`. `tries` counts this one."""

    refund: str
    provider: str
    reference: str
    amount: int
    reason: str
    tries: int
    claimed_until_ms: int


class MoneyStore(Protocol):
    """Attempts and refunds. All raise `StoreAway`. Nothing is settled by one whose claim has ended and is another's."""

    async def capture(self, now_ms: int) -> int:
        """Take what has been published since the last time; how many batches were looked at. None while another process
        is at it."""
        ...

    async def claim_attempts(self, providers: Sequence[str], now_ms: int, limit: int) -> Sequence[OpenAttempt]:
        """Attempts to be asked about, now this process's for a while."""
        ...

    async def settle_attempt(self, one: OpenAttempt, state: str, due_at_ms: int, error: str) -> None:
        """`state`: `open` (to be asked about again at `due_at_ms`), `ended`, `given_up`."""
        ...

    async def claim_refunds(self, providers: Sequence[str], now_ms: int, limit: int) -> Sequence[DueRefund]:
        """Refunds to be carried out, now this process's for a while."""
        ...

    async def settle_refund(
        self, one: DueRefund, state: str, due_at_ms: int, now_ms: int, *, named: str = "", error: str = ""
    ) -> None:
        """`state`: `due` (again at `due_at_ms`), `done` (`named`: as the provider calls it), `failed`."""
        ...


class Commands(Protocol):
    """Topic `commands`."""

    async def send_all(self, records: Sequence[tuple[int, bytes]]) -> list[bool]:
        """Append each `(part, value)`; for each whether it is certainly there."""
        ...
