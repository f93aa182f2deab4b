"""A quote is what the hold would be answered: for many states of a hall, and many who ask for something."""

from collections import Counter

from ingress.quoting import NotQuoted, Quoted, quote, seen_stock
from tests.unit.allocator.worlds import HALL, T0, World, asked_in_many_worlds
from ticketing import messages
from ticketing.messages import Conflict
from ticketing.show_view import STATUS_NAMES


def told(answer: object, world: World) -> tuple[object, ...]:
    """What is said to who asks, whichever of the two it comes from."""
    if isinstance(answer, messages.SeatsHeld):
        held = answer.reservation
        return "granted", held.seats, held.areas, held.amount, answer.why, as_seen(answer.left_out, world)
    if isinstance(answer, Quoted):
        prices = world.show.category_prices
        amount = sum(prices[HALL.seats[seat].category] for seat in answer.seats)
        amount += sum(prices[HALL.areas[area].category] * quantity for area, quantity in answer.areas)
        return "granted", answer.seats, answer.areas, amount, answer.why, as_seen(answer.left_out, world)
    assert isinstance(answer, NotQuoted | messages.HoldRefused)
    # Whose the places are is known to the decider alone.
    code = "seats_unavailable" if answer.code == "already_yours" else answer.code
    return code, answer.detail, as_seen(answer.conflicts, world)


def as_seen(conflicts: tuple[Conflict, ...], world: World) -> tuple[tuple[int, int, str], ...]:
    marks = world.view.seats
    mine = "already_yours"
    return tuple(
        (it.seat, it.area, STATUS_NAMES[marks[it.seat]].value if it.reason == mine else it.reason) for it in conflicts
    )


def test_a_quote_and_the_hold_say_the_same() -> None:
    seen: Counter[str] = Counter()
    for world, command, held in asked_in_many_worlds():
        kept, taken = world.show.allocations, world.show.taken_by_partner
        quoted = quote(seen_stock(world.show.plan, world.view, world.policy, kept, taken), world.view, command, T0)
        assert told(quoted, world) == told(held, world), command
        if isinstance(held, messages.HoldRefused) and held.code != "already_yours":
            assert isinstance(quoted, NotQuoted) and quoted.alternatives == held.alternatives, command
        seen[str(told(held, world)[0])] += 1
        seen["of a share"] += command.account in {name.split()[0] for name in kept}
        seen["allocated"] += any(it.reason == "allocated" for it in getattr(held, "conflicts", ()))
        seen["alternatives"] += bool(getattr(held, "alternatives", ()))
    # All of what a quote once judged otherwise, or not at all, has been asked for.
    wanted = {"granted", "allocation_exhausted", "allocated", "orphan_seat", "table_not_sold_so", "too_many_seats",
              "sold_out", "seats_unavailable", "no_adjacent_block", "of a share", "alternatives",
              "admission_required"}  # fmt: skip
    assert {name for name in wanted if seen[name] < 3} == set()
