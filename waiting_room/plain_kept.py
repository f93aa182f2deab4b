"""What a browser without scripts keeps for a fan, in a cookie that no script can read. Pure."""

import re
from dataclasses import dataclass, replace
from uuid import UUID

from ticketing.tokens import Ticket, TokenInvalid, TokenKeys, same_secret

CHARS_MAX = 2_000
CLIENT_BYTES, SECRET_BYTES = 16, 24
_WORD = r"[A-Za-z0-9_-]+"
_KEPT = re.compile(rf"([0-9a-f]{{32}})\.([0-9a-f]{{48}})(?:\.(\d{{1,10}})\.({_WORD}\.{_WORD}\.{_WORD}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """Who it is and their secret; once they have joined, their ticket, and the place that counts where they let others
    go first (0: their own)."""

    client: UUID
    secret: str
    token: str = ""
    ticket: Ticket | None = None
    deferred_to: int = 0

    def as_cookie(self) -> str:
        """What `read` reads."""
        own = f"{self.client.hex}.{self.secret}"
        return own if self.ticket is None else f"{own}.{self.deferred_to}.{self.token}"


def new(random_bytes: bytes) -> Kept:
    """Of `CLIENT_BYTES` + `SECRET_BYTES` random bytes."""
    client = UUID(bytes=random_bytes[:CLIENT_BYTES], version=4)
    return Kept(client, random_bytes[CLIENT_BYTES : CLIENT_BYTES + SECRET_BYTES].hex())


def read(cookie: str, show: int, keys: TokenKeys) -> Kept | None:
    """None for what this room never wrote. A ticket that is forged, of another show or of another secret is dropped:
    what remains joins again, and gets the same place if it had one."""
    found = _KEPT.fullmatch(cookie) if len(cookie) <= CHARS_MAX else None
    if found is None:
        return None
    kept = Kept(UUID(hex=found[1]), found[2])
    if found[4] is None:
        return kept
    try:
        ticket = keys.read_ticket(found[4])
    except TokenInvalid:
        return kept
    if ticket.show != show or not same_secret(kept.secret, ticket.secret_hash):
        return kept
    return replace(kept, token=found[4], ticket=ticket, deferred_to=int(found[3]))


def is_whole(cookie: str, kept: Kept | None) -> bool:
    """Whether all of a cookie was understood."""
    return kept is not None and cookie == kept.as_cookie()
