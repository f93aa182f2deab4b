"""A quote is what the hold would be answered: for many states of a hall, and many who ask for something."""

from collections import Counter

from ingress.quoting import NotQuoted, Own, Quoted, own_of, quote, seen_stock
from tests.unit.allocator.worlds import HALL, T0, World, asked_in_many_worlds
from ticketing import messages


def told(answer: object, world: World) -> tuple[object, ...]:
    """What is said to who asks, whichever of the two it comes from."""
    if isinstance(answer, messages.SeatsHeld):
        held = answer.reservation
        return "granted", held.seats, held.areas, held.amount, answer.why, answer.left_out
    if isinstance(answer, Quoted):
        prices = world.show.category_prices
        amount = sum(prices[HALL.seats[seat].category] for seat in answer.seats)
        amount += sum(prices[HALL.areas[area].category] * quantity for area, quantity in answer.areas)
        return "granted", answer.seats, answer.areas, amount, answer.why, answer.left_out
    assert isinstance(answer, NotQuoted | messages.HoldRefused)
    return answer.code, answer.detail, answer.conflicts, answer.alternatives


def own(world: World, account: str, person: str) -> Own:
    """As the stock's views tell it."""
    live = [record.reservation for record in world.show.live.values()]
    mine = [it for it in live if (it.account, it.person) == (account, person)]
    held = [(it.seats, it.areas) for it in live if person and it.person == person and it.status == "held"]
    return own_of(HALL, {seat: it.id for it in mine for seat in it.seats}, held)


def test_a_quote_and_the_hold_say_the_same() -> None:
    seen: Counter[str] = Counter()
    for world, command, held in asked_in_many_worlds():
        kept, taken = world.show.allocations, world.show.taken_by_partner
        stock = seen_stock(world.show.plan, world.view, world.policy, kept, taken)
        quoted = quote(stock, world.view, command, T0, own(world, command.account, command.person))
        assert told(quoted, world) == told(held, world), command
        seen[str(told(held, world)[0])] += 1
        seen["of a share"] += command.account in {name.split()[0] for name in kept}
        seen["allocated"] += any(it.reason == "allocated" for it in getattr(held, "conflicts", ()))
        seen["alternatives"] += bool(getattr(held, "alternatives", ()))
    # All of what a quote once judged otherwise, or not at all, has been asked for.
    wanted = {"granted", "allocation_exhausted", "allocated", "orphan_seat", "table_not_sold_so", "too_many_seats",
              "sold_out", "seats_unavailable", "no_adjacent_block", "of a share", "alternatives",
              "admission_required", "already_yours", "limit_exceeded"}  # fmt: skip
    assert {name for name in wanted if seen[name] < 3} == set()
