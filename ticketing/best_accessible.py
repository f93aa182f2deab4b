"""Best available for somebody who needs an accessible seat, and those who come along."""

from ticketing.messages import Best
from ticketing.seating_plan import SeatingPlan


def accessible_seats(plan: SeatingPlan, free: bytearray, wish: Best) -> tuple[int, ...]:
    """The first accessible seat that is free, and the others of the party as near as can be: its companion seats,
    then the free seats beside it, to its right before its left, or at its table; never what belongs to another
    accessible seat."""
    for seat, companions in plan.pool.items():
        if not free[seat] or not plan.matches(seat, wish.category, wish.section):
            continue
        party = [seat, *(companion for companion in companions if free[companion])]
        row = plan.row_of(seat)
        for step in (1, -1):
            beside = seat + step
            while beside in row and free[beside] and (beside in party or beside not in plan.protected):
                if beside not in party:
                    party.append(beside)
                beside += step
        if (table := plan.table_of(seat)) is not None:
            others = (it for it in table.seats if free[it] and it not in party and it not in plan.protected)
            party += others
        if len(party) >= wish.quantity:
            return tuple(party[: wish.quantity])
    return ()
