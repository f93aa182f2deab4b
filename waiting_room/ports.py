"""What the room needs of its stores: counters that forget (Redis) and a ledger that does not (Postgres).

The counters give numbers and move the line; every call of theirs is one script, so that any number of instances may
make it at once. The ledger reserves the numbers that they may give, and keeps who got which.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol


class StoreUnavailable(Exception):
    """The counters cannot be reached: what was asked may or may not have happened, and may be asked again."""


class StoreLost(Exception):
    """The counters have lost what they counted: nothing happened, and nothing will before `Counters.install`."""


class LedgerUnavailable(Exception):
    """The ledger cannot be reached: what was asked may or may not have happened, and may be asked again."""


class Line(NamedTuple):
    """One line of one room."""

    show: int
    name: str


@dataclass(frozen=True, slots=True)
class JoinAsk:
    entry: bytes
    secret_hash: str


@dataclass(frozen=True, slots=True)
class Joined:
    """`repeat`: this entry had its number before; `at_ms` is of the join that got it."""

    n: int
    at_ms: int
    repeat: bool


class JoinRefusal(Enum):
    NO_NUMBERS = "no_numbers"
    """Every reserved number is given away: reserve more, then ask again."""
    OTHER_SECRET = "other_secret"  # noqa: S105 -- a reason, and no secret
    """This entry joined before, with another secret."""
    NOT_KEPT = "not_kept"
    """Before a draw: the ledger did not take the number, so it is none; ask again."""


@dataclass(frozen=True, slots=True)
class ClaimAsk:
    """`known_ms`: when the place was first claimed, where the ledger knows it; 0 where it does not."""

    n: int
    place: int
    known_ms: int = 0


@dataclass(frozen=True, slots=True)
class Claimed:
    """`first_ms`: the first claim of the place, this one or an earlier one (`repeat`)."""

    first_ms: int
    repeat: bool


@dataclass(frozen=True, slots=True)
class Later:
    """A claim before the turn: `place` is the one that counts, which is later where others were let go first."""

    place: int


@dataclass(frozen=True, slots=True)
class Deferred:
    """The place at which the turn comes now."""

    place: int


class DeferRefusal(Enum):
    CLAIMED = "claimed"
    GIVEN_UP = "given_up"


class ClaimRefusal(Enum):
    GIVEN_UP = "given_up"
    NOT_KEPT = "not_kept"
    """The ledger keeps another entry under this number, or the number was not in the draw."""
    UNCHECKED = "unchecked"
    """The place is one of a draw, and the ledger cannot be asked whose it is."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a line stands, at the store's own time `at_ms`."""

    gen: int
    issued: int
    ceiling: int
    serving: int
    claimed: int
    given_up: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Generation:
    """A block of numbers nobody else has, `issued` + 1 to `ceiling`, for counters that start anew."""

    gen: int
    issued: int
    ceiling: int
    serving_floor: int


class Counters(Protocol):
    """Each method raises `StoreUnavailable`, and all but `install` raise `StoreLost`.

    `join`, `claim` and `defer` name the generation that their caller knows, and raise `StoreLost` on any other: what
    was forgotten in between has to be looked up in the ledger first. `advance` raises it on an earlier one: that is an
    old copy of the line, of a server that was away while another one counted on.
    """

    async def join(self, line: Line, gen: int, asks: Sequence[JoinAsk]) -> list[Joined | JoinRefusal]:
        """The next numbers in the order of `asks`, or the one that an entry has already."""
        ...

    async def claim(self, line: Line, gen: int, asks: Sequence[ClaimAsk]) -> list[Claimed | Later | ClaimRefusal]:
        """The first claim of each place that is being served."""
        ...

    async def defer(self, line: Line, gen: int, n: int, place: int, to: int) -> Deferred | DeferRefusal:
        """Number `n`, whose turn comes at `place`, is to come at `to`, or at the last place there is; never sooner
        than it would have."""
        ...

    async def give_up(self, line: Line, n: int) -> bool:
        """Take the number out of the line for good; False where it was out already."""
        ...

    async def take_back(self, line: Line, places: Sequence[tuple[bytes, int]]) -> None:
        """Forget the joins of `(entry, n)`: numbers that the ledger did not take. Never raises `StoreLost`."""
        ...

    async def advance(
        self, line: Line, gen: int, *, rate_per_min: int, burst: int, pass_through: bool, seen: int
    ) -> Position:
        """Move the line on by what is due since it was last moved, at most one second's worth; a rate below zero only
        looks, and leaves what is due for the next one who moves.

        Never beyond `burst` above the numbers issued (straight there with `pass_through`), never below `seen`, which
        is where the caller has seen the line, and never back.
        """
        ...

    async def install(self, line: Line, generation: Generation) -> None:
        """Start counting with a new generation's block; without effect where an equal or later one counts already.

        Must not be repeated with the same generation, whatever the answer was: take a new one.
        """
        ...

    async def extend(self, line: Line, gen: int, ceiling: int) -> None:
        """More numbers for generation `gen`, up to `ceiling`; without effect on any other."""
        ...


class EntryRow(NamedTuple):
    n: int
    entry: bytes
    leaf: bytes
    joined_at_ms: int


class ClaimRow(NamedTuple):
    """One thing that became of a place: a claim, given up, or others let go first; or all that did."""

    n: int
    claimed_at_ms: int | None
    given_up_at_ms: int | None
    deferred_to: int | None = None


class Reservations(Protocol):
    """What may be done to the numbers of a line by whoever is alone with it."""

    async def new_generation(self, numbers: int) -> Generation:
        """Reserve `numbers` more and make every earlier generation one that gets no more."""
        ...

    async def extend(self, gen: int, numbers: int) -> int | None:
        """The new ceiling with `numbers` more for `gen`; None where a later generation has begun."""
        ...


class Ledger(Protocol):
    """Each method raises `LedgerUnavailable`."""

    def alone_with(self, line: Line) -> AbstractAsyncContextManager[Reservations]:
        """Waits until no other instance is. This only saves numbers: that none is given twice does not rest on it."""
        ...

    async def raise_floor(self, line: Line, serving: int) -> None:
        """Remember that the line was served this far."""
        ...

    async def add_entries(
        self, line: Line, rows: Sequence[EntryRow], *, maybe_there: bool, settling: bool = False
    ) -> list[EntryRow]:
        """Keep joins; an entry that is kept already stays as it is. `maybe_there`: expect some of them to be.

        Returns what is kept of those entries that are kept under another number than the row's. While a line is
        `settling` for a draw, new numbers that `DrawBook.settle` has passed are refused: these come back as number 0.
        """
        ...

    async def add_claims(self, line: Line, rows: Sequence[ClaimRow]) -> list[ClaimRow]:
        """Keep claims and places given up or deferred; the first time, and the latest place, of each counts.

        Returns what is kept of these places.
        """
        ...

    async def entries(self, line: Line, entries: Sequence[bytes]) -> dict[bytes, EntryRow]:
        """The kept joins of these entries."""
        ...

    async def claims(self, line: Line, numbers: Sequence[int]) -> dict[int, ClaimRow]:
        """What is kept of these places."""
        ...

    async def leaves(self, line: Line, numbers: Sequence[int]) -> dict[int, bytes]:
        """The leaves that are kept under these numbers."""
        ...
