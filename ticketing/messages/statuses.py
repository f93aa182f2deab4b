"""Words that are true for a moment: warnings and statuses. Losing one loses nothing."""

from typing import TypeAlias

from msgspec import Struct


class HoldExpiring(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """A warning: this hold ends soon. Sent again after a restart, so a reader must bear it twice."""

    show: int
    reservation: bytes
    version: int
    account: str
    expires_at_ms: int


class TierNow(Struct, frozen=True, kw_only=True):
    """What is left of one price category; `price` in minor units, as it is for whoever holds now."""

    name: str
    price: int
    places: int
    available: int


class ShowStatusNow(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """One show, once a second, as its allocator sees it."""

    show: int
    part: int
    at_ms: int
    status: str
    seq: int
    available: int
    held: int
    booked: int
    lag_records: int
    lag_ms: int
    """How long the oldest undecided command has waited."""
    decide_p99_ms: int = 0
    currency: str = ""
    tiers: tuple[TierNow, ...] = ()


class PartitionStatusNow(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """One partition while its store takes no writes (a full disk, a database that is read-only): said each second, and
    once more, with `takes_writes`, when it does again."""

    part: int
    at_ms: int
    takes_writes: bool


AllocatorStatus: TypeAlias = ShowStatusNow | PartitionStatusNow
"""What stands on topic `show_status`."""


class RoomStatusNow(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """One waiting room, once a second: its phase, how far it serves, and the wave that passes must be of."""

    show: int
    at_ms: int
    phase: str
    serving: int
    issued: int
    wave: int = 0
