"""What operators may do to a room, what becomes of it, and the chain that keeps their acts from being changed. Pure."""

import hashlib
import json
from dataclasses import replace

from waiting_room.operating import Act, KeptAct, RoomRow
from waiting_room.phases import Control

CONTROLS = {
    "pause": Control.PAUSED,
    "resume": Control.SCHEDULE,
    "open": Control.OPEN,
    "idle": Control.IDLE,
    "drain": Control.DRAINING,
    "hold-all": Control.HELD,
    "sold-out": Control.SOLDOUT,
}
WORDS = {
    "pause": "The line was paused: people may join, and those whose turn it is may go on; nobody else is called.",
    "resume": "The times of the show decide again.",
    "open": "The line was opened by hand.",
    "idle": "Nobody has to wait: everybody goes straight through.",
    "drain": "Nobody else may join; whoever has a place is served.",
    "hold-all": "The line was stopped altogether: nobody is called, and no passes are given.",
    "sold-out": "The sale was said to be sold out.",
    "limits": "The limits of the line were changed.",
    "message": "A message was shown in the line.",
    "admit": "People were called at once, beside the rate.",
    "codes": "Codes were given out for a line that only people with one may join.",
    "revoke-wave": "All passes given so far were taken back; whoever had one gets another by claiming again.",
    "plan": "A plan was filed against which the sale is held; nothing changed for the line.",
    "fail-open": "Nobody has to wait for some minutes, whatever fails.",
}
"""What each act means to those who wait; docs/waiting_room.md says what else it does, and how to undo it."""
GENESIS = bytes(32)


def after(row: RoomRow, act: Act) -> RoomRow:
    """The room once the act is done."""
    changes: dict[str, object] = {"version": row.version + 1, "reason": act.reason}
    if act.control is not None:
        changes |= {"control": act.control, "open_until_ms": act.open_until_ms or 0}
    for name in ("rate_per_min", "active_max", "shares", "message"):
        value = getattr(act, name)
        if value is not None:
            changes[name] = value
    if act.prequeue_at_ms is not None:
        changes["schedule"] = replace(row.schedule, prequeue_at_ms=act.prequeue_at_ms)
    if act.coded is not None:
        changes["coded"] = row.coded | {act.coded}
    if act.revokes:
        changes["wave"] = row.wave + 1
    return replace(row, **changes)  # type: ignore[arg-type]  # each name is a field of the row, with a value of its type


def changes_of(act: Act) -> dict[str, object]:
    """What an act says apart from who, when and why."""
    said = {
        "rate_per_min": act.rate_per_min,
        "active_max": act.active_max,
        "shares": None if act.shares is None else dict(sorted(act.shares.items())),
        "prequeue_at_ms": act.prequeue_at_ms,
        "message": act.message,
        "open_until_ms": act.open_until_ms,
        "admit": act.admit or None,
        "coded": act.coded,
        "codes": act.codes or None,
        "uses": act.uses or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def chained(before: bytes, show: int, kept: KeptAct) -> bytes:
    """sha256 over the chain so far and this act, whose own `chained` does not count."""
    said = [show, kept.version, kept.at_ms, kept.key_id, kept.act, kept.reason, kept.changes]
    text = json.dumps(said, separators=(",", ":"), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(before + text.encode()).digest()


def broken_at(show: int, acts: list[KeptAct]) -> int | None:
    """The version of the first act that does not fit what came before it; None: the chain is whole."""
    before, version = GENESIS, None
    for kept in acts:
        if kept.chained != chained(before, show, kept) or (version is not None and kept.version != version + 1):
            return kept.version
        before, version = kept.chained, kept.version
    return None
