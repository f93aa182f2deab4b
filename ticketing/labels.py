"""Places by their labels, where an outcome names them by number."""

from msgspec import Struct

from ticketing.layout import Layout
from ticketing.messages import Conflict
from ticketing.vocabulary import reservation_text


class PlaceConflict(Struct, kw_only=True, omit_defaults=True):
    """Why one place could not be had."""

    label: str
    reason: str
    reservation: str | None = None
    """With `already_yours`: which of yours it is."""


def place_conflict(conflict: Conflict, show: int, layout: Layout | None) -> PlaceConflict:
    """One conflict by label."""
    return PlaceConflict(
        label=_label(conflict, layout),
        reason=conflict.reason,
        reservation=reservation_text(show, conflict.reservation) if conflict.reservation else None,
    )


def _label(conflict: Conflict, layout: Layout | None) -> str:
    if layout is not None and 0 <= conflict.seat < len(layout.seats):
        return layout.seats[conflict.seat].label
    if layout is not None and 0 <= conflict.area < len(layout.areas):
        return layout.areas[conflict.area].label
    return ""


def seat_labels(layout: Layout, seats: tuple[int, ...]) -> list[str]:
    """The labels of seats; one that the layout does not have is left out."""
    return [layout.seats[seat].label for seat in seats if 0 <= seat < len(layout.seats)]
