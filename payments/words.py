"""From what a provider says to the commands that say it on the log. Pure, and the same whoever has heard it: a notice
and a look-up that tell of the same charge become one command, under one key."""

import re

from payments.provider import Found, State
from ticketing import messages
from ticketing.pseudonyms import Pseudonyms
from ticketing.vocabulary import (
    Malformed,
    command_key,
    fingerprint,
    parse_reservation,
    provider_account,
    reservation_text,
)

PROVIDER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_VERSION_MAX = 2**31

Said = messages.ConfirmBooking | messages.FailPayment


class CurrencyWrong(Exception):
    """Money came in another currency than the show's; somebody must look at it."""


def attempt_text(show: int, reservation: bytes, version: int) -> str:
    """The name of an attempt to pay: the reservation, and its version while the payment is under way."""
    return f"{reservation_text(show, reservation)}.{version}"


def parse_attempt(text: str) -> tuple[int, bytes, int]:
    """`(show, reservation, version)` of an attempt's name. Raises `Malformed`."""
    head, _, version = text.partition(".")
    if not (version.isascii() and version.isdecimal() and len(version) <= 10 and 0 < int(version) < _VERSION_MAX):
        raise Malformed("not the name of an attempt to pay")
    return *parse_reservation(head), int(version)


def said(
    provider: str, attempt: str, found: Found, currency: str, *, now_ms: int, pseudonyms: Pseudonyms
) -> list[Said]:
    """The commands that follow from what a provider says of an attempt; none where nothing has come of it yet.

    Raises `Malformed`, `CurrencyWrong`.
    """
    show, reservation, version = parse_attempt(attempt)
    account = provider_account(provider)
    if found.state is State.DECLINED:
        return [
            messages.FailPayment(
                show=show,
                key=_key(account, show, "declined", attempt),
                sent_at_ms=now_ms,
                account=account,
                fingerprint=fingerprint(attempt.encode()),
                reservation=reservation,
                provider=provider,
                reason=found.reason,
                version=version,
            )
        ]
    if found.state is not State.PAID:
        return []
    if any(charge.currency != currency for charge in found.charges):
        raise CurrencyWrong(f"{attempt} was paid in another currency than {currency}")
    return [
        messages.ConfirmBooking(
            show=show,
            key=_key(account, show, "paid", charge.reference),
            sent_at_ms=now_ms,
            account=account,
            fingerprint=fingerprint(f"{attempt} {charge.amount}".encode()),
            reservation=reservation,
            payment=messages.Payment(provider, charge.reference, charge.amount, charge.method),
            bound=pseudonyms.payer(show, provider, charge.payer),
        )
        for charge in found.charges
    ]


def _key(account: str, show: int, what: str, name: str) -> bytes:
    return command_key(account=account, method="SAID", path_template=what, show=show, key=name)
