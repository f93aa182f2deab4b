"""What is left to buy, as everybody may know it: of each price a word, and no count that invites to reckon. Pure."""

from ticketing.messages import TierNow
from waiting_room.phases import Stock

FEW_PART, SOME_PART = 0.1, 0.5


def band(tier: TierNow) -> str:
    """`none`, `few` (below a tenth of its places), `some` (below half), `many`."""
    if tier.available <= 0:
        return "none"
    part = tier.available / max(1, tier.places)
    return "few" if part < FEW_PART else "some" if part < SOME_PART else "many"


def inventory(stock: Stock) -> dict[str, object]:
    """Places in all, and each tier with its prices in minor units of `currency`; one that is `none` may come back as
    long as some of it is held."""
    return {
        "status": stock.status,
        "available": stock.available,
        "held": stock.held,
        "booked": stock.booked,
        "currency": stock.currency or None,
        "tiers": [
            {"tier": tier.name, "price_min": tier.price, "price_max": tier.price, "band": band(tier)}
            for tier in stock.tiers
        ],
    }
