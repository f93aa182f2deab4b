"""Ids, states and limits: the nouns of the sale, with their units.

An id is readable by people and by SQL alike: a prefix and hexadecimal digits, so that
`'rsv_' || lpad(to_hex(show_id), 10, '0') || encode(reservation_id, 'hex')` is the id that the API shows.
"""

import hashlib
import re
from enum import StrEnum
from functools import lru_cache

SHOW_BYTES = 5
DIGEST_BYTES = 16
FINGERPRINT_BYTES = 8

SEATS_PER_SHOW_MIN = 10
SEATS_PER_SHOW_MAX = 200_000
CONFLICTS_SHOWN_MAX = 50
ALTERNATIVES_SHOWN_MAX = 3
RECENT_KEYS_MAX = 16
"""How many command keys a reservation remembers with their verdicts."""
GROUP_PLACES_MAX = 200
"""The largest party that the best places are looked for together."""
ORDERS_REMEMBERED_MAX = 100
"""How many of its operators' orders a show remembers by command key."""
BLOCKED_BY = b"blocked"
"""Stands as the owner of a seat that is not for sale: shorter than any reservation's id, so that it can be none."""
REFUSALS_REMEMBERED_MS = 15 * 60 * 1000
REFUSALS_REMEMBERED_MAX = 100_000

SYSTEM_ACCOUNT = "system"
"""The account of commands that no caller sent: expiry, give-back, the schedule."""
PROVIDER_ACCOUNT = "pay_"
"""Begins the account of a payment provider: of what its signed notices, or a look-up at it, say of a payment."""


class SeatStatus(StrEnum):
    """What anybody may know of a seat."""

    AVAILABLE = "available"
    HELD = "held"
    BOOKED = "booked"
    BLOCKED = "blocked"


class ReservationStatus(StrEnum):
    """The states of a reservation; the edges between them are `RESERVATION_EDGES`."""

    HELD = "held"
    PAYING = "paying"
    BOOKED = "booked"
    RELEASED = "released"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class ShowStatus(StrEnum):
    """The states of a show's stock."""

    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class RequestStatus(StrEnum):
    """What became of a command that a caller sent."""

    PENDING = "pending"
    GRANTED = "granted"
    REJECTED = "rejected"


class OrphanRule(StrEnum):
    """What a show does about holds that leave a single free seat behind."""

    OFF = "off"
    WARN = "warn"
    ENFORCE = "enforce"


NEW = "new"
"""Where a reservation comes from: the state before its first row."""

RESERVATION_EDGES: dict[str, frozenset[str]] = {
    NEW: frozenset({ReservationStatus.HELD, ReservationStatus.BOOKED}),
    ReservationStatus.HELD: frozenset(
        {
            ReservationStatus.HELD,
            ReservationStatus.PAYING,
            ReservationStatus.BOOKED,
            ReservationStatus.RELEASED,
            ReservationStatus.EXPIRED,
        }
    ),
    ReservationStatus.PAYING: frozenset(
        {
            ReservationStatus.BOOKED,
            ReservationStatus.HELD,
            ReservationStatus.RELEASED,
            ReservationStatus.EXPIRED,
        }
    ),
    ReservationStatus.EXPIRED: frozenset({ReservationStatus.BOOKED}),
    ReservationStatus.BOOKED: frozenset({ReservationStatus.BOOKED, ReservationStatus.CANCELLED}),
    ReservationStatus.RELEASED: frozenset(),
    ReservationStatus.CANCELLED: frozenset(),
}
"""Every legal step of a reservation (`held -> held` is an extension, `booked -> booked` a change). The allocator
and the history checker both read this one table."""

LIVE_STATUSES = frozenset({ReservationStatus.HELD, ReservationStatus.PAYING, ReservationStatus.BOOKED})
"""The states in which a reservation owns its seats."""

UNPAID_STATUSES = frozenset({ReservationStatus.HELD, ReservationStatus.PAYING})
"""The states that count against what one person may hold at once, and that can end by expiry."""


def provider_account(provider: str) -> str:
    """The account that a payment provider's notices come from."""
    return PROVIDER_ACCOUNT + provider


def is_provider(account: str) -> bool:
    """Whether a command tells what a payment provider has said. No caller can have such an account."""
    return account.startswith(PROVIDER_ACCOUNT)


class Malformed(ValueError):
    """An id that is not one of ours, or of another kind."""


def new_show_id(entropy: bytes) -> int:
    """A show's number from at least five random bytes: 1 to 2^40 - 1."""
    return int.from_bytes(entropy[:SHOW_BYTES]) or 1


