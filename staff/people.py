"""People, what is asked of a password, and when guessing has to stop. Pure."""

import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple

from ticketing.staff import PARTNER, PARTNER_NAME, STAFF_ROLES

PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX = 12, 200
EMAIL_CHARS_MAX = 200
WINDOW_MS = 15 * 60_000
TRIES_HERE_MAX = 5
"""Wrong passwords of one person from one address within the window."""
TRIES_ANYWHERE_MAX = 50
"""Of one person from all addresses: whoever guesses from many stops that person as well, but not before."""
TRIES_OF_ADDRESS_MAX = 40
"""From one address, whoever it says that it is."""
HALF = 16
"""Bytes of a subject that say who, where it is about a person."""
_EMAIL = re.compile(r"[^\s@\x00]+@[^\s@\x00]+")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in. `roles`: of `ticketing.staff.STAFF_ROLES`; `partner`: whom one works for."""

    person_id: str
    email: str
    name: str
    roles: frozenset[str]
    password_hash: str
    disabled: bool = False
    partner: str = ""


class Bound(NamedTuple):
    """Something that tries are counted of, and how many it may have within the window."""

    subject: bytes
    most: int


class Tries(NamedTuple):
    """Tries so far, and when the first of them was."""

    tries: int
    since_ms: int


def normal_email(text: str) -> str:
    """As it is kept. Raises ValueError for what is no address."""
    found = text.strip().lower()
    if len(found) > EMAIL_CHARS_MAX or not _EMAIL.fullmatch(found):
        raise ValueError(f"{text!r} is no e-mail address")
    return found


def check_password(password: str) -> None:
    """Raises ValueError for one that is too short or too long: the only rules that help (NIST SP 800-63B, 3.1.1)."""
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        raise ValueError(f"a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters")


def check_roles(roles: "list[str] | tuple[str, ...]") -> frozenset[str]:
    """Raises ValueError for a role that there is not, or none."""
    found = frozenset(roles)
    if not found or not found <= set(STAFF_ROLES):
        raise ValueError(f"roles are some of {', '.join(STAFF_ROLES)}, not {', '.join(sorted(found)) or 'none'}")
    return found


def check_partner(partner: str, roles: frozenset[str]) -> str:
    """The company that somebody with the role partner works for; nobody else has one. Raises ValueError."""
    if (PARTNER in roles) != bool(partner):
        raise ValueError("whoever has the role partner, and nobody else, works for one: name it with --partner")
    if partner and not PARTNER_NAME.fullmatch(partner):
        raise ValueError(f"{partner!r} is no partner's name: small letters, digits and - (40 at most)")
    return partner


def bounds(email: str, address: str) -> tuple[Bound, Bound, Bound]:
    """What a try counts for: the person from there, the person, the address. Whether there is such a person or not."""
    person = subjects_begin(email)
    return (
        Bound(person + _subject("here", email, address)[HALF:], TRIES_HERE_MAX),
        Bound(person + _subject("anywhere", email)[HALF:], TRIES_ANYWHERE_MAX),
        Bound(_subject("address", address), TRIES_OF_ADDRESS_MAX),
    )


def subjects_begin(email: str) -> bytes:
    """What the subjects of one person begin with, and nobody else's: so they are found from wherever was guessed."""
    return _subject("person", email)[:HALF]


def wait_ms(counted: "list[tuple[Bound, Tries]]", now_ms: int) -> int:
    """How long until the next try is looked at; 0: this one is."""
    over = [tries.since_ms + WINDOW_MS - now_ms for bound, tries in counted if tries.tries > bound.most]
    return max([0, *over])


def _subject(*parts: str) -> bytes:
    return hashlib.sha256("\x00".join(parts).encode()).digest()
