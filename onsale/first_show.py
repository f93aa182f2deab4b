"""A show to look at: the one that is on sale, or one made through the public API."""

from datetime import UTC, datetime, timedelta
from typing import Any

from onsale.admin import Admin
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


async def first_show(admin: Admin) -> str:
    """The id of a show on sale. Raises `onsale.admin.AdminFailed`."""
    show = await admin.show_on_sale()
    if show is not None:
        return show
    venue = await admin.make_venue("The Small Hall", FIRST_LAYOUT)
    return await admin.open_show(
        {
            "name": "A First Night",
            "venue": venue,
            "starts_at": starts_at(),
            "currency": "EUR",
            "policy": {"payment": "optional"},
        }
    )
