"""What writing letters needs of the world: ports as Protocols."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol

from ticketing.messages import Reservation
from ticketing.telling import Where


class MailAway(Exception):
    """The mail server cannot be reached, or asks to come again later."""


class MailRefused(Exception):
    """The mail server will not take this letter, whenever it is sent."""


@dataclass(frozen=True, slots=True)
class DueMail:
    """A letter that this process is to send until `claimed_until_ms`. `kind`: `confirmed`, `changed`, `cancelled` or
    `link`; `tries` counts this one."""

    mail: str
    part: int
    show: int
    reservation: bytes
    kind: str
    tries: int
    created_at_ms: int
    claimed_until_ms: int


@dataclass(frozen=True, slots=True)
class BookingFacts:
    """A booking as it stands now, and whom it is for; no `email`: nobody is known (any more). `language`: a BCP 47 tag,
    or empty where nobody has said."""

    reservation: Reservation
    show_name: str
    starts_at_ms: int
    name: str
    email: str
    language: str = ""


class MailStore(Protocol):
    """Letters and what is written in them. All raise `StoreAway`."""

    async def claim(self, now_ms: int, limit: int) -> Sequence[DueMail]:
        """Letters to be sent, now this process's for a while."""
        ...

    async def facts(self, mail: DueMail) -> BookingFacts | None:
        """What to write; None: there is no such booking."""
        ...

    async def settle(self, one: DueMail, state: str, due_at_ms: int, now_ms: int, error: str = "") -> None:
        """`state`: `due` (again at `due_at_ms`), `sent`, `not_sent` (nobody to write to, or overtaken), `failed`.

        Nothing is settled by one whose claim has ended and is another's.
        """
        ...


class Shows(Protocol):
    """What a show adds to its bookings when they are told."""

    async def where(self, show: int) -> Where | None:
        """None: there is no such show. Raises `StoreAway`."""
        ...


class Sender(Protocol):
    """The way out."""

    async def send(self, letter: EmailMessage) -> None:
        """Give it to the mail server. Raises `MailAway`, `MailRefused`."""
        ...
