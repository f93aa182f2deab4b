"""One batch in the making: each change is noted as "how it was before this batch"; `netting.py` compares that with how
it ends.
"""

from dataclasses import dataclass, field

import msgspec

from allocator.payments import RefundsBefore
from ticketing import messages

Verdict = tuple[bytes, bytes, str]
"""`(command key, fingerprint, kind of the outcome)` of a command that changed a reservation."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """A reservation with what only the allocator needs of it: how to answer its repeats."""

    reservation: messages.Reservation
    fingerprint: bytes
    recent: tuple[Verdict, ...] = ()


@dataclass(slots=True)
class ShowDraft:
    """What one batch touches of a show, as it stood before the batch."""

    seq: int | None
    """None: born in this batch."""
    seats: dict[int, bytes | None] = field(default_factory=dict)
    areas: dict[int, int] = field(default_factory=dict)
    reservations: dict[bytes, tuple[int | None, Record]] = field(default_factory=dict)
    """The version before, if there was one; and the record not as it was but as it is now, since memory may have
    forgotten an ended one when the batch is netted."""
    reshaped: list[bytes] = field(default_factory=list)
    """Reservations that have other places than before."""
    rewritten: bool = False
    """Whether its terms or its orders are others than before."""
    payments: RefundsBefore = field(default_factory=dict)


@dataclass(slots=True)
class Draft:
    """One batch in the making: its outcomes, and how everything that it touches stood before it."""

    first_offset: int
    outcomes: list[messages.AnyOutcome] = field(default_factory=list)
    shows: dict[int, ShowDraft] = field(default_factory=dict)
    dead: list[tuple[int, str, bytes]] = field(default_factory=list)
    lost_in_a_row: int = 0
    """How many of the outcomes are refusals that `losing.lose_in_a_row` gave."""
    traces: list[bytes] = field(default_factory=list)
    """Of the commands that are traced."""
