"""Which places somebody gets of those that are free, or why they get none."""

from typing import NamedTuple

from ticketing.having.allocation import ALL
from ticketing.having.choosing import choose
from ticketing.having.shares import Kept, places_of, why_kept
from ticketing.having.stock import Stock
from ticketing.messages import AreaCount, Best, Why
from ticketing.vocabulary import OrphanRule

ORPHANS_LEFT = OrphanRule.OFF  # looked up once: Python 3.11 takes 0.4 us for it


class Asking(NamedTuple):
    """Who asks for what: seats and places of areas that are free, and the best ones."""

    account: str
    seats: tuple[int, ...]
    areas: tuple[AreaCount, ...] = ()
    best: Best | None = None


class Had(NamedTuple):
    """The seats, those that were named before the best ones; `why` these, where there was something to choose."""

    seats: tuple[int, ...]
    why: Why | None


class NotHad(NamedTuple):
    """Why none, although what was named is free. `kept`: the seats named that are kept for others."""

    code: str
    detail: str = ""
    kept: tuple[int, ...] = ()


def places_for(stock: Stock, asking: Asking, now_ms: int) -> Had | NotHad:
    """What is had by who asks.

    Codes of a "no": `sold_out`, `no_adjacent_block`, `orphan_seat`, `allocation_exhausted`.
    """
    had = Had(asking.seats, None)
    if asking.best is not None or (asking.seats and stock.policy.orphan_rule != ORPHANS_LEFT):
        chosen = choose(stock, asking.seats, asking.best, now_ms)
        if isinstance(chosen, str):
            return NotHad(chosen)
        had = Had(*chosen)
    return _of_nobody_else(stock, asking, had, now_ms) if stock.allocations else had


def _of_nobody_else(stock: Stock, asking: Asking, had: Had, now_ms: int) -> Had | NotHad:
    """As `places_for`, with the best ones from categories of which there are some that are kept for nobody else."""
    refused: Kept | None = None
    closed: set[int] = set()
    while (kept := why_kept(stock, asking.account, places_of(stock, had.seats, asking.areas), now_ms)) is not None:
        refused = refused or kept
        if asking.best is None or kept.category in closed or kept.category == ALL:
            return _kept(stock, asking.seats, refused)
        closed.add(kept.category)
        chosen = choose(stock, asking.seats, asking.best, now_ms, closed)
        if isinstance(chosen, str):
            return _kept(stock, asking.seats, refused)
        had = Had(*chosen)
    return had


def _kept(stock: Stock, seats: tuple[int, ...], kept: Kept) -> NotHad:
    named = (seat for seat in seats if kept.category in (ALL, stock.layout.seats[seat].category))
    return NotHad(kept.code, kept.detail, tuple(named))
