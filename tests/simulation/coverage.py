"""What a campaign must have met, how often, and what it cannot meet yet."""

from collections import Counter
from collections.abc import Iterator
from typing import get_args

from tests.simulation.troubles import CRASH_POINTS
from ticketing.messages import AnyCommand, AnyOutcome

SEEDS = 10_000
TIMES_MIN = 100
"""How often each line must be met in so many seeds; fewer seeds must meet it in proportion."""

NOT_YET: dict[str, str] = {}
"""Outcomes that stand in ticketing/messages and that no allocator gives yet, with the reason."""

REFUSALS = {
    "HoldRefused": (
        "allocation_exhausted",
        "already_yours",
        "cooling_down",
        "limit_exceeded",
        "malformed",
        "no_adjacent_block",
        "not_on_sale",
        "nothing_asked_for",
        "orphan_seat",
        "seats_unavailable",
        "show_cancelled",
        "show_closed",
        "sold_out",
        "table_not_sold_so",
        "too_many_seats",
        "unknown_places",
    ),
    "BookingRefused": (
        "already_booked",
        "amount_wrong",
        "booking_cancelled",
        "hold_expired",
        "hold_not_yours",
        "hold_released",
        "limit_exceeded",
        "not_on_sale",
        "not_yours",
        "nothing_asked_for",
        "payment_missing",
        "payment_reused",
        "payment_under_way",
        "reservation_not_found",
        "show_cancelled",
        "show_closed",
        "sold_out",
        "too_many_seats",
        "unknown_places",
    ),
    "ChangeRefused": (
        "booking_cancelled",
        "malformed",
        "not_booked",
        "not_yours",
        "nothing_asked_for",
        "payment_missing",
        "refund_window_closed",
        "reservation_not_found",
        "seats_not_in_reservation",
        "seats_unavailable",
        "show_cancelled",
        "show_closed",
        "table_not_sold_so",
        "too_many_seats",
        "unknown_places",
    ),
    "CommandRejected": (
        "allocation_mixed",
        "allocation_not_found",
        "allocation_too_large",
        "already_booked",
        "booking_cancelled",
        "data_refused",
        "hold_expired",
        "hold_released",
        "idempotency_key_reused",
        "layout_mismatch",
        "limit_exceeded",
        "malformed",
        "not_blocked",
        "not_booked",
        "not_paying",
        "not_yours",
        "nothing_asked_for",
        "nothing_to_pay",
        "payment_under_way",
        "refund_window_closed",
        "reservation_not_found",
        "seats_not_in_reservation",
        "seats_unavailable",
        "show_cancelled",
        "show_closed",
        "show_exists",
        "show_not_found",
        "table_not_sold_so",
        "unknown_category",
        "unknown_places",
    ),
}
NEVER = {
    "admission_required": "no simulated show asks for it; `tests/unit/allocator/test_rules_in_mid_sale.py` does",
    "internal_error": "`decide` raised: a bug, which fails the seed",
}
"""Codes that the allocator knows and that no seed may show."""

REPEATED = (
    "AllocationReturned",
    "AllocationSet",
    "BookingCancelled",
    "BookingChanged",
    "BookingConfirmed",
    "BookingRefused",
    "ChangeRefused",
    "CommandRejected",
    "HoldExtended",
    "HoldRefused",
    "HoldReleased",
    "ManyHeld",
    "PaymentBegun",
    "RefundDue",
    "SeatsBlocked",
    "SeatsHeld",
    "SeatsUnblocked",
    "ShowCancelled",
    "ShowChanged",
    "ShowClosed",
    "ShowOpened",
)
FAULTS = (
    "clock of anna",
    "clock of ben",
    "clock of broker",
    "clock of cleo",
    "clock of expiry",
    "clock of ingress",
    "crash",
    "database restored from a backup",
    "expiry worker restarted",
    "log lost its head",
    "log lost its tail",
    "reader restarted",
    "result unknown",
    "stopped for a while",
    "time jumped",
)
CONSEQUENCES = (
    "broken: apply.done",
    "broken: apply.sent",
    "broken: claim.done",
    "dead letter",
    "dropped: DataRefused",
    "dropped: LogUnreadable",
    "dropped: Replaced",
    "dropped: ResultUnknown",
    "expiry worker loaded again",
    "late batch: refused",
    "late batch: taken",
    "log lost",
    "lost in a row",
    "partition given back",
    "reader loaded again",
    "records recalled",
)


def required() -> Iterator[str]:
    """Each line that must be met, as `World.counts` names it."""
    for command in get_args(AnyCommand):
        yield f"command: {command.__name__}"
    yield "command: unreadable"
    yield from (f"outcome: {it.__name__}" for it in get_args(AnyOutcome) if it.__name__ not in NOT_YET)
    yield from (f"outcome: {name}, repeated" for name in REPEATED)
    yield from (f"refusal: {kind} {code}" for kind, codes in REFUSALS.items() for code in codes)
    yield from (f"crash: {point}" for point in CRASH_POINTS)
    yield from (f"fault: {fault}" for fault in FAULTS)
    yield from CONSEQUENCES


def times_min(seeds: int) -> int:
    """How often each line must be met in so many seeds."""
    return TIMES_MIN * seeds // SEEDS


def missing(counts: Counter[str], seeds: int) -> list[str]:
    """The lines that were met too rarely, and those on the list of what cannot be met that were."""
    least = times_min(seeds)
    found = [f"{name}: {counts[name]} times, {least} at least" for name in required() if counts[name] < least]
    return found + [f"outcome: {name} is given now: take it off the list" for name in _no_longer_missing(counts)]


def table(counts: Counter[str]) -> Iterator[str]:
    """Everything that was met, and what cannot be met yet."""
    for name in sorted({*required(), *counts}):
        yield f"{counts[name]:9,}  {name}"
    for name, why in NOT_YET.items():
        yield f"  not yet  outcome: {name} ({why})"


def _no_longer_missing(counts: Counter[str]) -> list[str]:
    return [name for name in NOT_YET if counts[f"outcome: {name}"]]
