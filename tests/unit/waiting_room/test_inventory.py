"""What everybody is told of what is left."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.waiting_room.hall import PATH, Hall, open_hall
from tests.unit.waiting_room.scriptless import Browser
from ticketing.messages import TierNow
from waiting_room.inventory import band


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall() as found:
        yield found


def tier(available: int, name: str = "front", places: int = 100) -> TierNow:
    return TierNow(name=name, price=4_500, places=places, available=available)


@pytest.mark.parametrize(
    ("available", "word"),
    [(100, "many"), (50, "many"), (49, "some"), (10, "some"), (9, "few"), (1, "few"), (0, "none")],
)
def test_a_tier_is_told_in_a_word(available: int, word: str) -> None:
    assert band(tier(available)) == word


async def test_a_tier_that_is_gone_is_told_with_the_next_word_of_the_allocator(hall: Hall) -> None:
    await hall.status()
    hall.heard(available=130, currency="EUR", tiers=(tier(30), tier(100, "<back>")))
    seen = (await hall.status())["inventory"]
    assert (seen["currency"], seen["available"]) == ("EUR", 130)
    assert seen["tiers"][0] == {"tier": "front", "price_min": 4_500, "price_max": 4_500, "band": "some"}
    hall.heard(available=100, held=30, currency="EUR", tiers=(tier(0), tier(100, "<back>")))
    assert [each["band"] for each in (await hall.status())["inventory"]["tiers"]] == ["none", "many"]
    page = await Browser(hall.http, f"{PATH}/plain").look()
    assert "front: 45.00 EUR, nothing at the moment" in " ".join(page.text.split())
    assert "&lt;back&gt;" in page.html
