"""What is asked for places: what a show has, what of it is free, and what of that is kept for whom."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ticketing.having.allocation import Allocations
from ticketing.layout import Layout
from ticketing.messages import Policy
from ticketing.seating_plan import SeatingPlan


class Stock(Protocol):
    """A show's places at one moment."""

    @property
    def layout(self) -> Layout: ...

    @property
    def plan(self) -> SeatingPlan: ...

    @property
    def policy(self) -> Policy: ...

    @property
    def category_names(self) -> Sequence[str]:
        """In the order of the layout's categories."""

    @property
    def free(self) -> bytearray:
        """`free[seat]` is 1 for each seat that can be had, else 0."""

    @property
    def area_taken(self) -> Sequence[int]:
        """Places held and booked, by area."""

    @property
    def allocations(self) -> Allocations: ...

    @property
    def taken_by_partner(self) -> Mapping[str, int]:
        """Places held and booked, by the name of an allocation: for each that there is."""

    @property
    def free_in(self) -> Sequence[int]:
        """Seats that can be had, by category; empty: not counted, count them."""
