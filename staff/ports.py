"""What the sign-in needs of others."""

from collections.abc import Sequence
from typing import Protocol

from staff.people import Bound, Person, Tries


class StaffAway(Exception):
    """The people cannot be asked for now: nobody is signed in, and nobody is let in."""


class Busy(Exception):
    """More passwords are being looked at than this process bears."""


class People(Protocol):
    """Each method raises `StaffAway`."""

    async def by_email(self, email: str) -> Person | None:
        """Whoever has the address, shut out or not."""
        ...

    async def of_session(self, session: str, now_ms: int) -> Person | None:
        """Who is signed in by it, now."""
        ...

    async def count(self, bounds: Sequence[Bound], now_ms: int) -> list[Tries]:
        """Count one try for each; how many there are with it."""
        ...

    async def forgive(self, bounds: Sequence[Bound]) -> None:
        """It was the right password: the try counts for nothing, and those before it from there neither."""
        ...

    async def begin(self, session: str, person_id: str, address: str, now_ms: int, ends_at_ms: int) -> None:
        """Keep a session."""
        ...

    async def end(self, session: str) -> None:
        """The session is over; one that is not there is no error."""
        ...

    async def set_hash(self, person_id: str, password_hash: str) -> None:
        """The same password under today's costs."""
        ...


class Passwords(Protocol):
    """Each method raises `Busy`."""

    async def fits(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the one; takes as long where there is nothing to compare with."""
        ...

    def outdated(self, password_hash: str) -> bool:
        """Whether it was made at lower costs than today's."""
        ...

    async def make(self, password: str) -> str:
        """What is kept of a password."""
        ...
