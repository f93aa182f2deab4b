"""What is said to who loses, kept as long as nothing changes: hundreds lose the same within one batch."""

import msgspec

from ticketing import messages
from ticketing.having.asked import Asked

LOSSES_KEPT_MAX = 10_000

Wish = tuple[tuple[int, ...], tuple[messages.AreaCount, ...], messages.Best | None, bool]
"""`(seats, areas, best, partner)` of a `HoldSeats`: all that a loss depends on but who asks."""


def wish_of(command: messages.HoldSeats) -> Wish:
    """What the command asks for."""
    return command.seats, command.areas, command.best, command.partner


class Loss(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why seats and areas that somebody asked for cannot be had. It holds for everybody but the `owners` of some: their
    accounts."""

    code: str
    conflicts: tuple[messages.Conflict, ...]
    conflicts_total: int
    alternatives: tuple[tuple[int, ...], ...]
    owners: frozenset[str]
    asked: Asked
    held_max: int
    """See `losing.lose_again`."""
