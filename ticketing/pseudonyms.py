"""Under which names the log knows an e-mail address and what was paid with: the same thing has the same name in a show,
and nobody without the installation's secret can find out whose it is, or that it is the same in another show.

While a secret is being rotated there is a name under each of the secrets, so that what was bound before still counts.
"""

import hashlib
import unicodedata
from collections.abc import Sequence

from ticketing.tokens import derive_key

PURPOSE = "onsale-pseudonym"
SECRETS_MAX = 4
"""A command carries at most eight names: two things under so many secrets."""
NAME_BYTES = 12
DOTS_MEAN_NOTHING = frozenset({"gmail.com", "googlemail.com"})


class Pseudonyms:
    """`secrets`: the installation's, the newest first."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [derive_key(secret, PURPOSE) for secret in secrets[:SECRETS_MAX]]

    def email(self, show: int, address: str | None) -> tuple[str, ...]:
        """Names of an e-mail address, whichever way it is written; none where there is no address."""
        return () if address is None else self._names("eml", show, normalised(address))

    def payer(self, show: int, provider: str, payer: str | None) -> tuple[str, ...]:
        """Names of what was paid with, as its provider calls it; none where the provider does not say."""
        return self._names("pay", show, f"{provider}\0{payer}") if payer else ()

    def _names(self, kind: str, show: int, what: str) -> tuple[str, ...]:
        raw = f"{kind}\0{show}\0{what}".encode()
        hashed = (hashlib.blake2b(raw, key=key, digest_size=NAME_BYTES) for key in self._keys)
        return tuple(f"{kind}_{it.hexdigest()}" for it in hashed)


def normalised(address: str) -> str:
    """The address behind the ways in which it can be written: capitals, `+` and what follows, forms of one letter; and
    where the provider of the mailbox is known for it, dots."""
    local, _, domain = unicodedata.normalize("NFKC", address).strip().casefold().rpartition("@")
    mailbox = local.partition("+")[0] or local
    if domain in DOTS_MEAN_NOTHING:
        mailbox, domain = mailbox.replace(".", ""), "gmail.com"
    return f"{mailbox}@{domain.rstrip('.')}"
