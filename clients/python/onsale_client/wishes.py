"""What a caller sends, as values; what is left out is not sent. Money is in minor units."""

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


class Payment(Struct, kw_only=True, omit_defaults=True):
    """How a booking was paid; `amount` in minor units."""

    provider: str
    reference: str
    amount: int
    method: str | None = None
