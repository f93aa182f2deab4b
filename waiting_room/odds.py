"""How likely it is that somebody gets to buy, in three bands, and the place up to which there is hope. Pure.

A place is reached if what is left suffices for those before it. Two things are not known: what of the places that are
held comes back, and how many places those take who are still to be called. So there are two lines: up to the first one
even the careful reckoning reaches (`likely_to`), beyond the second not even the hopeful one (`unlikely_from`).
"""

import math
from dataclasses import dataclass

from waiting_room.flow import Crowd
from waiting_room.phases import Stock

TAKES_MORE = 1.10
"""Careful: who is still to be called takes this much more than who was called so far, and nothing comes back."""
TAKES_LESS = 0.75
COMES_BACK = 0.8
"""Hopeful: they take this much less, and so much of what is held now comes back."""


@dataclass(frozen=True, slots=True)
class Odds:
    """How many who are still to be called find something to buy: by the careful reckoning, and by the hopeful one."""

    sure: int
    possible: int


def odds(stock: Stock, crowd: Crowd) -> Odds:
    """For all lines together."""
    each = max(crowd.places_per_call, 0.01)
    sure = (stock.available - crowd.expected) / (each * TAKES_MORE)
    possible = (stock.available - crowd.expected * TAKES_LESS + stock.held * COMES_BACK) / (each * TAKES_LESS)
    return Odds(max(0, math.floor(sure)), max(0, math.ceil(possible)))
