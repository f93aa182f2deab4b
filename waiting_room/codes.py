"""Presale codes: who may join a line that is not for everybody. Pure.

A code is good for one person, or for as many as operators say. Nobody keeps the codes themselves, only their hashes;
made ones have 80 bits of chance, so guessing one takes longer than any sale, and who guesses wrong is slowed.
"""

import hashlib
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol

from waiting_room.ports import Line

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O and U, which people take for others (Crockford, Base 32)."""
CODE_CHARS = 16
GROUP = 4
OWN_CODE_CHARS_MIN = 8
_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})


class Redeemed(Enum):
    """What became of a code; `GRANTED` also where this entry has used it before."""

    GRANTED = "granted"
    UNKNOWN = "unknown"
    USED_UP = "used_up"


class CodeBook(Protocol):
    """Each method raises `ports.LedgerUnavailable`."""

    async def add(self, line: Line, hashes: Sequence[bytes], uses_max: int, now_ms: int) -> None:
        """More codes of a line, each for so many people; one that is there already stays as it is."""
        ...

    async def redeem(self, line: Line, code_hash: bytes, entry: bytes, now_ms: int) -> Redeemed:
        """Use a code for an entry."""
        ...


def normal(code: str) -> str:
    """A code however it was typed."""
    return code.upper().translate(_MEANT)


def code_hash(line: Line, code: str) -> bytes:
    """32 bytes by which a code of a line is kept."""
    said = f"{line.show} {line.name} {normal(code)}"
    return hashlib.sha256(b"onsale-presale-code" + said.encode()).digest()


def new_codes(entropy: Callable[[int], bytes], count: int) -> list[str]:
    """`count` codes in groups of four. `entropy(n)` gives n random bytes."""
    codes = []
    for _ in range(count):
        number = int.from_bytes(entropy(CODE_CHARS * 5 // 8))
        letters = "".join(ALPHABET[number >> 5 * at & 31] for at in range(CODE_CHARS))
        codes.append("-".join(letters[at : at + GROUP] for at in range(0, CODE_CHARS, GROUP)))
    return codes
