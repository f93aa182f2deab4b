"""What operators do to a show in mid-sale: other rules and prices, seats that are not for sale.

Nothing that is held or booked changes by it: prices and times are fixed at the hold, and a taken seat is not blocked.
Each show remembers its last orders by key, so that an order that is sent twice is carried out once.
"""

from typing import Any

from allocator.answer import Answer
from allocator.orders import CarriedOut
from allocator.sharing import returned, wrong_share
from allocator.stock import ShowStock
from ticketing import messages
from ticketing.having.allocation import ALL, name_of
from ticketing.having.shares import broken_by, places_of
from ticketing.messages import AnyOutcome, Conflict
from ticketing.vocabulary import BLOCKED_BY, CONFLICTS_SHOWN_MAX, ReservationStatus

Order = (
    messages.ChangeShow | messages.BlockSeats | messages.UnblockSeats | messages.SetAllocation
    | messages.ReturnAllocation
)  # fmt: skip


def operate(show: ShowStock, command: Order, answer: Answer) -> AnyOutcome:
    """Carry out an order, tell what was carried out before, or refuse it as a whole."""
    if command.keyed:
        for key, fingerprint, _ in show.orders:
            if key == command.key:
                if fingerprint != command.fingerprint:
                    return answer.no(messages.CommandRejected, "idempotency_key_reused")
                kind, content = _carried_out(show, command, answer.moment.now_ms)
                return answer.again(kind, **content)
    match command:
        case messages.ChangeShow():
            known = set(show.category_names)
            unknown = sorted(name for name in command.prices if name not in known)
            if unknown:
                return answer.no(messages.CommandRejected, "unknown_category", ", ".join(unknown)[:200])
            return _done(show, command, answer)
        case messages.BlockSeats():
            return _block(show, command, answer)
        case messages.UnblockSeats():
            return _unblock(show, command, answer)
        case messages.SetAllocation():
            wrong = wrong_share(show, command, answer.moment.now_ms)
            return answer.no(messages.CommandRejected, wrong) if wrong else _done(show, command, answer)
        case messages.ReturnAllocation():
            if name_of(command.allocation, command.category) not in show.terms.allocations:
                return answer.no(messages.CommandRejected, "allocation_not_found")
            return _done(show, command, answer)


def _done(show: ShowStock, command: Order, answer: Answer) -> AnyOutcome:
    kind, content = _carried_out(show, command, answer.moment.now_ms)
    return answer.yes(kind, **content)


def _carried_out(show: ShowStock, command: Order, now_ms: int) -> tuple[type[CarriedOut], dict[str, Any]]:
    """The outcome's kind and content."""
    match command:
        case messages.ChangeShow():
            terms = show.terms
            return messages.ShowChanged, {
                "policy": command.policy or terms.policy,
                "prices": {**terms.prices, **command.prices},
            }
        case messages.BlockSeats():
            return messages.SeatsBlocked, {"seats": command.seats, "reason": command.reason}
        case messages.UnblockSeats():
            return messages.SeatsUnblocked, {"seats": command.seats}
        case messages.SetAllocation():
            return messages.AllocationSet, {
                "allocation": command.allocation,
                "share": command.share,
                "borrow": command.borrow,
                "give_back_at_ms": command.give_back_at_ms,
                "category": command.category,
            }
        case messages.ReturnAllocation():
            return messages.AllocationReturned, returned(show, command, now_ms)


def _block(show: ShowStock, command: messages.BlockSeats, answer: Answer) -> AnyOutcome:
    wrong = _wrong(show, command.seats)
    if wrong:
        return answer.no(messages.CommandRejected, wrong)
    conflicts = [_why_taken(show, seat) for seat in command.seats if not show.free[seat]]
    if conflicts:
        return _lost(answer, "seats_unavailable", conflicts)
    allocations = show.terms.allocations
    if allocations:
        asked = places_of(show, command.seats)
        where = broken_by(show, allocations, show.taken_by_partner, asked, answer.moment.now_ms)
        if where is not None:
            seats = [seat for seat in command.seats if where in (ALL, show.layout.seats[seat].category)]
            return _lost(answer, "seats_unavailable", [Conflict("allocated", seat=seat) for seat in seats])
    return _done(show, command, answer)


def _unblock(show: ShowStock, command: messages.UnblockSeats, answer: Answer) -> AnyOutcome:
    wrong = _wrong(show, command.seats)
    if wrong:
        return answer.no(messages.CommandRejected, wrong)
    others = [seat for seat in command.seats if show.owners.get(seat) != BLOCKED_BY]
    if others:
        conflicts = [Conflict("available", seat=s) if show.free[s] else _why_taken(show, s) for s in others]
        return _lost(answer, "not_blocked", conflicts)
    return _done(show, command, answer)


def _wrong(show: ShowStock, seats: tuple[int, ...]) -> str:
    if not seats:
        return "nothing_asked_for"
    if max(seats) >= len(show.free):
        return "unknown_places"
    return "malformed" if len(set(seats)) < len(seats) else ""


def _why_taken(show: ShowStock, seat: int) -> Conflict:
    owner = show.owners[seat]
    if owner == BLOCKED_BY:
        return Conflict("blocked", seat=seat)
    booked = show.live[owner].reservation.status == ReservationStatus.BOOKED
    return Conflict("booked" if booked else "held", seat=seat)


def _lost(answer: Answer, code: str, conflicts: list[Conflict]) -> AnyOutcome:
    shown = tuple(conflicts[:CONFLICTS_SHOWN_MAX])
    return answer.no(messages.CommandRejected, code, conflicts=shown, conflicts_total=len(conflicts))
