"""How much a hold asks for, and what nobody may ask for, whoever it is and whatever is free."""

import msgspec

from ticketing.having.whole_tables import torn
from ticketing.layout import Layout
from ticketing.messages import HoldSeats, Policy
from ticketing.vocabulary import GROUP_PLACES_MAX

Rule = tuple[str, str]
"""`(code, detail)` of a rule that forbids a hold whatever is free."""
NOT_ADMITTED: Rule = "admission_required", "the show is sold to those who come through its waiting room: use their pass"


class Asked(msgspec.Struct, frozen=True, gc=False):
    """How much a lawful wish asks for: places, without those at whole tables, and whole tables."""

    places: int
    tables: int = 0


def asked_by(command: HoldSeats, layout: Layout, policy: Policy) -> Asked | Rule:
    """How much is asked for, or the rule that nobody may ask so, whenever and whoever it is."""
    if policy.admission_required and command.partner:
        return NOT_ADMITTED
    seats, areas = command.seats, command.areas
    asked = len(seats)
    tables = 0
    if asked and layout.tables:
        whole = _whole_tables(layout, command.seats)
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
    if (seats and max(seats) >= len(layout.seats)) or (areas and max(areas)[0] >= len(layout.areas)):
        return "unknown_places", "a place is not in the show's layout"
    if (len(seats) > 1 and len(set(seats)) < len(seats)) or (len(areas) > 1 and len(dict(areas)) < len(areas)):
        return "malformed", "a place is named twice"
    if tables:
        most = policy.tables_per_hold_partner_max if command.partner else policy.tables_per_hold_max
        if tables > most:
            return "too_many_seats", f"{tables} whole tables asked for; one hold may have {most}"
    return Asked(asked, tables)


def _whole_tables(layout: Layout, seats: tuple[int, ...]) -> tuple[int, int] | str:
    """`(whole tables, seats at them)` of the wish; or what is wrong with it."""
    table = torn(layout, seats)
    if table is not None:
        return f"table {table.label} is sold whole, with all its {table.count} seats"
    whole = layout.whole_tables(seats)
    return len(whole), sum(table.count for table in whole)
