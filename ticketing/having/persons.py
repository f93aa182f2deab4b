"""How much of a show one person may hold: who decides and who gives a quote judge it alike.

A whole table is a unit of its own; its seats are no places here.
"""

from collections.abc import Mapping
from typing import Protocol

from ticketing.having.asked import Asked, Rule
from ticketing.messages import HoldSeats, Policy


class Persons(Protocol):
    """What each person has; who has nothing of it need not be there."""

    @property
    def held_by_person(self) -> Mapping[str, int]:
        """Places held, without those at whole tables."""

    @property
    def booked_by_person(self) -> Mapping[str, int]:
        """Places booked, without those at whole tables."""

    @property
    def tables_by_person(self) -> Mapping[str, int]:
        """Whole tables held."""

    @property
    def holds_by_person(self) -> Mapping[str, int]: ...


def too_many_holds(persons: Persons, policy: Policy, person: str) -> Rule | None:
    """The rule against one more hold."""
    most = policy.holds_at_once_max
    if most and persons.holds_by_person.get(person, 0) >= most:
        return "limit_exceeded", f"one person may have {most} holds at once"
    return None


def too_many_places(persons: Persons, policy: Policy, command: HoldSeats, asked: Asked) -> Rule | None:
    """The rule against so many places and tables more."""
    person = command.person
    if asked.tables and (rule := too_many_tables(persons, policy, person, asked.tables)) is not None:
        return rule
    held = persons.held_by_person.get(person, 0)
    most = policy.max_held_seats_per_person
    if held + asked.places > most and not command.group:
        return "limit_exceeded", f"{held} held already; one person may hold {most} at once"
    most = policy.seats_per_person_max
    if most and held + persons.booked_by_person.get(person, 0) + asked.places > most:
        return "limit_exceeded", f"one person may have {most} places of this show"
    return None


def too_many_tables(persons: Persons, policy: Policy, person: str, tables: int) -> Rule | None:
    """The rule against so many whole tables more."""
    held = persons.tables_by_person.get(person, 0)
    most = policy.max_held_tables_per_person
    if held + tables > most:
        return "limit_exceeded", f"{held} tables held already; one person may hold {most} at once"
    return None
