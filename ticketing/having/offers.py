"""What to offer to somebody who has lost seats: others that they could have."""

import msgspec

from ticketing.best_seats import other_blocks
from ticketing.having.asked import Asked, asked_by
from ticketing.having.choosing import orphan_rule
from ticketing.having.places import Asking, Had, places_for
from ticketing.having.stock import Stock
from ticketing.having.whole_tables import other_tables
from ticketing.messages import Best, HoldSeats
from ticketing.vocabulary import ALTERNATIVES_SHOWN_MAX

Offers = tuple[tuple[int, ...], ...]


def like(stock: Stock, seats: tuple[int, ...]) -> Best:
    """What is looked for in the place of `seats`: as many together, of the first one's category."""
    return Best(len(seats), stock.category_names[stock.layout.seats[seats[0]].category])


def blocks_like(stock: Stock, wish: Best) -> Offers:
    """The best blocks of free seats for a wish that `like` made."""
    return other_blocks(stock.plan, stock.free, wish, ALTERNATIVES_SHOWN_MAX, rule=orphan_rule(stock))


def tables_like(stock: Stock, seats: tuple[int, ...]) -> Offers:
    """Whole tables in the place of one."""
    return other_tables(stock, seats, ALTERNATIVES_SHOWN_MAX) if stock.layout.tables else ()


def that_can_be_had(stock: Stock, command: HoldSeats, offers: Offers, now_ms: int) -> Offers:
    """Those of the offers that the wish of `command` could have in the place of its seats: they are kept for nobody
    else, and count for no more than what was asked for, so that no limit forbids them. `command.areas` are free."""
    if not offers or not (stock.allocations or stock.layout.tables or command.best is not None):
        return offers
    asked = asked_by(command, stock.layout, stock.policy)
    found = []
    for offer in offers:
        instead = asked_by(msgspec.structs.replace(command, seats=offer), stock.layout, stock.policy)
        if not isinstance(asked, Asked) or not isinstance(instead, Asked):
            continue
        if instead.places > asked.places or instead.tables > asked.tables:
            continue
        if isinstance(places_for(stock, Asking(command.account, offer, command.areas, command.best), now_ms), Had):
            found.append(offer)
    return tuple(found)
