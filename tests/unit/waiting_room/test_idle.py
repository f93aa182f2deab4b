"""A line that nobody has to stand in until too many come; and the room in the words that other rooms use."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.waiting_room.hall import PATH, Hall, open_hall


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall() as found:
        await found.operate("idle", reason="a quiet sale")
        yield found


async def words(hall: Hall) -> dict[str, Any]:
    answer = await hall.http.get(PATH, headers={"accept": "application/json"})
    assert answer.headers["vary"] == "Accept"
    said: dict[str, Any] = answer.json()
    return said


async def come(hall: Hall, first: int, people: int) -> list[int]:
    """The statuses of claims made right after each join."""
    return [(await hall.claim((await hall.join(client)).json())).status_code for client in range(first, first + people)]


async def test_whoever_comes_to_a_quiet_line_goes_straight_through(hall: Hall) -> None:
    await hall.pass_time(200)
    for first in range(0, 60, 2):
        assert await come(hall, first, 2) == [200, 200]
        await hall.pass_time(400)
    assert (await hall.status())["phase"] == "idle"
    assert (await words(hall))["inWaitingRoom"] is False


async def test_a_rush_turns_the_line_on_and_its_end_turns_it_off_again(hall: Hall) -> None:
    await hall.pass_time(1_000)
    places = [(await hall.join(client)).json() for client in range(300)]
    await hall.pass_time(200)
    more = [(await hall.join(client)).json() for client in range(300, 500)]
    await hall.pass_time(1_000)
    assert (await hall.status())["phase"] == "open"
    before = hall.serving
    assert (await hall.claim(more[-1])).status_code == 409
    await hall.pass_time(6_000)
    # At the rate, ten a second, and in order; the look at the status took a fifth of a second.
    assert hall.serving - before == 62
    assert (await hall.claim(places[0])).status_code == 200
    await hall.pass_time(15_000)
    assert (await hall.claim(more[-1])).status_code == 200
    await hall.pass_time(31_000)
    assert (await hall.status())["phase"] == "idle"
    assert await come(hall, 1_000, 2) == [200, 200]


async def test_a_line_that_fails_open_is_no_line_however_many_come(hall: Hall) -> None:
    await hall.operate("fail-open?minutes=5", reason="let them in")
    await hall.pass_time(1_000)
    assert await come(hall, 0, 500) == [200] * 500
    await hall.pass_time(1_000)
    assert (await hall.status())["phase"] == "idle"


async def test_the_room_in_common_words() -> None:
    async with open_hall() as hall:
        await hall.operate("rate", rate_per_min=60, reason="slowly")
        for client in range(300):
            await hall.join(client)
        await hall.pass_time(1_000)
        said = await words(hall)
        assert said.keys() == {
            *("inWaitingRoom", "waitTime", "waitTimeKnown", "waitTimeFormatted"),
            *("queueIsFull", "queueAll", "lastUpdated", "refreshIntervalSeconds"),
        }
        # 300 people, one a second.
        assert (said["inWaitingRoom"], said["waitTimeKnown"], said["queueAll"]) == (True, True, False)
        assert 5 <= said["waitTime"] <= 8
        assert said["waitTimeFormatted"] == f"4 minutes to {said['waitTime']} minutes"
        await hall.operate("pause", reason="a pause")
        said = await words(hall)
        assert (said["waitTimeKnown"], said["waitTimeFormatted"], said["queueAll"]) == (False, "unknown", True)
        await hall.operate("sold-out", reason="all gone")
        assert (await words(hall))["queueIsFull"] is True
        page = await hall.http.get(PATH, headers={"accept": "text/html,application/json"})
        assert page.headers["content-type"].startswith("text/html")


async def test_each_line_has_its_own_numbers_and_its_part_of_the_rate() -> None:
    async with open_hall() as hall:
        assert (await hall.join(1, line="accessible")).json()["code"] == "not_found"
        await hall.operate("rate", shares={"general": 80, "accessible": 20}, reason="an accessible line")
        for client in range(40):
            await hall.join(client)
        first = (await hall.join(100, line="accessible")).json()
        assert (first["line"], first["n"]) == ("accessible", 1)
        # One client may have a place in each, and each ticket is of its line alone.
        second = (await hall.join(1, line="accessible")).json()
        assert second["n"] == 2
        for client in range(200, 230):
            await hall.join(client, line="accessible")
        await hall.pass_time(2_000)
        lines = (await hall.status())["lines"]
        assert {name: line["serving"] for name, line in lines.items()} == {"general": 16, "accessible": 4}
        assert (await hall.claim(first)).status_code == 200
        assert (await hall.claim(second)).status_code == 200