# Ids are made for each hold, and bytes become hexadecimal sooner than numbers by a format.
_PATTERNS = {
    "shw": re.compile(r"shw_([0-9a-f]{10})"),
    "rsv": re.compile(r"rsv_([0-9a-f]{10})([0-9a-f]{32})"),
    "bkg": re.compile(r"bkg_([0-9a-f]{10})([0-9a-f]{32})"),
    "req": re.compile(r"req_([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})"),
    "dlt": re.compile(r"dlt_([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})"),
}


def show_text(show: int) -> str:
    """`shw_` and ten hexadecimal digits."""
    return f"shw_{show.to_bytes(SHOW_BYTES).hex()}"


def parse_show(text: str) -> int:
    """The number in a show's id. Raises `Malformed`."""
    return int(_match("shw", text)[1], 16)


def reservation_text(show: int, reservation: bytes) -> str:
    """`rsv_`, the show, and the 16 bytes of the reservation in hexadecimal."""
    return f"rsv_{show.to_bytes(SHOW_BYTES).hex()}{reservation.hex()}"


def parse_reservation(text: str) -> tuple[int, bytes]:
    """`(show, reservation)` of a reservation's id. Raises `Malformed`."""
    found = _match("rsv", text)
    return int(found[1], 16), bytes.fromhex(found[2])


def booking_text(show: int, reservation: bytes) -> str:
    """A booking's id: that of the reservation it grew from, under its own prefix."""
    return f"bkg_{show.to_bytes(SHOW_BYTES).hex()}{reservation.hex()}"


def parse_booking(text: str) -> tuple[int, bytes]:
    """`(show, reservation)` of a booking's id. Raises `Malformed`."""
    found = _match("bkg", text)
    return int(found[1], 16), bytes.fromhex(found[2])


def request_text(part: int, log_gen: int, offset: int) -> str:
    """A request's id: the command's place in the log, so that its verdict can be found as long as the log is kept."""
    return f"req_{_place(part, log_gen, offset)}"


def parse_request(text: str) -> tuple[int, int, int]:
    """`(part, log_gen, offset)` of a request's id. Raises `Malformed`."""
    found = _match("req", text)
    return int(found[1], 16), int(found[2], 16), int(found[3], 16)


def dead_letter_text(part: int, log_gen: int, offset: int) -> str:
    """The id of a record that nobody could read: its place in the log."""
    return f"dlt_{_place(part, log_gen, offset)}"


def parse_dead_letter(text: str) -> tuple[int, int, int]:
    """`(part, log_gen, offset)` of a dead letter's id. Raises `Malformed`."""
    found = _match("dlt", text)
    return int(found[1], 16), int(found[2], 16), int(found[3], 16)


def event_text(part: int, log_gen: int, offset: int, index: int) -> str:
    """An event's id: the place of its command in the log, and its number among that command's outcomes."""
    return f"evt_{_place(part, log_gen, offset)}{index:04x}"


def _place(part: int, log_gen: int, offset: int) -> str:
    return (part << 64 | log_gen << 48 | offset).to_bytes(10).hex()


def _match(kind: str, text: str) -> re.Match[str]:
    found = _PATTERNS[kind].fullmatch(text)
    if found is None:
        raise Malformed(f"not a {kind}_ id")
    return found


def command_key(*, account: str, method: str, path_template: str, show: int, key: str, item: str = "") -> bytes:
    """16 bytes that stay the same whenever the same caller repeats the same request.

    blake2b-128 over the parts, each behind its length, so that no two different lists of parts run together.
    """
    return CommandKeys(account=account, method=method, path_template=path_template, show=show).of(key, item)


class CommandKeys:
    """`command_key` for one caller, call and show: what all of its requests have in common is put together once."""

    __slots__ = ("_begins",)

    def __init__(self, *, account: str, method: str, path_template: str, show: int) -> None:
        self._begins = _behind_its_length(account) + _of_the_call(method, path_template, show)

    def of(self, key: str, item: str = "") -> bytes:
        """The `command_key` of one request."""
        ends = _behind_its_length(item) if item else _NOTHING
        return hashlib.blake2b(self._begins + _behind_its_length(key) + ends, digest_size=DIGEST_BYTES).digest()


@lru_cache(maxsize=256)
def _of_the_call(method: str, path_template: str, show: int) -> bytes:
    return b"".join(map(_behind_its_length, (method, path_template, show_text(show))))


def _behind_its_length(part: str) -> bytes:
    raw = part.encode()
    return len(raw).to_bytes(4) + raw


_NOTHING = _behind_its_length("")


def fingerprint(canonical_body: bytes) -> bytes:
    """8 bytes that tell one body from another under the same idempotency key."""
    return hashlib.blake2b(canonical_body, digest_size=FINGERPRINT_BYTES).digest()
