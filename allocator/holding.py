"""Who gets places, who does not and why; and which holds are over."""

import msgspec

from allocator.answer import Answer, Moment, moved
from allocator.losing import conflicts_of, known_loss, loss_of, offers_like
from allocator.stock import ShowStock
from ticketing import messages
from ticketing.clock import rfc3339
from ticketing.having.asked import Asked, Rule, asked_by
from ticketing.having.offers import Offers, that_can_be_had
from ticketing.having.persons import too_many_holds, too_many_places, too_many_tables
from ticketing.having.places import Asking, NotHad, places_for
from ticketing.having.whole_tables import can_be_had
from ticketing.messages import AnyOutcome, Conflict, Reservation
from ticketing.vocabulary import (
    CONFLICTS_SHOWN_MAX,
    UNPAID_STATUSES,
    OrphanRule,
    ReservationStatus,
    ShowStatus,
)

# Python 3.11 takes 0.4 us to find a member of an enumeration, as long as all the rest of a rule.
OPEN, HELD, ORPHANS_LEFT = ShowStatus.OPEN, ReservationStatus.HELD, OrphanRule.OFF

Wait = tuple[str, str, int]
"""A rule that is over at a moment (ms)."""


def hold(show: ShowStock, command: messages.HoldSeats, answer: Answer) -> AnyOutcome:
    before = show.find(command.key)
    if before is not None:
        if before.fingerprint != command.fingerprint:
            return answer.no(messages.CommandRejected, "idempotency_key_reused")
        return answer.again(messages.SeatsHeld, reservation=before.reservation)
    # A wish that was lost a moment ago was a lawful one, so that only the time and the person are looked at again.
    loss = known_loss(show, command) if show.losses else None
    asked = asked_by(command, show.layout, show.terms.policy) if loss is None else loss.asked
    rule = _rule_against(show, command, answer.moment.now_ms, asked)
    if rule is not None:
        return answer.no(messages.HoldRefused, *rule)
    if loss is None:
        assert isinstance(asked, Asked), "a wish against the rules ends above"
        loss = loss_of(show, command, asked, answer.moment.now_ms)
    left_out: list[Conflict] = []
    if loss is not None and command.partial:
        left_out = conflicts_of(show, command)
        seats, areas = can_be_had(show, command.seats, command.areas, left_out)
        if seats or areas:
            loss = None
            command = msgspec.structs.replace(command, seats=seats, areas=areas)
    if loss is not None:
        return answer.no(
            messages.HoldRefused,
            loss.code,
            conflicts=loss.conflicts,
            conflicts_total=loss.conflicts_total,
            alternatives=loss.alternatives,
        )
    seats = command.seats
    why = None
    if command.best is not None or show.terms.allocations or (seats and show.terms.policy.orphan_rule != ORPHANS_LEFT):
        asking = Asking(command.account, seats, command.areas, command.best)
        found = places_for(show, asking, answer.moment.now_ms)
        if isinstance(found, NotHad):
            return _not_had(show, command, found, answer)
        seats, why = found
        if command.best is not None and show.layout.tables and (rule := _rule_of_tables_found(show, command, seats)):
            return answer.no(messages.HoldRefused, *rule)
    reservation = _reservation(show, command, seats, answer.moment)
    if left_out:
        shown = tuple(left_out[:CONFLICTS_SHOWN_MAX])
        return answer.yes(
            messages.SeatsHeld, reservation=reservation, why=why, left_out=shown, left_out_total=len(left_out)
        )
    return answer.held(reservation, why)


def _not_had(show: ShowStock, command: messages.HoldSeats, why_not: NotHad, answer: Answer) -> AnyOutcome:
    named = tuple(Conflict("allocated", seat=seat) for seat in why_not.kept[:CONFLICTS_SHOWN_MAX])
    offers: Offers = ()
    if why_not.code == "orphan_seat" and command.seats:
        offers = that_can_be_had(show, command, offers_like(show, command.seats), answer.moment.now_ms)
    return answer.no(
        messages.HoldRefused,
        why_not.code,
        why_not.detail,
        conflicts=named,
        conflicts_total=len(why_not.kept),
        alternatives=offers,
    )


