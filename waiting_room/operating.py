"""What operators decide: a room as they left it, what they may do to it, and the table in which both are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from waiting_room.phases import Control, Schedule


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A room as its operators left it; `rate_per_min` and `active_max` None: the default.

    `shares`: of the rate, by line; `message`: {} or `{"severity", "text": {language: text}}`; `open_until_ms`: until
    when `idle` counts, 0: no end; `coded`: lines for which a code is needed.
    """

    show: int
    name: str
    schedule: Schedule
    control: Control
    reason: str
    rate_per_min: int | None
    wave: int
    version: int
    shares: Mapping[str, int] = field(default_factory=lambda: {"general": 100})
    active_max: int | None = None
    message: Mapping[str, object] = field(default_factory=dict)
    open_until_ms: int = 0
    coded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Act:
    """What an operator does; None leaves as it is. `admit`: so many are called at once; `revokes`: a new wave; `coded`:
    a line that needs a code from now on, for which there are `codes` more, each for `uses` people."""

    name: str
    key_id: str
    reason: str
    control: Control | None = None
    rate_per_min: int | None = None
    active_max: int | None = None
    shares: Mapping[str, int] | None = None
    prequeue_at_ms: int | None = None
    message: Mapping[str, object] | None = None
    open_until_ms: int | None = None
    admit: int = 0
    revokes: bool = False
    coded: str | None = None
    codes: int = 0
    uses: int = 0


@dataclass(frozen=True, slots=True)
class Changed:
    """The room after an act, or, with `conflict`, as somebody else left it before: then nothing was done."""

    row: RoomRow
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class KeptAct:
    """An act as it was recorded; `chained` covers it and all before it."""

    version: int
    at_ms: int
    key_id: str
    act: str
    reason: str
    changes: Mapping[str, object]
    chained: bytes


class RoomTable(Protocol):
    """Each method raises `ports.LedgerUnavailable`."""

    async def rooms(self, now_ms: int) -> list[RoomRow]:
        """Every room that somebody has looked at and whose sale is not over."""
        ...

    async def open_room(self, show: int, now_ms: int) -> RoomRow | None:
        """The room of a show, made if it is new; None where there is no such show."""
        ...

    async def change_room(self, show: int, act: Act, now_ms: int, *, if_version: int | None = None) -> Changed | None:
        """The room after `act`, which is recorded; None where there is no such show. `if_version`: only from there."""
        ...

    async def acts(self, show: int, after_version: int, rows_max: int) -> list[KeptAct]:
        """What was done to a room, in order."""
        ...

    async def key_roles(self, key_hash: bytes) -> tuple[str, frozenset[str]] | None:
        """`(key id, roles)` of an API key that is not revoked."""
        ...

    async def session_roles(self, session: str, now_ms: int) -> tuple[str, frozenset[str]] | None:
        """`(person id, roles)` of whoever is signed in by this session."""
        ...
