"""Who gets places, who does not and why; and which holds are over."""

import msgspec

from allocator.allocations import ALL, Kept, places_of, why_kept
from allocator.answer import Answer, Moment, moved
from allocator.choosing import choose
from allocator.losing import conflicts_of, known_loss, loss_of, offers_for
from allocator.losses import Asked
from allocator.stock import ShowStock
from allocator.whole_tables import can_be_had, torn
from ticketing import messages
from ticketing.messages import AnyOutcome, Conflict, Reservation
from ticketing.vocabulary import (
    CONFLICTS_SHOWN_MAX,
    GROUP_PLACES_MAX,
    UNPAID_STATUSES,
    OrphanRule,
    ReservationStatus,
    ShowStatus,
)

# Python 3.11 takes 0.4 us to find a member of an enumeration, as long as all the rest of a rule.
OPEN, HELD, ORPHANS_LEFT = ShowStatus.OPEN, ReservationStatus.HELD, OrphanRule.OFF


def hold(show: ShowStock, command: messages.HoldSeats, answer: Answer) -> AnyOutcome:
    before = show.find(command.key)
    if before is not None:
        if before.fingerprint != command.fingerprint:
            return answer.no(messages.CommandRejected, "idempotency_key_reused")
        return answer.again(messages.SeatsHeld, reservation=before.reservation)
    # A wish that was lost a moment ago was a lawful one, so that only the time and the person are looked at again.
    loss = known_loss(show, command) if show.losses else None
    asked = _asked(show, command) if loss is None else loss.asked
    rule = _rule_against(show, command, answer.moment.now_ms, asked)
    if rule is not None:
        return answer.no(messages.HoldRefused, *rule)
    if loss is None:
        assert isinstance(asked, Asked), "a wish against the rules ends above"
        loss = loss_of(show, command, asked)
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
    if command.best is not None or (seats and show.terms.policy.orphan_rule != ORPHANS_LEFT):
        chosen = choose(show, seats, command.best, answer.moment.now_ms)
        if isinstance(chosen, str):
            offers = offers_for(show, seats) if chosen == "orphan_seat" and seats else ()
            return answer.no(messages.HoldRefused, chosen, alternatives=offers)
        seats, why = chosen
    if show.terms.allocations:
        allowed = _not_kept(show, command, seats, why, answer.moment.now_ms)
        if isinstance(allowed, Kept):
            return _kept(show, command, allowed, answer)
        seats, why = allowed
    reservation = _reservation(show, command, seats, answer.moment)
    if left_out:
        shown = tuple(left_out[:CONFLICTS_SHOWN_MAX])
        return answer.yes(
            messages.SeatsHeld, reservation=reservation, why=why, left_out=shown, left_out_total=len(left_out)
        )
    return answer.held(reservation, why)


def _not_kept(
    show: ShowStock, command: messages.HoldSeats, seats: tuple[int, ...], why: messages.Why | None, now_ms: int
) -> tuple[tuple[int, ...], messages.Why | None] | Kept:
    """`(seats, why)` of places that are kept for nobody else: the best ones from categories of which there are some."""
    refused: Kept | None = None
    closed: set[int] = set()
    while (kept := why_kept(show, command.account, places_of(show, seats, command.areas), now_ms)) is not None:
        refused = refused or kept
        if command.best is None or kept.category in closed or kept.category == ALL:
            return refused
        closed.add(kept.category)
        chosen = choose(show, command.seats, command.best, now_ms, closed)
        if isinstance(chosen, str):
            return refused
        seats, why = chosen
    return seats, why


def _kept(show: ShowStock, command: messages.HoldSeats, kept: Kept, answer: Answer) -> AnyOutcome:
    seats = [seat for seat in command.seats if kept.category in (ALL, show.layout.seats[seat].category)]
    named = tuple(Conflict("allocated", seat=seat) for seat in seats[:CONFLICTS_SHOWN_MAX])
    return answer.no(messages.HoldRefused, kept.code, kept.detail, conflicts=named, conflicts_total=len(seats))


Rule = tuple[str, str]
"""`(code, detail)` of a rule that forbids a hold whatever is free."""


