"""A show to look at: the one that is on sale, or one made through the public API."""

from datetime import UTC, datetime, timedelta
from typing import Any

from onsale_client import AsyncClient
from ticketing.clock import SystemClock, rfc3339

STARTS_IN_DAYS = 30


def starts_at() -> str:
    """A month from now, at a whole hour."""
    now = datetime.fromtimestamp(SystemClock().now_ms() / 1000, UTC)
    moment = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=STARTS_IN_DAYS)
    return rfc3339(round(moment.timestamp() * 1000))


FIRST_LAYOUT: dict[str, Any] = {
    "name": "The Small Hall",
    "rows": 20,
    "seats_per_row": 30,
    "categories": [
        {"name": "front", "price": 6500, "rows": [1, 2, 3, 4, 5]},
        {"name": "standard", "price": 4500},
    ],
    "areas": [{"label": "floor", "category": "standard", "capacity": 200}],
}


async def first_show(house: AsyncClient) -> str:
    """The id of a show on sale; `house` calls with an admin's key. Raises `onsale_client.OnsaleError`."""
    async for line in house.events(status="open"):
        if line.on_sale:
            event = await house.event(line.show)
            if event.available_seats and not event.test:
                return event.show
    venue = await house.add_venue("The Small Hall")
    await house.put_layout(venue.venue, FIRST_LAYOUT)
    show = await house.add_show(
        {
            "name": "A First Night",
            "venue": venue.venue,
            "starts_at": starts_at(),
            "currency": "EUR",
            "policy": {"payment": "optional"},
        }
    )
    return show.show