def _rule_against(show: ShowStock, command: messages.HoldSeats, now_ms: int, asked: Asked | Rule) -> Rule | Wait | None:
    """The first rule against the hold, where `asked` is what `asked_by` says of the wish."""
    terms = show.terms
    if show.status != OPEN or 0 < terms.closes_at_ms <= now_ms:
        return "show_cancelled" if show.status == ShowStatus.CANCELLED else "show_closed", ""
    if now_ms < terms.opens_at_ms:
        return "not_on_sale", f"the sale opens at {terms.opens_at_ms} ms"
    if not isinstance(asked, Asked):
        return asked
    if command.person:
        return _impatience(show, command.person, now_ms) or too_many_places(show, terms.policy, command, asked)
    return _cool_down(show, command.account, terms.policy.unpaid_holds_partner_max, now_ms)


def _impatience(show: ShowStock, person: str, now_ms: int) -> Rule | Wait | None:
    """Against too many holds at once, or too many of late that came to nothing."""
    policy = show.terms.policy
    return too_many_holds(show, policy, person) or _cool_down(show, person, policy.unpaid_holds_max, now_ms)


def _cool_down(show: ShowStock, who: str, holds_max: int, now_ms: int) -> Wait | None:
    if not holds_max:
        return None
    until_ms = show.unpaid.cools_until_ms(who, holds_max, show.terms.policy.cool_down_s * 1000, now_ms)
    if not until_ms:
        return None
    return "cooling_down", f"{holds_max} holds came to nothing; no new one before {rfc3339(until_ms)}", until_ms


def _rule_of_tables_found(show: ShowStock, command: messages.HoldSeats, seats: tuple[int, ...]) -> Rule | None:
    """Tables that can be sold whole, and all of whose seats are among the best ones, count as those that are named."""
    whole = len(show.layout.whole_tables(seats))
    return too_many_tables(show, show.terms.policy, command.person, whole) if whole and command.person else None


def _reservation(show: ShowStock, command: messages.HoldSeats, seats: tuple[int, ...], moment: Moment) -> Reservation:
    layout, category_prices = show.layout, show.category_prices
    prices = []
    amount = 0
    for seat in seats:
        price = category_prices[layout.seats[seat].category]
        prices.append(price)
        amount += price
    for area, quantity in command.areas:
        price = category_prices[layout.areas[area].category]
        prices.append(price)
        amount += price * quantity
    policy = show.terms.policy
    hold_s = min(command.hold_s or policy.hold_s, policy.hold_max_s)
    return Reservation(
        id=command.key,
        status=HELD,
        version=1,
        account=command.account,
        person=command.person,
        seats=seats,
        areas=command.areas,
        prices=tuple(prices),
        amount=amount,
        held_at_ms=moment.now_ms,
        # A backlog must not grant holds that are over before their owner hears of them.
        expires_at_ms=max(moment.now_ms, moment.decided_at_ms) + hold_s * 1000,
        hold_s=hold_s,
        external_id=command.external_id,
        noted=command.noted,
    )


def expire(show: ShowStock, command: messages.ExpireHolds, answer: Answer) -> list[AnyOutcome]:
    outcomes = []
    ended = set()
    for reservation_id, version in command.holds:
        record = show.live.get(reservation_id)
        if record is None or reservation_id in ended:
            continue
        hold = record.reservation
        due = hold.status in UNPAID_STATUSES and hold.expires_at_ms <= answer.moment.now_ms
        if due and hold.version == version:
            ended.add(reservation_id)
            outcomes.append(answer.yes(messages.HoldExpired, reservation=moved(hold, ReservationStatus.EXPIRED)))
    return outcomes
