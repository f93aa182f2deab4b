"""Shows and layouts kept in memory.

Layouts never change. A show's terms do: it is dropped when they have, and read again."""

import asyncio

from ingress.caches import Lru, OnceAtATime
from ingress.catalogue import ReadDocument, ReadShow
from ingress.shows import Show
from ticketing.intake import ShowFacts
from ticketing.layout import Layout, decode_layout
from ticketing.telling import Where
from ticketing.vocabulary import show_text


class Shelf:
    """Shows by number, layouts by id. `places_max` bounds the places of all that is kept."""

    def __init__(self, read_show: ReadShow, read_document: ReadDocument, *, shows_max: int, places_max: int) -> None:
        self._read_show = read_show
        self._read_document = read_document
        # A show keeps its layout alive, so it weighs what the layout does.
        self._shows: Lru[int, Show] = Lru(places_max)
        self._show_weight_least = max(1, places_max // shows_max)
        self._layouts: Lru[str, Layout] = Lru(places_max)
        self._changes = 0
        self._fetching_show: OnceAtATime[int, Show | None] = OnceAtATime()
        self._fetching_layout: OnceAtATime[str, Layout | None] = OnceAtATime()

    async def show(self, show: int) -> Show | None:
        """A show; None: the catalogue has none of that number. Raises StoreAway."""
        return self.known(show) or await self._fetching_show.run(show, lambda: self._fetch_show(show))

    def known(self, show: int) -> Show | None:
        """A show that is in memory."""
        return self._shows.get(show)

    def changed(self, part: int | None) -> None:
        """The terms of some show of the partition may be others than before (None: of any)."""
        self._changes += 1
        self._shows.drop(lambda show: part is None or show.row.part == part)

    async def layout(self, layout: str) -> Layout | None:
        """A layout by its id. Raises StoreAway."""
        found = self._layouts.get(layout)
        return found or await self._fetching_layout.run(layout, lambda: self._fetch_layout(layout))

    async def _fetch_show(self, number: int) -> Show | None:
        changes = self._changes
        row = await self._read_show(number)
        layout = None if row is None else await self.layout(row.layout)
        if row is None or layout is None:
            return None
        facts = ShowFacts(show=row.show, part=row.part, venue=row.venue, layout=layout, policy=row.policy)
        where = Where(row.show, row.venue, row.currency, layout)
        show = Show(row, facts, layout.category_prices(row.prices), show_text(row.show), where)
        if changes == self._changes:  # else it may have been read a moment too early
            self._shows.put(number, show, weight=max(layout.places, self._show_weight_least))
        return show

    async def _fetch_layout(self, layout: str) -> Layout | None:
        stored = await self._read_document(layout)
        if stored is None:
            return None
        decoded = await asyncio.to_thread(decode_layout, *stored)
        self._layouts.put(layout, decoded, weight=decoded.places)
        return decoded
