"""What a caller sends, as values; what is left out is not sent. Money is in minor units."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct


class Contact(Struct, kw_only=True, omit_defaults=True):
    """For whom a booking is."""

    name: str
    email: str
    phone: str | None = None
    language: str | None = None
    """In which letters are written (BCP 47)."""


class AreaWish(Struct, kw_only=True):
    """So many places of an area."""

    area: str
    quantity: int


class Best(Struct, kw_only=True, omit_defaults=True):
    """The best available that suit."""

    quantity: int
    category: str | None = None
    section: str | None = None
    adjacent: bool = True
    accessible: bool = False


class Hold(Struct, kw_only=True, omit_defaults=True):
    """One hold of several in one call: named seats, whole tables, places of areas, the best available, or any mix.
    `hold_s` is in seconds; `metadata` is the caller's own, and told when the reservation is read."""

    show: str
    seats: Sequence[str] = ()
    tables: Sequence[str] = ()
    areas: Sequence[AreaWish] = ()
    best: Best | None = None
    partial: bool = False
    hold_s: int | None = None
    reason: str | None = None
    external_id: str | None = None
    metadata: dict[str, Any] | None = None
    on_behalf_of: str | None = None


class SeatNames(Struct, kw_only=True):
    """Seats to look at, by label."""

    show: str
    seats: Sequence[str]


class Payment(Struct, kw_only=True, omit_defaults=True):
    """How a booking was paid; `amount` in minor units. `payer`: what was paid with, the same for the same card."""

    provider: str
    reference: str
    amount: int
    method: str | None = None
    payer: str | None = None
