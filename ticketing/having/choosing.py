"""Which seats a hold gets beyond those that it names, and whether those may be left as they leave the row."""

from collections.abc import Collection

from ticketing.best_seats import best_seats, orphans_left
from ticketing.having.stock import Stock
from ticketing.messages import Best, Why
from ticketing.vocabulary import OrphanRule

FEW_REMAIN = 0.1
"""Below this share of free seats the orphan rule refuses nobody any more: the rest could not be sold otherwise."""


def choose(
    stock: Stock, picked: tuple[int, ...], wish: Best | None, now_ms: int, closed: Collection[int] = ()
) -> tuple[tuple[int, ...], Why | None] | str:
    """`(seats, why)` of a hold of free seats that were `picked` and of the best ones for `wish`, none of them of the
    `closed` categories; else why not.

    Codes of a "no": `sold_out`, `no_adjacent_block`, `orphan_seat`.
    """
    rule = orphan_rule(stock)
    orphans = 0
    if picked and rule != OrphanRule.OFF:
        orphans = len(orphans_left(stock.plan, stock.free, picked))
        if orphans and rule == OrphanRule.ENFORCE:
            return "orphan_seat"
    if wish is None:
        return picked, Why("picked", orphans_left=orphans)
    free = stock.free
    if picked or closed:
        # The seats named in the same request are not free for its best ones.
        free = bytearray(free)
        for seat in picked:
            free[seat] = 0
        for category in closed:
            for block in stock.plan.wanted(stock.category_names[category], "", protected=True):
                free[block.first : block.end] = bytes(block.count)
            for table in stock.plan.wanted_tables(stock.category_names[category], "", protected=True).blocks:
                for seat in table.seats:
                    free[seat] = 0
    released = _released(stock, now_ms)
    found = best_seats(stock.plan, free, wish, rule=rule, released=released)
    if found is None:
        return _why_none(stock, free, wish, rule, released=released)
    return (*picked, *found.seats), found.why


def orphan_rule(stock: Stock) -> str:
    """The show's rule about single seats, as it is now."""
    rule = stock.policy.orphan_rule
    if rule == OrphanRule.ENFORCE and stock.free.count(1) < FEW_REMAIN * len(stock.free):
        return OrphanRule.WARN
    return rule


def _released(stock: Stock, now_ms: int) -> bool:
    return 0 < stock.policy.accessible_released_at_ms <= now_ms


def _why_none(stock: Stock, free: bytearray, wish: Best, rule: str, *, released: bool) -> str:
    if rule == OrphanRule.ENFORCE and best_seats(stock.plan, free, wish, released=released) is not None:
        return "orphan_seat"
    protected = released or wish.accessible
    blocks = stock.plan.wanted(wish.category, wish.section, protected=protected)
    left = sum(free.count(1, block.first, block.end) for block in blocks)
    tables = stock.plan.wanted_tables(wish.category, wish.section, protected=protected)
    left += sum(free[seat] for table in tables.blocks for seat in table.seats)
    return "no_adjacent_block" if left >= wish.quantity else "sold_out"
