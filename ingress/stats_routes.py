"""A show in figures: what is left by category and section, and what each channel sells."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import asdict
from pydantic import BaseModel

from ingress import bodies, shown
from ingress.asgi import Response
from ingress.caches import Briefly
from ingress.catalogue_routes import SHOW_ID
from ingress.drawing import availability
from ingress.event_routes import show_in_path
from ingress.feed_routes import key_account
from ingress.looking import Looking
from ingress.operations import Call, Operation, Who
from ingress.refusals import Refused
from ingress.sales_table import ChannelSales, SalesTable, Sold
from ingress.shelf import Shelf
from ingress.stores import StoreAway
from ticketing.clock import Clock, rfc3339
from ticketing.telling import Answer

SALES_FRESH_MS = 2_000
"""Adding up a show of 200,000 places is not done for each who asks."""
SALES_KEPT_MAX = 1_000
PERIODS_MS = {"minute": 60_000, "hour": 3_600_000, "day": 24 * 3_600_000}


class StatsQuery(BaseModel):
    """How long the periods of `over_time` are."""

    by: Literal["minute", "hour", "day"] = "hour"


class ChannelStats(Struct, kw_only=True, omit_defaults=True):
    """One channel: an API key (`key_…`), or all fans together (`fans`). Places that are held and booked; of the
    reservations that it ever made the share that is booked now; `total_amount` of what is booked now."""

    channel: str
    held: int
    booked: int
    reservations: int
    bookings: int
    conversion: Annotated[float, Meta(ge=0, le=1)]
    total_amount: int
    median_s_to_book: float | None = None
    """From the hold to the booking, of what is booked now; absent where nothing is."""


class CategoryStats(shown.NamedCounts, kw_only=True):
    """A category: its places, and what those that are booked were sold for, as far as that is told to who asks."""

    total_amount: int


class PeriodStats(Struct, kw_only=True):
    """What was booked from `since` on for a minute, an hour or a day, as far as it is booked still."""

    since: str
    bookings: int
    places: int
    total_amount: int


class RatingStats(Struct, kw_only=True, omit_defaults=True):
    """What those who booked said of it: how many did, how many gave one star, two, … five, and the average."""

    ratings: int
    by_stars: Annotated[list[int], Meta(min_length=5, max_length=5)]
    average: Annotated[float, Meta(ge=1, le=5)] | None = None
    """Absent where nobody has said anything."""


class StatsAnswer(Answer, kw_only=True):
    """A show in figures. The counts are of the show at `seq`. Channels, amounts, `over_time` and `satisfaction` are at
    most two seconds old: for admins of all channels, for anybody else the key's own. `over_time`: the newest 200
    periods in which anything was booked, the oldest first."""

    show: str
    seq: int
    status: str
    currency: str
    total_seats: int
    available_seats: int
    held_seats: int
    booked_seats: int
    blocked_seats: int
    categories: list[CategoryStats]
    sections: list[shown.NamedCounts]
    areas: list[shown.NamedCounts]
    channels: list[ChannelStats]
    over_time: list[PeriodStats]
    satisfaction: RatingStats
    total_amount: int
    """Of the channels told."""


class Stats:
    """What figures are made of."""

    def __init__(self, *, store: SalesTable, shelf: Shelf, looking: Looking, clock: Clock) -> None:
        self._store = store
        self._shelf = shelf
        self._looking = looking
        self._clock = clock
        self._sales: Briefly[tuple[int, str | None, int], Sold] = Briefly(
            fresh_ms=SALES_FRESH_MS, stale_ms=SALES_FRESH_MS, entries_max=SALES_KEPT_MAX, away=StoreAway
        )

    async def read(self, call: Call) -> Response:
        """GET /api/shows/{show}/stats"""
        account = key_account(call.caller)
        show = await show_in_path(self._shelf, call.params["show"])
        view = await self._looking.view(show)
        if view is None:
            raise Refused("show_not_found")
        number, part = show.row.show, show.row.part
        whose = None if call.caller.admin else account
        now_ms, period_ms = self._clock.now_ms(), PERIODS_MS[call.asked(StatsQuery).by]
        sold = await self._sales.get(
            (number, whose, period_ms),
            lambda: self._store.sold(part, number, whose, show.layout, period_ms),
            now_ms,
        )
        left = availability(show, view, now_ms)
        answer = StatsAnswer(
            message=left.message,
            created_at=rfc3339(now_ms),
            show=show.text,
            seq=left.seq,
            status=left.status,
            currency=show.row.currency,
            total_seats=left.total_seats,
            available_seats=left.available_seats,
            held_seats=left.held_seats,
            booked_seats=left.booked_seats,
            blocked_seats=left.blocked_seats,
            categories=[
                CategoryStats(**asdict(counts), total_amount=sold.categories.get(category, 0))
                for category, counts in enumerate(left.categories)
            ],
            sections=left.sections,
            areas=left.areas,
            channels=[channel_stats(one) for one in sold.channels],
            over_time=[
                PeriodStats(since=rfc3339(it.since_ms), bookings=it.bookings, places=it.places, total_amount=it.amount)
                for it in sold.periods
            ],
            satisfaction=rating_stats(sold.ratings),
            total_amount=sum(one.amount for one in sold.channels),
        )
        return Response(200, bodies.encode(answer), headers=[("cache-control", "no-store")])

    def operations(self) -> list[Operation]:
        """The rows of the table that this module answers."""
        return [
            Operation(
                "show_stats", "GET", "/api/shows/{show}/stats", self.read, "A show in figures", {200: StatsAnswer},
                Who.SIGNED_IN, query=StatsQuery, params=SHOW_ID, refusals=("show_not_found",),
            ),
        ]  # fmt: skip


def rating_stats(ratings: Mapping[int, int]) -> RatingStats:
    """How many gave so many stars, as it is told."""
    by_stars = [ratings.get(stars, 0) for stars in range(1, 6)]
    count, stars = sum(by_stars), sum(stars * many for stars, many in ratings.items())
    return RatingStats(ratings=count, by_stars=by_stars, average=round(stars / count, 2) if count else None)


def channel_stats(sales: ChannelSales) -> ChannelStats:
    """A channel's sales as they are told."""
    return ChannelStats(
        channel=sales.channel,
        held=sales.held,
        booked=sales.booked,
        reservations=sales.reservations,
        bookings=sales.bookings,
        conversion=round(sales.bookings / sales.reservations, 4) if sales.reservations else 0.0,
        total_amount=sales.amount,
        median_s_to_book=None if sales.median_ms_to_book is None else round(sales.median_ms_to_book / 1000, 3),
    )
