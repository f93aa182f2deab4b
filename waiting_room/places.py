"""Who a place belongs to: entry ids, leaves, and where the counters remember a join or a claim."""

import hashlib
import re
from uuid import UUID

from ticketing.tokens import PASS_LIFE_S, Pass, Ticket
from ticketing.vocabulary import Malformed
from waiting_room.ports import Line

GENERAL = "general"
"""The line that every room has."""

ENTRY_BYTES = 16
JOIN_BUCKETS = 8_192
"""One hash of Redis holds about 120 joins of a million: small enough to be kept packed."""
CLAIMS_PER_BUCKET = 100
PRINT_BYTES = 6
"""How much of the secret's hash the counters keep, so that a join repeated with another secret is refused."""

_ENTRY = re.compile(r"ent_([0-9a-f]{32})")


def entry_of(show: int, client: UUID) -> bytes:
    """16 bytes that one client always gets in one show, and from which the client's own id cannot be found."""
    return hashlib.sha256(b"onsale-entry" + show.to_bytes(8) + client.bytes).digest()[:ENTRY_BYTES]


def entry_text(entry: bytes) -> str:
    """`ent_` and 32 hexadecimal digits: also the fan's account everywhere else."""
    return f"ent_{entry.hex()}"


def parse_entry(text: str) -> bytes:
    """The 16 bytes in an entry's id. Raises `Malformed`."""
    found = _ENTRY.fullmatch(text)
    if found is None:
        raise Malformed("not an ent_ id")
    return bytes.fromhex(found[1])


def leaf_of(n: int, entry: bytes, secret_hash: str) -> bytes:
    """32 bytes that fix a place for the draw: sha256 of 0x00 (a leaf, RFC 6962 2.1), n, entry, hash of the secret."""
    return hashlib.sha256(b"\x00" + n.to_bytes(8) + entry + bytes.fromhex(secret_hash)).digest()


def secret_print(secret_hash: str) -> bytes:
    """The first bytes of the hash of a fan's secret."""
    return bytes.fromhex(secret_hash)[:PRINT_BYTES]


def join_slot(entry: bytes) -> tuple[int, bytes]:
    """`(bucket, field)` under which the counters remember a join. 80 bits: two of a million never share them."""
    return int.from_bytes(entry[10:]) % JOIN_BUCKETS, entry[:10]


def claim_bucket(n: int) -> int:
    """Which bucket the counters remember the claim of place `n` in."""
    return n // CLAIMS_PER_BUCKET


def ticket_for(line: Line, n: int, entry: bytes, at_ms: int, secret_hash: str) -> Ticket:
    """The ticket of number `n` of a line."""
    return Ticket(line.show, line.name, n=n, entry=entry_text(entry), issued_at_ms=at_ms, secret_hash=secret_hash)


def pass_for(ticket: Ticket, wave: int, first_claim_ms: int) -> Pass:
    """The pass of a ticket: it runs from the first claim, so that every later claim gives the same one."""
    return Pass(show=ticket.show, entry=ticket.entry, wave=wave, expires_at_ms=first_claim_ms + PASS_LIFE_S * 1000)
