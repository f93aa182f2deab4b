"""What an operator's order does to a show, once it has been carried out; and which ones a show remembers."""

from dataclasses import replace
from typing import TYPE_CHECKING

from allocator.sharing import carry_out_share
from ticketing import messages
from ticketing.vocabulary import BLOCKED_BY, ORDERS_REMEMBERED_MAX, ShowStatus

if TYPE_CHECKING:
    from allocator.draft import ShowDraft
    from allocator.stock import ShowStock

CarriedOut = (
    messages.ShowChanged | messages.SeatsBlocked | messages.SeatsUnblocked | messages.AllocationSet
    | messages.AllocationReturned | messages.ShowClosed | messages.ShowCancelled
)  # fmt: skip


def carry_out(show: "ShowStock", command: messages.Command, outcome: CarriedOut, touched: "ShowDraft") -> None:
    """Let it happen."""
    match outcome:
        case messages.ShowClosed():
            show.status = ShowStatus.CLOSED
        case messages.ShowCancelled():
            show.status = ShowStatus.CANCELLED
        case messages.ShowChanged():
            show.terms = replace(show.terms, policy=outcome.policy or show.terms.policy, prices=outcome.prices)
            show.category_prices = show.layout.category_prices(outcome.prices)
        case messages.SeatsBlocked():
            show.move_seats(BLOCKED_BY, outcome.seats, touched, owns=True)
            show.seats_blocked += len(outcome.seats)
        case messages.SeatsUnblocked():
            show.move_seats(BLOCKED_BY, outcome.seats, touched, owns=False)
            show.seats_blocked -= len(outcome.seats)
        case messages.AllocationSet() | messages.AllocationReturned():
            carry_out_share(show, outcome)
    touched.rewritten = True
    if command.keyed:
        order = (command.key, command.fingerprint, type(outcome).__name__)
        show.orders = (*show.orders, order)[-ORDERS_REMEMBERED_MAX:]


def is_reused(show: "ShowStock", command: messages.Command) -> bool:
    """Whether the key came before with an order of another body."""
    return command.keyed and any(
        key == command.key and fingerprint != command.fingerprint for key, fingerprint, _ in show.orders
    )


def is_repeat(show: "ShowStock", command: messages.Command) -> bool:
    """Whether this very order was carried out before."""
    return command.keyed and any(
        key == command.key and fingerprint == command.fingerprint for key, fingerprint, _ in show.orders
    )
