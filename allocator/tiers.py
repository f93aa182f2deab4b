"""What is left of each price category of a show, for what is told each second. Pure."""

from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import compress
from weakref import WeakKeyDictionary

from allocator.stock import ShowStock
from ticketing.layout import Layout
from ticketing.messages import TierNow


class Tiers:
    """Of every show, for as long as it is in memory."""

    def __init__(self) -> None:
        self._counts: WeakKeyDictionary[ShowStock, TierCounts] = WeakKeyDictionary()

    def of(self, stock: ShowStock) -> tuple[TierNow, ...]:
        """As it is now."""
        counts = self._counts.get(stock)
        if counts is None:
            counts = self._counts[stock] = TierCounts(stock.layout)
        return counts.now(stock.seq, stock.free, stock.area_taken, stock.category_prices)


class TierCounts:
    """Counts are made when somebody asks and something has changed since: a few milliseconds for 100,000 seats."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._category_of: array[int] | None = None
        self._places: list[int] = []
        self._told: tuple[int, tuple[TierNow, ...]] | None = None

    def now(self, seq: int, free: bytearray, area_taken: Sequence[int], prices: Sequence[int]) -> tuple[TierNow, ...]:
        """In the order of the layout's categories; without those that have no places."""
        if self._told is not None and self._told[0] == seq:
            return self._told[1]
        if self._category_of is None:
            self._category_of = array("H", (seat.category for seat in self._layout.seats))
            counted = Counter(self._category_of)
            for area in self._layout.areas:
                counted[area.category] += area.capacity
            self._places = [counted[category] for category in range(len(self._layout.categories))]
        left = Counter(compress(self._category_of, free))
        for area, taken in zip(self._layout.areas, area_taken, strict=True):
            left[area.category] += area.capacity - taken
        tiers = tuple(
            TierNow(name=category.name, price=price, places=places, available=left[number])
            for number, (category, price, places) in enumerate(
                zip(self._layout.categories, prices, self._places, strict=True)
            )
            if places
        )
        self._told = seq, tiers
        return tiers
