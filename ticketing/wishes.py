"""From what a hold asks for to its command, or to the reason why not.

In two steps: what it comes to in a show is the same for all who ask for the same, and is judged apart from who asks.
"""

import hashlib

import msgspec

from ticketing import messages
from ticketing.asks import BestAsk, HoldBody
from ticketing.intake import Caller, Rejection, Sent, ShowFacts, fingerprint_of, key_of, unknown_places
from ticketing.layout import Bookable, Layout, Table
from ticketing.vocabulary import GROUP_PLACES_MAX

GROUP = "group"
"""The permission to hold for a group."""
HOLD_S_LEAST = 60
"""The shortest hold that a caller may ask for, unless the show's own is shorter."""


class Wish(msgspec.Struct, frozen=True, gc=False):
    """What a hold asks for, judged against one show."""

    command: messages.HoldSeats
    """All of it that does not depend on who sends it when: key, caller and moment are nobody's. To change some fields
    of a struct takes a quarter of the time that naming all of them does."""
    on_behalf_of: str | None

    @property
    def seats(self) -> tuple[int, ...]:
        """The seats that were named."""
        return self.command.seats


def hold(body: HoldBody, facts: ShowFacts, caller: Caller, sent: Sent) -> messages.HoldSeats | Rejection:
    """`HoldSeats` for what was asked."""
    wish = judge(body, facts, partner=caller.partner, group=GROUP in caller.roles)
    if isinstance(wish, Rejection):
        return wish
    return ask_as_sent(wish, caller, sent)


def judge(body: HoldBody, facts: ShowFacts, *, partner: bool, group: bool = False) -> Wish | Rejection:
    """What is asked for in numbers, where the show has it and allows it; `group`: the best, for more than one hold may
    have."""
    layout = facts.layout
    seats = [layout.seat_numbers.get(label) for label in body.seats]
    areas = [(layout.area_numbers.get(ask.area), ask.quantity) for ask in body.areas]
    unknown = [label for label, seat in zip(body.seats, seats, strict=True) if seat is None]
    unknown += [ask.area for ask, (area, _) in zip(body.areas, areas, strict=True) if area is None]
    named = [seat for seat in seats if seat is not None]
    if body.tables:
        tables = _tables(body.tables, layout)
        if isinstance(tables, Rejection):
            return tables
        named += [seat for table in tables for seat in table.seats]
    refused = _refuse_hold(body, facts, named, unknown, partner=partner, group=group and body.best is not None)
    if refused is not None:
        return refused
    command = messages.HoldSeats(
        show=facts.show,
        key=b"",
        sent_at_ms=0,
        account="",
        fingerprint=fingerprint_of(body),
        group=group,
        seats=tuple(sorted(named)),
        areas=tuple(sorted((area, quantity) for area, quantity in areas if area is not None)),
        best=None if body.best is None else _best(body.best),
        partial=body.partial,
        hold_s=body.hold_s or 0,
        external_id=body.external_id or "",
        noted=body.reason is not None or body.metadata is not None,
    )
    return Wish(command, body.on_behalf_of)


def ask_as_sent(wish: Wish, caller: Caller, sent: Sent) -> messages.HoldSeats:
    """As `ask`."""
    key = key_of(wish.command.show, caller, sent)
    return ask(wish, caller, key=key, keyed=sent.key is not None, at_ms=sent.at_ms)


def ask(wish: Wish, caller: Caller, *, key: bytes, keyed: bool, at_ms: int) -> messages.HoldSeats:
    """The command for a wish; `key` is the command's."""
    return msgspec.structs.replace(
        wish.command,
        key=key,
        keyed=keyed,
        sent_at_ms=at_ms,
        account=caller.account,
        person=person_of(wish.on_behalf_of, caller),
        partner=caller.partner,
    )


def _best(ask: BestAsk) -> messages.Best:
    return messages.Best(ask.quantity, ask.category or "", ask.section or "", ask.adjacent, ask.accessible)


def _tables(labels: list[str], layout: Layout) -> list[Table] | Rejection:
    numbers = [layout.table_numbers.get(label) for label in labels]
    unknown = [label for label, number in zip(labels, numbers, strict=True) if number is None]
    if unknown:
        return unknown_places(unknown)
    tables = [layout.tables[number] for number in numbers if number is not None]
    for table in tables:
        if table.bookable == Bookable.SEATS:
            return Rejection("table_not_sold_so", f"table {table.label} is sold by the seat")
    return tables


def _refuse_hold(
    body: HoldBody, facts: ShowFacts, seats: list[int], unknown: list[str], *, partner: bool, group: bool
) -> Rejection | None:
    if unknown:
        return unknown_places(unknown)
    # A whole table is one unit, of which the allocator counts how many are too many.
    at_tables = sum(table.count for table in facts.layout.whole_tables(tuple(seats)))
    asked = len(seats) - at_tables + sum(ask.quantity for ask in body.areas) + (body.best.quantity if body.best else 0)
    if asked == 0 and not at_tables:
        return Rejection("nothing_asked_for", "name seats, areas or best")
    most = facts.policy.seats_per_hold_partner_max if partner else facts.policy.seats_per_hold_max
    if asked > (GROUP_PLACES_MAX if group else most):
        return Rejection("too_many_seats", f"{asked} places asked for; one hold may have {most}")
    if (len(seats) > 1 and len(set(seats)) < len(seats)) or _repeats([ask.area for ask in body.areas]):
        return Rejection("invalid_request", "a seat or an area is named twice")
    least = min(HOLD_S_LEAST, facts.policy.hold_s)
    if body.hold_s is not None and not least <= body.hold_s <= facts.policy.hold_max_s:
        return Rejection("hold_time_out_of_range", f"hold_s must be from {least} to {facts.policy.hold_max_s}")
    return None


def _repeats(names: list[str]) -> bool:
    return len(names) > 1 and len(set(names)) < len(names)


def person_of(on_behalf_of: str | None, caller: Caller) -> str:
    if not caller.partner:
        return caller.account
    if on_behalf_of is None:
        return ""
    # A partner's name for its customer may be personal data, so only a hash of it goes on the log.
    named = hashlib.blake2b(f"{caller.account}\0{on_behalf_of}".encode(), digest_size=12).hexdigest()
    return f"cus_{named}"
