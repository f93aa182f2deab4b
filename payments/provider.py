"""What a payment provider must be able to do. Whoever has another one writes a class with these methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ProviderAway(Exception):
    """The provider did not answer, or said that it cannot now: what became of the question is unknown. It may be asked
    again under the same name."""


class ProviderRefused(Exception):
    """The provider has understood, and says no for good."""


class NoticeForged(Exception):
    """The notice is not from the provider, or not of these days."""


class NoticeUnreadable(Exception):
    """The notice is the provider's, and not in a form that is known."""


class State(StrEnum):
    """How an attempt to pay stands at the provider. `DECLINED` and `LAPSED` are its last word: nobody can pay it any
    more; so is `PAID`."""

    UNKNOWN = "unknown"
    """The provider has never heard of it."""
    OPEN = "open"
    PAID = "paid"
    DECLINED = "declined"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Order:
    """A payment to be asked for. `attempt` names it, here and at the provider: the same one twice is one payment.

    `amount` in minor units of `currency` (ISO 4217); `return_to`: where the payer goes afterwards, a URL;
    `lapses_at_ms`: from when on nobody should pay it any more.
    """

    attempt: str
    amount: int
    currency: str
    description: str
    return_to: str
    lapses_at_ms: int


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where the payer pays: a URL, or a path of ours."""

    pay_at: str


@dataclass(frozen=True, slots=True)
class Charge:
    """Money that has moved. `reference` names it at the provider, once and for ever; `payer` what it was paid with, the
    same for the same card or account, so that the limits of one person can bind it ("": the provider does not say)."""

    reference: str
    amount: int
    currency: str
    method: str = ""
    payer: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What the provider says of an attempt: usually one charge where it is paid, and more where somebody paid twice."""

    state: State
    charges: tuple[Charge, ...] = ()
    reason: str = ""
    """Why it was declined."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a provider's notice tells: news of one attempt."""

    attempt: str
    found: Found


@dataclass(frozen=True, slots=True)
class Refund:
    """Money to be given back: `amount` of the charge `reference`. `name` is its own: the same one twice is one
    refund."""

    name: str
    reference: str
    amount: int
    reason: str = ""


class PaymentProvider(Protocol):
    """A provider. Every method but `read_notice` raises `ProviderAway` and `ProviderRefused`, and nothing else for what
    the other side does."""

    @property
    def name(self) -> str:
        """As in `POST /api/payments/webhook/{provider}`: letters, digits, `-` and `_`."""
        ...

    async def begin(self, order: Order) -> Checkout:
        """Ask for a payment; asked again, where it is being paid."""
        ...

    async def find(self, attempt: str) -> Found:
        """What has become of an attempt."""
        ...

    async def refund(self, refund: Refund) -> str:
        """Give money back; the provider's own name for it."""
        ...

    def read_notice(self, headers: Mapping[str, str], body: bytes, now_ms: int) -> Notice:
        """What a notice tells. `headers` by lower-case name. Raises `NoticeForged`, `NoticeUnreadable`."""
        ...


def by_name(provider: PaymentProvider | None) -> Mapping[str, PaymentProvider]:
    """Name -> provider, of all that there are."""
    return {} if provider is None else {provider.name: provider}
