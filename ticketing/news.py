"""What somebody hears who did not ask: of money that goes back, of places that are kept for them no more."""

from msgspec import Struct

from ticketing.clock import rfc3339
from ticketing.messages import AllocationReturned
from ticketing.vocabulary import show_text


class RefundTold(Struct, kw_only=True, omit_defaults=True):
    """Money goes back: `amount` of the payment `reference` of a reservation, and why: a code of /api/problems."""

    reservation: str
    provider: str
    reference: str
    amount: int
    currency: str
    reason: str


class AllocationTold(Struct, kw_only=True, omit_defaults=True):
    """What was kept of a show for a partner, or of one of its categories, is kept no more: `places` of it were not sold
    and are anybody's. `give_back_at`: the time that had been set; without it an operator has taken it back."""

    show: str
    partner: str
    places: int
    category: str | None = None
    give_back_at: str | None = None


def allocation_told(outcome: AllocationReturned) -> AllocationTold:
    """What a partner hears of what was kept for it."""
    return AllocationTold(
        show=show_text(outcome.show),
        partner=outcome.allocation,
        places=outcome.places,
        category=outcome.category or None,
        give_back_at=rfc3339(outcome.give_back_at_ms) if outcome.give_back_at_ms else None,
    )
