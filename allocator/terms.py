"""The terms on which a show is sold: those that it opened with, and what its operators have changed since."""

from dataclasses import dataclass, field

import msgspec

from ticketing import messages
from ticketing.having.allocation import Allocations


@dataclass(frozen=True, slots=True)
class ShowTerms:
    """`prices`: category name -> price, where it differs from the layout's; `policy` and `prices` may change."""

    show: int
    layout_id: str
    layout_sha256: bytes
    currency: str
    starts_at_ms: int
    opens_at_ms: int
    closes_at_ms: int
    prices: dict[str, int]
    policy: messages.Policy
    opened_at_ms: int
    allocations: Allocations = field(default_factory=dict)

    def changeable(self) -> str:
        """What can change, as JSON: `{"policy", "prices", "allocations"}`."""
        found = {"policy": self.policy, "prices": self.prices, "allocations": self.allocations}
        return msgspec.json.encode(found).decode()


def terms_of(command: messages.OpenShow, opened_at_ms: int) -> ShowTerms:
    """The terms of a show that is opened now."""
    return ShowTerms(
        show=command.show,
        layout_id=command.layout,
        layout_sha256=command.layout_sha256,
        currency=command.currency,
        starts_at_ms=command.starts_at_ms,
        opens_at_ms=command.opens_at_ms,
        closes_at_ms=command.closes_at_ms,
        prices=command.prices,
        policy=command.policy,
        opened_at_ms=opened_at_ms,
    )
