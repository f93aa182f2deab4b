"""What is sold, by what `MemoryLedger` has."""

from collections import Counter
from statistics import median

from ingress.sales_table import PERIODS_MAX, ChannelSales, PeriodSales, SalesTable, Sold
from tests.unit.ingress.memory import MemoryLedger
from ticketing.layout import Layout
from ticketing.messages import Reservation
from ticketing.vocabulary import UNPAID_STATUSES


class MemorySales(SalesTable):
    """Adds up every reservation."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    async def sold(self, part: int, show: int, account: str | None, layout: Layout, period_ms: int) -> Sold:
        self._ledger.reach()
        own = [it for it in self._ledger.reservations.values() if account in (None, it.account)]
        channels: dict[str, list[Reservation]] = {}
        for it in own:
            channels.setdefault(it.account if it.account.startswith("key_") else "fans", []).append(it)
        booked = [it for it in own if it.status == "booked"]
        categories: Counter[int] = Counter()
        for it in booked:
            for seat, price in zip(it.seats, it.prices, strict=False):
                categories[layout.seats[seat].category] += price
            for (area, quantity), price in zip(it.areas, it.prices[len(it.seats) :], strict=True):
                categories[layout.areas[area].category] += quantity * price
        periods: dict[int, list[Reservation]] = {}
        for it in booked:
            periods.setdefault(it.booked_at_ms // period_ms * period_ms, []).append(it)
        return Sold(
            [_channel(channel, all_of) for channel, all_of in sorted(channels.items())],
            dict(categories),
            [
                PeriodSales(since, len(all_of), sum(it.amount for it in all_of), sum(map(_places, all_of)))
                for since, all_of in sorted(periods.items())[-PERIODS_MAX:]
            ],
            Counter(self._ledger.stars[show, it.id] for it in own if (show, it.id) in self._ledger.stars),
        )


def _places(reservation: Reservation) -> int:
    return len(reservation.seats) + sum(quantity for _, quantity in reservation.areas)


def _channel(channel: str, all_of: list[Reservation]) -> ChannelSales:
    booked = [it for it in all_of if it.status == "booked"]
    held = sum(_places(it) for it in all_of if it.status in UNPAID_STATUSES)
    waits = [it.booked_at_ms - it.held_at_ms for it in booked]
    return ChannelSales(
        channel, len(all_of), len(booked), held, sum(map(_places, booked)), sum(it.amount for it in booked),
        median(waits) if waits else None,
    )  # fmt: skip
