"""What the ledger keeps, held against what is asked. Pure."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from waiting_room.places import leaf_of
from waiting_room.ports import ClaimAsk, Claimed, ClaimRefusal, ClaimRow, EntryRow, JoinAsk, Joined, JoinRefusal


@dataclass(frozen=True, slots=True)
class PlaceAsk:
    """The claim of a place: its number, where it stands, its leaf, and whether it was drawn."""

    n: int
    place: int
    leaf: bytes
    drawn: bool


def unkept(ask: PlaceAsk, kept: Mapping[int, bytes] | None) -> ClaimRefusal | None:
    """Why a claim may not go on by what the ledger keeps under its number (None: it cannot be asked)."""
    if kept is None:
        return ClaimRefusal.UNCHECKED if ask.drawn else None
    leaf = kept.get(ask.n)
    if leaf is None:
        # Joined while Postgres was away. In a draw there are no such numbers: these are answered when they are kept.
        return ClaimRefusal.NOT_KEPT if ask.drawn else None
    return None if hmac.compare_digest(leaf, ask.leaf) else ClaimRefusal.NOT_KEPT


def joined_before(row: EntryRow, ask: JoinAsk) -> Joined | JoinRefusal:
    """The answer to a join whose entry is kept in the ledger."""
    if row.n == 0:
        return JoinRefusal.NOT_KEPT
    if not hmac.compare_digest(row.leaf, leaf_of(row.n, ask.entry, ask.secret_hash)):
        return JoinRefusal.OTHER_SECRET
    return Joined(row.n, row.joined_at_ms, repeat=True)


def claim_ask(n: int, place: int, row: ClaimRow | None) -> ClaimAsk:
    """The claim of a place of which the ledger keeps `row`."""
    if row is None:
        return ClaimAsk(n, place)
    return ClaimAsk(n, max(place, row.deferred_to or 0), row.claimed_at_ms or 0)


def claimed_before(row: ClaimRow, claimed: Claimed) -> Claimed | ClaimRefusal:
    """The answer to a claim of which the ledger keeps `row`."""
    if row.given_up_at_ms is not None:
        return ClaimRefusal.GIVEN_UP
    return claimed if row.claimed_at_ms is None else Claimed(row.claimed_at_ms, claimed.repeat)
