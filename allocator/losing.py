"""Whoever asks for what is gone: what they are told, and how thousands who ask for the same are told it at once.

Most of a sold-out sale is this. What is said to the first who loses is kept until the show changes; the next ones get
it from `lose_again`, which looks only at what may differ from one to the next: who asks, when, and whether it was
asked before. It says nothing but what `seating.decide` would, and where that is not plain it says nothing.
"""

from collections.abc import Iterable
from itertools import islice

import msgspec

from allocator.answer import log_time
from allocator.draft import Draft
from allocator.losses import LOSSES_KEPT_MAX, Loss, wish_of
from allocator.ports import LogRecord
from allocator.stock import PartitionState, ShowStock
from ticketing import messages
from ticketing.having.asked import Asked
from ticketing.having.offers import Offers, blocks_like, like, tables_like, that_can_be_had
from ticketing.messages import Conflict
from ticketing.vocabulary import BLOCKED_BY, CONFLICTS_SHOWN_MAX, ReservationStatus

BOOKED = ReservationStatus.BOOKED  # looked up once: see holding.py


def loss_of(show: ShowStock, command: messages.HoldSeats, asked: Asked, now_ms: int) -> Loss | None:
    """What is said to who asks for places that are not free: the same to all, but for those who own some of them, and
    for partners, for whom something else may be kept."""
    conflicts = conflicts_of(show, command)
    if not conflicts:
        return None
    offers: Offers = ()
    alternatives: Offers = ()
    if conflicts[0].seat < 0:  # the seats' conflicts stand before the areas', so none is a seat's
        code = "sold_out"
    elif all(conflict.reason == "already_yours" for conflict in conflicts):
        code = "already_yours"
    else:
        code = "seats_unavailable"
        offers = offers_like(show, command.seats)
        no_areas = conflicts[-1].area >= 0  # who lost those as well is told of other seats all the same
        wish = msgspec.structs.replace(command, areas=()) if no_areas else command
        alternatives = that_can_be_had(show, wish, offers, now_ms)
    owners = _owners(show, command)
    if show.terms.allocations:
        owners |= {name.partition(" ")[0] for name in show.terms.allocations}
    loss = Loss(
        code=code,
        conflicts=tuple(conflicts[:CONFLICTS_SHOWN_MAX]),
        conflicts_total=len(conflicts),
        alternatives=alternatives,
        owners=owners,
        asked=asked,
        held_max=_held_max(show, asked),
    )
    is_as_always = len(alternatives) == len(offers) or not _may_grow(show, command, now_ms)
    is_as_always &= not (command.partner and show.terms.policy.unpaid_holds_partner_max)
    if command.account not in owners and not command.group and is_as_always:
        if len(show.losses) >= LOSSES_KEPT_MAX:
            show.losses.clear()
        show.losses[wish_of(command)] = loss
    return loss


def _owners(show: ShowStock, command: messages.HoldSeats) -> frozenset[str]:
    """The accounts of those who own the seats that are asked for."""
    owners = {show.owners[seat] for seat in command.seats if not show.free[seat]} - {BLOCKED_BY}
    return frozenset(show.live[owner].reservation.account for owner in owners)


def conflicts_of(show: ShowStock, command: messages.HoldSeats) -> list[Conflict]:
    conflicts = []
    for seat in command.seats:
        if not show.free[seat]:
            owner = show.owners[seat]
            if owner == BLOCKED_BY:
                conflicts.append(Conflict("blocked", seat=seat))
                continue
            reservation = show.live[owner].reservation
            if reservation.account == command.account and reservation.person == command.person:
                conflicts.append(Conflict("already_yours", seat=seat, reservation=owner))
            else:
                booked = reservation.status == BOOKED
                conflicts.append(Conflict("booked" if booked else "held", seat=seat))
    for area, quantity in command.areas:
        capacity = show.layout.areas[area].capacity
        if show.area_taken[area] + quantity > capacity:
            booked = show.area_booked[area] + quantity > capacity
            conflicts.append(Conflict("booked" if booked else "held", area=area))
    return conflicts


def offers_like(show: ShowStock, seats: tuple[int, ...]) -> Offers:
    """What there is in the place of `seats`, whoever asks: whole tables for a whole table, else as many together."""
    offers = tables_like(show, seats)
    if offers:
        return offers
    wish = like(show, seats)
    known = show.offers.get((wish.category, wish.quantity))
    if known is None:
        # Kept until the show changes: where hundreds lose the same seat, the search is made once.
        known = show.offers[wish.category, wish.quantity] = blocks_like(show, wish)
    return known


