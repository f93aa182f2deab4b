"""Bookings of shows that do not take place: proposed in chunks, again and again until none is left."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from ticketing.messages import CancelShow
from ticketing.vocabulary import DIGEST_BYTES, SYSTEM_ACCOUNT

BOOKINGS_PER_COMMAND_MAX = 500
BOOKINGS_PER_LOOK_MAX = 5_000
LOOK_AGAIN_MS = 1_000

Booking = tuple[bytes, int]
"""`(reservation, version)`"""


@dataclass(slots=True)
class Endings:
    """The cancelled shows that may still have bookings, and when each is looked at next."""

    _due: dict[tuple[int, int], int] = field(default_factory=dict)

    def put(self, part: int, show: int) -> None:
        """The show is cancelled."""
        self._due[part, show] = 0

    def take_due(self, now_ms: int) -> list[tuple[int, int]]:
        """`(part, show)` of those to be looked at now; each comes again in a second, until it is `over`."""
        # A clock that was set back must not make them wait until it is where it was.
        due = [of for of, at_ms in self._due.items() if at_ms <= now_ms or at_ms > now_ms + LOOK_AGAIN_MS]
        for of in due:
            self._due[of] = now_ms + LOOK_AGAIN_MS
        return due

    def over(self, part: int, show: int) -> None:
        """The show has no bookings any more."""
        self._due.pop((part, show), None)

    def next_at_ms(self) -> int | None:
        """The moment of the next look; None when there is none."""
        return min(self._due.values(), default=None)


def end_commands(show: int, bookings: Sequence[Booking], sent_at_ms: int) -> list[CancelShow]:
    """What proposes the end of these bookings. As of holds (`deadlines.expire_commands`), a key says what is asked."""
    chunks = [
        tuple(sorted(bookings[first : first + BOOKINGS_PER_COMMAND_MAX]))
        for first in range(0, len(bookings), BOOKINGS_PER_COMMAND_MAX)
    ]
    return [
        CancelShow(
            show=show,
            key=_digest(show, chunk),
            sent_at_ms=sent_at_ms,
            account=SYSTEM_ACCOUNT,
            keyed=False,
            bookings=chunk,
        )
        for chunk in chunks
    ]


def _digest(show: int, bookings: Sequence[Booking]) -> bytes:
    digest = hashlib.blake2b(b"CancelShow" + show.to_bytes(5), digest_size=DIGEST_BYTES)
    for reservation, version in bookings:
        digest.update(reservation + version.to_bytes(8))
    return digest.digest()