def _rule_against(show: ShowStock, command: messages.HoldSeats, now_ms: int, asked: Asked | Rule) -> Rule | None:
    """The first rule against the hold, where `asked` is what `_asked` says of the wish."""
    terms = show.terms
    if show.status != OPEN or 0 < terms.closes_at_ms <= now_ms:
        return "show_cancelled" if show.status == ShowStatus.CANCELLED else "show_closed", ""
    if now_ms < terms.opens_at_ms:
        return "not_on_sale", f"the sale opens at {terms.opens_at_ms} ms"
    if not isinstance(asked, Asked):
        return asked
    if command.person:
        if (rule := _impatience(show, command.person, now_ms)) is not None:
            return rule
        if asked.tables and (rule := _rule_of_tables(show, command, asked.tables)) is not None:
            return rule
        held = show.held_by_person.get(command.person, 0)
        most = terms.policy.max_held_seats_per_person
        if held + asked.places > most and not command.group:
            return "limit_exceeded", f"{held} held already; one person may hold {most} at once"
        most = terms.policy.seats_per_person_max
        if most and held + show.booked_by_person.get(command.person, 0) + asked.places > most:
            return "limit_exceeded", f"one person may have {most} places of this show"
    return None


def _impatience(show: ShowStock, person: str, now_ms: int) -> Rule | None:
    """Against too many holds at once, or too many of late that came to nothing."""
    policy = show.terms.policy
    most = policy.holds_at_once_max
    if most and show.holds_by_person.get(person, 0) >= most:
        return "limit_exceeded", f"one person may have {most} holds at once"
    if policy.unpaid_holds_max:
        within_ms = policy.cool_down_s * 1000
        until_ms = show.unpaid.cools_until_ms(person, policy.unpaid_holds_max, within_ms, now_ms)
        if until_ms:
            return "cooling_down", f"{policy.unpaid_holds_max} holds came to nothing; no new one before {until_ms} ms"
    return None


def _asked(show: ShowStock, command: messages.HoldSeats) -> Asked | Rule:
    """How much is asked for, or the rule that nobody may ask so, whenever and whoever it is."""
    policy = show.terms.policy
    seats, areas = command.seats, command.areas
    asked = len(seats)
    tables = 0
    if asked and show.layout.tables:
        whole = _whole_tables(show, command)
        if isinstance(whole, str):
            return "table_not_sold_so", whole
        tables, at_tables = whole
        asked -= at_tables
    for _, quantity in areas:
        asked += quantity
    if command.best is not None:
        asked += command.best.quantity
    most = policy.seats_per_hold_partner_max if command.partner else policy.seats_per_hold_max
    if asked == 0 and tables == 0:
        return "nothing_asked_for", ""
    if asked > most and not (command.group and command.best is not None and asked <= GROUP_PLACES_MAX):
        return "too_many_seats", f"{asked} places asked for; one hold may have {most}"
    if (seats and max(seats) >= len(show.free)) or (areas and max(areas)[0] >= len(show.area_taken)):
        return "unknown_places", "a place is not in the show's layout"
    if (len(seats) > 1 and len(set(seats)) < len(seats)) or (len(areas) > 1 and len(dict(areas)) < len(areas)):
        return "malformed", "a place is named twice"
    if tables:
        most = policy.tables_per_hold_partner_max if command.partner else policy.tables_per_hold_max
        if tables > most:
            return "too_many_seats", f"{tables} whole tables asked for; one hold may have {most}"
    return Asked(asked, tables)


def _whole_tables(show: ShowStock, command: messages.HoldSeats) -> tuple[int, int] | str:
    """`(whole tables, seats at them)` of the wish; or what is wrong with it."""
    table = torn(show, command.seats)
    if table is not None:
        return f"table {table.label} is sold whole, with all its {table.count} seats"
    whole = show.layout.whole_tables(command.seats)
    return len(whole), sum(table.count for table in whole)


def _rule_of_tables(show: ShowStock, command: messages.HoldSeats, tables: int) -> Rule | None:
    held = show.tables_by_person.get(command.person, 0)
    most = show.terms.policy.max_held_tables_per_person
    if held + tables > most:
        return "limit_exceeded", f"{held} tables held already; one person may hold {most} at once"
    return None


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