def _may_grow(show: ShowStock, command: messages.HoldSeats, now_ms: int) -> bool:
    """Whether of what was not offered some can be had later although the show does not change: what is kept until a
    certain time is anybody's from then on, and so are accessible seats, before a word of it is heard."""
    kept = show.terms.allocations.values()
    return command.best is not None or any(it.give_back_at_ms and it.is_kept(now_ms) for it in kept)


def _held_max(show: ShowStock, asked: Asked) -> int:
    """How many places of the show a person may hold and still be told of the loss rather than of a limit, as far as
    that number tells; -1: it does not."""
    policy = show.terms.policy
    if asked.tables or policy.holds_at_once_max or policy.unpaid_holds_max or policy.seats_per_person_max:
        return -1
    return policy.max_held_seats_per_person - asked.places


def known_loss(show: ShowStock, command: messages.HoldSeats) -> Loss | None:
    """What others were told who asked for the same, and nothing has changed since; the owners are told otherwise."""
    # The key is `wish_of(command)`, spelled out for the sake of each wish.
    loss = show.losses.get((command.seats, command.areas, command.best, command.partner))
    return None if loss is None or command.group or command.account in loss.owners else loss


def lose_again(
    state: PartitionState,
    show: ShowStock,
    records: Iterable[tuple[LogRecord, messages.AnyCommand | None]],
    offset: int,
) -> list[messages.HoldRefused]:
    """The outcomes of wishes for what others have just lost, as far as they are plain at once; the first one that is
    not, or is no such wish, ends them: `decide` that. `records` begin at `offset`; the keys are remembered.

    In a sold-out sale this is asked for every record. What is the same for all of them is looked up once, and what
    `known_loss` says is spelled out: one function for each record and one for each loss took a fifth longer.
    """
    lost: list[messages.HoldRefused] = []
    number, seq, live, ended = show.terms.show, show.seq, show.live, show.ended
    losses, held_by = show.losses, show.held_by_person
    closes_at_ms = show.terms.closes_at_ms
    now_ms, by_key = state.last_now_ms, state.refusals.by_key
    for record, command in records:
        if type(command) is not messages.HoldSeats or command.show != number or record.offset != offset:
            break
        loss = losses.get((command.seats, command.areas, command.best, command.partner))  # as `known_loss`
        account, person, key = command.account, command.person, command.key
        if loss is None or command.group or account in loss.owners:
            break
        if command.partial or command.trace or not (command.keyed and command.fingerprint):
            break
        if (person and held_by.get(person, 0) > loss.held_max) or key in by_key or key in live or key in ended:
            break
        now_ms = log_time(now_ms, record.timestamp_ms, command.sent_at_ms)
        # The show has opened, or no loss of it would be kept; and whatever closes it before its time clears those.
        if 0 < closes_at_ms <= now_ms:
            break
        by_key[key] = refusal = messages.HoldRefused(
            show=number,
            seq=seq,
            at_ms=now_ms,
            offset=offset,
            key=key,
            account=account,
            code=loss.code,
            conflicts=loss.conflicts,
            conflicts_total=loss.conflicts_total,
            alternatives=loss.alternatives,
            fingerprint=command.fingerprint,
        )
        lost.append(refusal)
        offset += 1
    return lost


def lose_in_a_row(
    state: PartitionState,
    waiting: list[tuple[LogRecord, messages.AnyCommand | None]],
    records_max: int,
    draft: Draft,
) -> LogRecord | None:
    """Decide what stands last in `waiting`, and what stands before it, as long as each one can `lose_again`, at most
    `records_max` of them: they are taken off. The last one of them, if there was any."""
    record, command = waiting[-1]
    show = None if command is None else state.shows.get(command.show)
    if show is None or not show.losses:  # as long as there is something to sell
        return None
    lost = lose_again(state, show, islice(reversed(waiting), records_max), record.offset)
    if not lost:
        return None
    last, _ = waiting[-len(lost)]
    del waiting[-len(lost) :]
    state.last_now_ms = lost[-1].at_ms
    state.refusals.put_in_order(lost)
    draft.outcomes += lost
    draft.lost_in_a_row += len(lost)
    return last
