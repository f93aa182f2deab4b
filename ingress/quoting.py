"""What a hold would be answered, judged by what is seen of the show: by the functions that the decider asks.

Pure. Not judged is what only the decider knows of who asks: how many places a person has booked, and whether they have
to wait for having let too many go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from ticketing.having.allocation import Allocations
from ticketing.having.asked import Asked, Rule, asked_by
from ticketing.having.offers import Offers, blocks_like, like, tables_like, that_can_be_had
from ticketing.having.persons import too_many_holds, too_many_places, too_many_tables
from ticketing.having.places import Asking, NotHad, places_for
from ticketing.having.whole_tables import can_be_had
from ticketing.layout import Layout
from ticketing.messages import AreaCount, Conflict, HoldSeats, Policy, Why
from ticketing.seating_plan import SeatingPlan
from ticketing.show_view import AVAILABLE, STATUS_NAMES, ShowView
from ticketing.vocabulary import SeatStatus

FREE = bytes(mark == AVAILABLE for mark in range(256))
"""From the marks of a view to the search for seats: 1 for each that can be had."""


Held = tuple[tuple[int, ...], tuple[AreaCount, ...]]
"""`(seats, areas)` of one hold."""


@dataclass(frozen=True, slots=True)
class Own:
    """What who asks has already: by seat, in which reservation; and of the person, in all their holds, the places that
    are not at whole tables."""

    seats: Mapping[int, bytes]
    holds: int = 0
    places: int = 0
    tables: int = 0


NOTHING = Own({})


def own_of(layout: Layout, seats: Mapping[int, bytes], held: Sequence[Held]) -> Own:
    """`seats` as in `Own`; `held`: seats and areas of each hold of the person."""
    whole = [table for own, _ in held for table in layout.whole_tables(own)]
    places = sum(len(own) + sum(quantity for _, quantity in areas) for own, areas in held)
    return Own(seats, len(held), places - sum(table.count for table in whole), len(whole))


@dataclass(frozen=True, slots=True)
class SeenStock:
    """A `ticketing.having.stock.Stock` made of a view, and of what is known to be kept for partners."""

    plan: SeatingPlan
    policy: Policy
    free: bytearray
    area_taken: Sequence[int]
    category_names: Sequence[str]
    allocations: Allocations
    taken_by_partner: Mapping[str, int]
    free_in: Sequence[int] = ()

    @property
    def layout(self) -> Layout:
        return self.plan.layout


def seen_stock(
    plan: SeatingPlan, view: ShowView, policy: Policy, allocations: Allocations, taken: Mapping[str, int]
) -> SeenStock:
    """The stock as `view` has it. `taken`: places held and booked by the name of an allocation; 0 where it has none."""
    layout = plan.layout
    return SeenStock(
        plan=plan,
        policy=policy,
        free=view.seats.translate(FREE),
        area_taken=[area.capacity - view.area_left(number) for number, area in enumerate(layout.areas)],
        category_names=[category.name for category in layout.categories],
        allocations=allocations,
        taken_by_partner={name: taken.get(name, 0) for name in allocations},
    )


@dataclass(frozen=True, slots=True)
class Quoted:
    """What would be held."""

    seats: tuple[int, ...]
    areas: tuple[AreaCount, ...]
    why: Why | None
    left_out: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class NotQuoted:
    """Why nothing would be: a code of `ticketing/problems.py`."""

    code: str
    detail: str = ""
    conflicts: tuple[Conflict, ...] = ()
    alternatives: Offers = ()


def quote(stock: SeenStock, view: ShowView, command: HoldSeats, now_ms: int, own: Own = NOTHING) -> Quoted | NotQuoted:
    """The answer to a hold of a show that is on sale, were it decided now, to who has `own` already."""
    asked = asked_by(command, stock.layout, stock.policy)
    if not isinstance(asked, Asked):
        return NotQuoted(*asked)
    rule = _rule_of_person(stock, command, asked, own) if command.person else None
    if rule is not None:
        return NotQuoted(*rule)
    conflicts = conflicts_of(view, command, own.seats)
    seats, areas = command.seats, command.areas
    if conflicts and command.partial:
        seats, areas = can_be_had(stock, seats, areas, conflicts)
    if conflicts and not (command.partial and (seats or areas)):
        if conflicts[0].seat < 0:
            return NotQuoted("sold_out", conflicts=tuple(conflicts))
        if all(conflict.reason == "already_yours" for conflict in conflicts):
            return NotQuoted("already_yours", conflicts=tuple(conflicts))
        wish = msgspec.structs.replace(command, areas=()) if conflicts[-1].area >= 0 else command
        return NotQuoted(
            "seats_unavailable", conflicts=tuple(conflicts), alternatives=_offers(stock, wish, wish.seats, now_ms)
        )
    found = places_for(stock, Asking(command.account, seats, areas, command.best), now_ms)
    if isinstance(found, NotHad):
        kept = tuple(Conflict("allocated", seat=seat) for seat in found.kept)
        offers = _offers(stock, command, seats, now_ms) if found.code == "orphan_seat" and seats else ()
        return NotQuoted(found.code, found.detail, kept, offers)
    if command.best is not None and (rule := _rule_of_tables_found(stock, command, found.seats, own)):
        return NotQuoted(*rule)
    return Quoted(found.seats, areas, found.why, tuple(conflicts))


@dataclass(frozen=True, slots=True)
class _SeenPersons:
    """`ticketing.having.persons.Persons` of the one who asks."""

    held_by_person: Mapping[str, int]
    tables_by_person: Mapping[str, int]
    holds_by_person: Mapping[str, int]
    booked_by_person: Mapping[str, int]


def _persons(person: str, own: Own) -> _SeenPersons:
    return _SeenPersons({person: own.places}, {person: own.tables}, {person: own.holds}, {})


def _rule_of_person(stock: SeenStock, command: HoldSeats, asked: Asked, own: Own) -> Rule | None:
    persons = _persons(command.person, own)
    return too_many_holds(persons, stock.policy, command.person) or too_many_places(
        persons, stock.policy, command, asked
    )


def _rule_of_tables_found(stock: SeenStock, command: HoldSeats, seats: tuple[int, ...], own: Own) -> Rule | None:
    """Tables that can be sold whole, and all of whose seats are among the best ones, count as those that are named."""
    whole, person = len(stock.layout.whole_tables(seats)), command.person
    return too_many_tables(_persons(person, own), stock.policy, person, whole) if whole and person else None


def _offers(stock: SeenStock, command: HoldSeats, seats: tuple[int, ...], now_ms: int) -> Offers:
    """What could be had in the place of `seats`, which are those of `command` that are free, or all of them."""
    offers = tables_like(stock, seats) or blocks_like(stock, like(stock, seats))
    return that_can_be_had(stock, msgspec.structs.replace(command, seats=seats), offers, now_ms)


def conflicts_of(view: ShowView, command: HoldSeats, own: Mapping[int, bytes]) -> list[Conflict]:
    """The places of the wish that are not to be had: the seats before the areas. `own`: the caller's, as in `Own`."""
    found = [
        Conflict("already_yours", seat=seat, reservation=own[seat])
        if seat in own
        else Conflict(STATUS_NAMES[view.seats[seat]].value, seat=seat)
        for seat in command.seats
        if view.seats[seat] != AVAILABLE
    ]
    for area, quantity in command.areas:
        if view.area_left(area) < quantity:
            is_booked = view.areas_booked[area] + quantity > view.layout.areas[area].capacity
            found.append(Conflict((SeatStatus.BOOKED if is_booked else SeatStatus.HELD).value, area=area))
    return found
