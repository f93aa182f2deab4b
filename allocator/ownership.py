"""Who owns which partition: every allocator looks at the same table and moves only itself.

A live lease is never stolen. An owner that has two or more above the poorest live member gives one back each tick, and
nobody claims above the ceiling, so that shares end within one of even.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seat:
    """One partition as the table shows it: `owner` (hex) is the last one, `claimable` that nobody lives on it,
    `decided_by` the version of the decider whose open shows it has, if it has any."""

    part: int
    owner: str | None
    claimable: bool
    decided_by: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What one allocator does in this tick."""

    claim: tuple[int, ...] = ()
    give_back: int | None = None


def plan(me: str, seats: Sequence[Seat], members: Sequence[str], working: Container[int]) -> Plan:
    """The plan of `me`. `members` are those alive; one that asks is alive, whatever the table says.

    `working` are the partitions for which it has a desk. What it owns beside them it dropped, after an unknown result
    or a refused record: that is still its own, and need not wait for its lease.
    """
    living = sorted({*members, me})
    shares = {member: 0 for member in living}
    mine, free = [], []
    for seat in seats:
        if seat.claimable or seat.owner is None or (seat.owner == me and seat.part not in working):
            free.append(seat.part)
            continue
        if seat.owner in shares:
            shares[seat.owner] += 1
        if seat.owner == me:
            mine.append(seat.part)
    ceiling = -(-len(seats) // len(living))
    wanted = max(0, ceiling - len(mine))
    if wanted and free:
        # Each begins at another place, so that several that wake together do not all ask for the same partition.
        start = living.index(me) * len(free) // len(living)
        return Plan(claim=tuple((free[start:] + free[:start])[:wanted]))
    if len(mine) - min(shares.values()) >= 2:
        return Plan(give_back=max(mine))
    return Plan()
