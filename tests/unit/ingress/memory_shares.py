"""What is kept of the show for partners, and what `MemoryLedger` says has been sold of it."""

from ingress.share_table import ShareTable, Sold
from tests.unit.ingress.memory import MemoryLedger
from ticketing.layout import Layout
from ticketing.messages import Reservation
from ticketing.vocabulary import LIVE_STATUSES


class MemoryShares(ShareTable):
    """Counts place by place."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    async def allocations(self, part: int, show: int) -> dict[str, dict[str, int]] | None:
        self._ledger.reach()
        return self._ledger.kept if show in self._ledger.open_shows else None

    async def taken_by(self, part: int, show: int, names: list[str], layout: Layout) -> dict[str, Sold]:
        self._ledger.reach()
        taken = {}
        for name in names:
            account, _, category = name.partition(" ")
            own = [it for it in self._ledger.reservations.values() if it.account == account]
            live = [it for it in own if it.status in LIVE_STATUSES]
            counts = [(_places(it, category, layout), it.status == "booked") for it in live]
            taken[name] = sum(n for n, _ in counts), sum(n for n, booked in counts if booked)
        return taken


def _places(it: Reservation, category: str, layout: Layout) -> int:
    wanted = range(len(layout.categories)) if not category else [layout_category(layout, category)]
    seats = sum(layout.seats[seat].category in wanted for seat in it.seats)
    return seats + sum(n for area, n in it.areas if layout.areas[area].category in wanted)


def layout_category(layout: Layout, name: str) -> int:
    return next(number for number, category in enumerate(layout.categories) if category.name == name)
