"""All rooms at once, as the console asks for them each second."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.waiting_room.hall import Hall, open_hall

OPS = {"authorization": "Bearer osk_live_ops"}


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall() as found:
        yield found


async def test_an_operator_sees_every_room_with_what_the_allocator_said(hall: Hall) -> None:
    assert (await hall.http.get("/room/admin")).status_code == 401
    assert (await hall.http.get("/room/admin", headers=OPS)).json()["rooms"] == []
    for client in range(100):
        await hall.join(client)
    (before,) = (await hall.http.get("/room/admin", headers=OPS)).json()["rooms"]
    assert (before["name"], before["places"], before["lag_ms"]) == ("A First Night", None, None)
    hall.heard(available=480, held=15, booked=5, lag_ms=40, decide_p99_ms=25)
    await hall.pass_time(1_000)
    (room,) = (await hall.http.get("/room/admin", headers=OPS)).json()["rooms"]
    assert room["places"] == {"status": "open", "available": 480, "held": 15, "booked": 5}
    assert (room["lag_ms"], room["decide_p99_ms"], room["heard_ms_ago"]) == (40, 25, 1_000)
    assert (room["waiting"], room["serving"], room["limited_by"], room["stalled"]) == (90, 10, "operator", False)
    assert "past" not in room


async def test_places_taken_a_second_and_the_last_minutes_are_told(hall: Hall) -> None:
    for client in range(100):
        await hall.join(client)
    taken = 0
    for _ in range(20):
        hall.heard(available=500 - taken, held=taken)
        await hall.pass_time(1_000)
        taken += 3
    (room,) = (await hall.http.get("/room/admin?past=true", headers=OPS)).json()["rooms"]
    assert room["places_per_s"] == 3.0
    times, called, places = zip(*room["past"], strict=True)
    assert [later - earlier for earlier, later in zip(times, times[1:], strict=False)][:3] == [5_000] * 3
    assert room["counted"] == room["past"][-1]
    assert list(called) == sorted(called) and called[-1] == 100
    assert list(places) == sorted(places) and places[-1] == 57
