"""Bringing the view of a show into memory: a snapshot, used only once it is published, moved on by outcomes."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from ingress.caches import OnceAtATime
from ingress.ledger import Snapshot
from ingress.shows import Show
from ingress.stores import StoreAway
from ingress.views import Views
from ticketing.show_view import ShowView

ATTEMPTS_MAX = 5
PUBLISHED_WITHIN_S = 3.0
ASK_EVERY_S = 0.05


class Snapshots(Protocol):
    """Where snapshots come from."""

    async def snapshot(self, part: int, show: int) -> Snapshot | None: ...

    async def published(self, part: int) -> int: ...


class Looking:
    """`view` gives the current view of a show. `seen(part)` is the last batch that the reader of outcomes has read."""

    def __init__(
        self,
        *,
        views: Views,
        snapshots: Snapshots,
        seen: Callable[[int], int],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._views = views
        self._snapshots = snapshots
        self.seen = seen
        self._pause = pause
        self._loading: OnceAtATime[int, ShowView | None] = OnceAtATime()

    async def view(self, show: Show) -> ShowView | None:
        """The view; None: the show was never opened. Raises StoreAway."""
        return self._views.get(show.row.show) or await self._loading.run(show.row.show, lambda: self._load(show))

    def changed_since(self, show: Show, seq: int) -> set[int] | None:
        """As `Views.changed_since`."""
        return self._views.changed_since(show.row.show, seq)

    async def _load(self, show: Show) -> ShowView | None:
        number, part = show.row.show, show.row.part
        for _ in range(ATTEMPTS_MAX):
            self._views.begin(part, number)
            try:
                snapshot = await self._snapshots.snapshot(part, number)
                if snapshot is None:
                    return None
                await self._until_published(part, snapshot.batch_seq)
                view = ShowView(show.layout, seq=snapshot.seq, status=snapshot.status)
                for row in snapshot.rows:
                    view.load(*row)
                installed = self._views.install(number, view)
            finally:
                self._views.abandon(number)
            if installed is not None:
                return installed
        raise StoreAway("the show changes faster than its snapshot can be read")

    async def _until_published(self, part: int, batch_seq: int) -> None:
        # What is committed but not published may still be unknown to everybody else: nobody shall see it here first.
        waited_s = 0.0
        while self.seen(part) < batch_seq and await self._snapshots.published(part) < batch_seq:
            if waited_s >= PUBLISHED_WITHIN_S:
                raise StoreAway("the outcomes of the snapshot are not published")
            await self._pause(ASK_EVERY_S)
            waited_s += ASK_EVERY_S
