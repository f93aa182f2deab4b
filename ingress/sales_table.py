"""What is sold of a show: by channel, by category, and as time goes by; read from the stock's views."""

from dataclasses import dataclass
from typing import NamedTuple

from ingress.stores import reaching_postgres
from runtime.clusters import Clusters
from ticketing.layout import Layout

PERIODS_MAX = 200
"""The newest ones in which anything was booked."""

# By channel: a key is one, all fans together are another. Without an account of all, else of that one.
BY_CHANNEL = """
WITH sold AS (
    SELECT CASE WHEN account LIKE 'key\\_%' THEN account ELSE 'fans' END AS channel, status, amount,
           booked_at_ms - held_at_ms AS ms_to_book,
           cardinality(seats)
           + COALESCE((SELECT sum(areas[n]) FROM generate_series(2, cardinality(areas), 2) AS n), 0) AS places
    FROM reservations WHERE part = $1 AND show_id = $2 AND ($3::text IS NULL OR account = $3)
)
SELECT channel, count(*) AS reservations, count(*) FILTER (WHERE status = 'booked') AS bookings,
       COALESCE(sum(places) FILTER (WHERE status IN ('held', 'paying')), 0)::bigint AS held,
       COALESCE(sum(places) FILTER (WHERE status = 'booked'), 0)::bigint AS booked,
       COALESCE(sum(amount) FILTER (WHERE status = 'booked'), 0)::bigint AS amount,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY ms_to_book) FILTER (WHERE status = 'booked') AS median_ms_to_book
FROM sold GROUP BY channel ORDER BY channel
"""
# A seat's stretch is the last one that begins at it or before ($4: where each begins), and $5 has its category.
BY_CATEGORY = """
WITH booked AS (
    SELECT seats, areas, prices FROM reservations
    WHERE part = $1 AND show_id = $2 AND ($3::text IS NULL OR account = $3) AND status = 'booked'
), sold AS (
    SELECT ($5::int[])[width_bucket(s.seat, $4::int[])] AS category, s.price AS amount
    FROM booked, unnest(seats, prices[1:cardinality(seats)]) AS s(seat, price)
    UNION ALL
    SELECT ($6::int[])[areas[2 * n - 1] + 1], areas[2 * n] * prices[cardinality(seats) + n]
    FROM booked, generate_series(1, cardinality(areas) / 2) AS n
)
SELECT category, sum(amount)::bigint AS amount FROM sold GROUP BY category
"""
BY_TIME = """
SELECT booked_at_ms / $4 * $4 AS since_ms, count(*) AS bookings, sum(amount)::bigint AS amount,
       sum(cardinality(seats)
           + COALESCE((SELECT sum(areas[n]) FROM generate_series(2, cardinality(areas), 2) AS n), 0))::bigint AS places
FROM reservations
WHERE part = $1 AND show_id = $2 AND ($3::text IS NULL OR account = $3) AND status = 'booked'
GROUP BY since_ms ORDER BY since_ms DESC LIMIT $5
"""
BY_STARS = """
SELECT g.stars, count(*) AS ratings
FROM booking_rating g JOIN reservations r ON r.show_id = g.show_id AND r.reservation_id = g.reservation_id
WHERE r.part = $1 AND g.show_id = $2 AND ($3::text IS NULL OR r.account = $3)
GROUP BY g.stars
"""


@dataclass(frozen=True, slots=True)
class ChannelSales:
    """What one channel sells: reservations ever made and those booked now, places held and booked, and for how much."""

    channel: str
    reservations: int
    bookings: int
    held: int
    booked: int
    amount: int
    median_ms_to_book: float | None


class PeriodSales(NamedTuple):
    """What was booked in a minute, an hour or a day, and is booked now."""

    since_ms: int
    bookings: int
    amount: int
    places: int


class Sold(NamedTuple):
    """`categories`: amount by the number of the category, where anything is booked; `periods`: the oldest first;
    `ratings`: how many gave so many stars, where anybody did."""

    channels: list[ChannelSales]
    categories: dict[int, int]
    periods: list[PeriodSales]
    ratings: dict[int, int]


class SalesTable:
    """Adds up. Raises StoreAway."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    async def sold(self, part: int, show: int, account: str | None, layout: Layout, period_ms: int) -> Sold:
        """All of it; with an `account` that one's alone."""
        stretches = sorted((it.first, it.category) for it in layout.stretches)
        starts, categories = [first for first, _ in stretches], [category for _, category in stretches]
        areas = [area.category for area in layout.areas]
        with reaching_postgres():
            channels = await self._clusters.of(part).fetch(BY_CHANNEL, part, show, account)
            amounts = await self._clusters.of(part).fetch(BY_CATEGORY, part, show, account, starts, categories, areas)
            periods = await self._clusters.of(part).fetch(BY_TIME, part, show, account, period_ms, PERIODS_MAX)
            ratings = await self._clusters.of(part).fetch(BY_STARS, part, show, account)
        return Sold(
            [ChannelSales(**row) for row in channels],
            {row["category"]: row["amount"] for row in amounts},
            [PeriodSales(**row) for row in reversed(periods)],
            {row["stars"]: row["ratings"] for row in ratings},
        )
