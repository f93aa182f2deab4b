"""What admins are told of their orders in mid-sale: terms, blocked seats, allocations."""

from msgspec import Struct

from ingress.drawing import tiers
from ingress.events import rules
from ingress.shown import Rules, Tier
from ingress.shows import Show
from ticketing import messages
from ticketing.clock import rfc3339
from ticketing.labels import seat_labels
from ticketing.telling import Answer

Order = (
    messages.ShowChanged | messages.SeatsBlocked | messages.SeatsUnblocked | messages.AllocationSet
    | messages.AllocationReturned
)  # fmt: skip


class TermsAnswer(Answer, kw_only=True):
    """The rules and prices of a show as they are from now on."""

    show: str
    rules: Rules
    tiers: list[Tier]
    request: str | None = None


class BlocksAnswer(Answer, kw_only=True):
    """Seats that are off sale (`blocked`), or on sale again (`available`)."""

    show: str
    status: str
    seats: list[str]
    reason: str | None = None
    request: str | None = None


class AllocationLine(Struct, kw_only=True, omit_defaults=True):
    """What is kept for a partner, in places, of the show or of one `category`. `left`: of its share, unsold;
    `borrowed`: what it has beyond its share; `status`: `kept`, or `given_back` once its time is over."""

    partner: str
    status: str
    share: int
    borrow: int
    taken: int
    booked: int
    left: int
    borrowed: int
    give_back_at: str | None = None
    category: str | None = None


class AllocationsAnswer(Answer, kw_only=True):
    """All that is kept of a show, or what an order about it has changed."""

    show: str
    data: list[AllocationLine]
    request: str | None = None


class AllocationAnswer(Answer, kw_only=True):
    """What is kept for a partner from now on; `status` is `kept` or `given_back`, and then `places` are anybody's that
    were kept."""

    show: str
    partner: str
    status: str
    share: int
    borrow: int
    give_back_at: str | None = None
    category: str | None = None
    places: int | None = None
    request: str | None = None


def order_answer(outcome: Order, show: Show, request: str) -> Answer:
    """What was carried out."""
    at = rfc3339(outcome.at_ms)
    match outcome:
        case messages.ShowChanged():
            return TermsAnswer(
                message="The terms of the show have changed; what is held keeps its price",
                created_at=at,
                show=show.text,
                rules=rules(outcome.policy or show.row.policy),
                tiers=tiers(show.layout, show.layout.category_prices(outcome.prices)),
                request=request,
            )
        case messages.SeatsBlocked() | messages.SeatsUnblocked():
            seats = seat_labels(show.layout, outcome.seats)
            blocked = isinstance(outcome, messages.SeatsBlocked)
            return BlocksAnswer(
                message=f"{len(seats)} seats are {'off sale' if blocked else 'on sale again'}",
                created_at=at,
                show=show.text,
                status="blocked" if blocked else "available",
                seats=seats,
                reason=outcome.reason or None if isinstance(outcome, messages.SeatsBlocked) else None,
                request=request,
            )
        case messages.AllocationSet():
            until_ms = outcome.give_back_at_ms
            return AllocationAnswer(
                message=f"{outcome.share} places{_of(outcome.category)} are kept for {outcome.allocation}",
                created_at=at,
                show=show.text,
                partner=outcome.allocation,
                status="kept",
                share=outcome.share,
                borrow=outcome.borrow,
                give_back_at=rfc3339(until_ms) if until_ms else None,
                category=outcome.category or None,
                request=request,
            )
        case messages.AllocationReturned():
            return AllocationAnswer(
                message=f"Nothing{_of(outcome.category)} is kept for {outcome.allocation} any more",
                created_at=at,
                show=show.text,
                partner=outcome.allocation,
                status="given_back",
                share=0,
                borrow=0,
                category=outcome.category or None,
                places=outcome.places,
                request=request,
            )


def _of(category: str) -> str:
    return f" of {category}" if category else ""
