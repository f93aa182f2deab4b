"""A payment provider in memory, and how it goes wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from payments import notices
from payments.provider import Checkout, Found, Notice, Order, ProviderAway, Refund, State

SECRET = notices.as_secret(b"a secret of the till's")


@dataclass
class Till:
    """`broken`: what is raised by the next questions, one by one; None among them: that one is answered."""

    name: str = "sandbox"
    orders: dict[str, Order] = field(default_factory=dict)
    found: dict[str, Found] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    broken: list[Exception | None] = field(default_factory=list)
    asked: int = 0

    async def begin(self, order: Order) -> Checkout:
        # Done, and only the answer is lost: the worst way to be away.
        first = self.orders.setdefault(order.attempt, order)
        self._break()
        return Checkout(f"/pay/{first.attempt}")

    async def find(self, attempt: str) -> Found:
        self._break()
        known = Found(State.OPEN if attempt in self.orders else State.UNKNOWN)
        return self.found.get(attempt, known)

    async def refund(self, refund: Refund) -> str:
        self.refunds.setdefault(refund.name, refund)
        self._break()
        return f"back_{refund.name}"

    def read_notice(self, headers: Mapping[str, str], body: bytes, now_ms: int) -> Notice:
        return notices.read([SECRET], headers, body, now_ms)

    def _break(self) -> None:
        self.asked += 1
        error = self.broken.pop(0) if self.broken else None
        if error is not None:
            raise error


def away() -> ProviderAway:
    return ProviderAway("no answer")


def notice_of(attempt: str, found: Found, now_ms: int, id: str = "ntc_1") -> tuple[bytes, dict[str, str]]:
    """`(body, headers)` of a signed notice."""
    body = notices.notice_body(Notice(attempt, found))
    return body, notices.signed(SECRET, id, body, now_ms)
