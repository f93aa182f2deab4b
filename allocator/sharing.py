"""Operators' orders about what is kept for partners, and the word that the time of one has come."""

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from allocator.allocations import shares_by_category, taken_by
from ticketing import messages
from ticketing.having.allocation import ALL, Allocation, name_of
from ticketing.having.shares import broken_by, free_seats_by_category
from ticketing.messages import AnyOutcome
from ticketing.vocabulary import SYSTEM_ACCOUNT

if TYPE_CHECKING:
    from allocator.answer import Answer
    from allocator.stock import ShowStock


def wrong_share(show: "ShowStock", command: messages.SetAllocation, now_ms: int) -> str:
    """Why so much cannot be kept for a partner; "": it can."""
    account, of = command.allocation, command.category
    if not account or " " in account:
        return "malformed"
    if of and of not in show.plan.categories:
        return "unknown_category"
    wished = Allocation(command.share, command.borrow, command.give_back_at_ms)
    if not wished.is_kept(now_ms):
        return ""
    others = show.terms.allocations
    for name, it in others.items():
        owner, _, category = name.partition(" ")
        if owner == account and bool(category) != bool(of) and it.is_kept(now_ms):
            return "allocation_mixed"
    name = name_of(account, of)
    number = show.plan.categories[of] if of else ALL
    taken = {**show.taken_by_partner, name: taken_by(show, account, number)}
    return "" if broken_by(show, {**others, name: wished}, taken, {}, now_ms) is None else "allocation_too_large"


def returned(show: "ShowStock", command: messages.ReturnAllocation, now_ms: int) -> dict[str, object]:
    """What is said of an allocation that is given back."""
    name = name_of(command.allocation, command.category)
    kept = show.terms.allocations.get(name)
    left = 0 if kept is None else max(0, kept.share - show.taken_by_partner[name])
    by_time = command.account == SYSTEM_ACCOUNT
    if kept is not None and not by_time and not kept.is_kept(now_ms):
        left = 0
    return {
        "allocation": command.allocation,
        "category": command.category,
        "places": left,
        "give_back_at_ms": command.give_back_at_ms if by_time else 0,
    }


def is_word(command: messages.AnyCommand) -> bool:
    """Whether it says that a time has come: nobody waits for an answer."""
    return isinstance(command, messages.ReturnAllocation) and command.account == SYSTEM_ACCOUNT


def give_back(show: "ShowStock", command: messages.ReturnAllocation, answer: "Answer") -> list[AnyOutcome]:
    """What was given back when its time came is told, once: the partner hears of it. Nothing comes of a word that is
    too early, or about what is kept otherwise by now."""
    kept = show.terms.allocations.get(name_of(command.allocation, command.category))
    now_ms = answer.moment.now_ms
    if kept is None or kept.said_back_at_ms or kept.give_back_at_ms != command.give_back_at_ms or kept.is_kept(now_ms):
        return []
    return [answer.yes(messages.AllocationReturned, **returned(show, command, now_ms))]


def carry_out_share(show: "ShowStock", outcome: messages.AllocationSet | messages.AllocationReturned) -> None:
    """Let it happen."""
    name = name_of(outcome.allocation, outcome.category)
    kept = dict(show.terms.allocations)
    if isinstance(outcome, messages.AllocationSet):
        kept[name] = Allocation(outcome.share, outcome.borrow, outcome.give_back_at_ms)
        category = show.plan.categories[outcome.category] if outcome.category else ALL
        show.taken_by_partner[name] = taken_by(show, outcome.allocation, category)
    elif outcome.give_back_at_ms:
        kept[name] = msgspec.structs.replace(kept[name], said_back_at_ms=outcome.at_ms)
    else:
        del kept[name], show.taken_by_partner[name]
    show.terms = replace(show.terms, allocations=kept)
    show.shares_by_category = shares_by_category(kept, show.plan.categories)
    if not show.shares_by_category:
        show.free_in = []
    elif not show.free_in:
        show.free_in = free_seats_by_category(show)
