"""Before the opening: when people may join, and who takes part in the draw."""

from tests.unit.waiting_room.hall import open_hall
from tests.unit.waiting_room.test_drawing import MINUTE_MS, published
from ticketing.clock import rfc3339


async def test_a_line_that_is_stopped_before_the_opening_draws_all_the_same() -> None:
    async with open_hall(opens_in_ms=MINUTE_MS) as hall:
        await hall.join(1)
        await hall.operate("pause", reason="a try")
        await hall.pass_time(5_000)
        await hall.join(2)
        assert (await published(hall))["state"] == "collecting"
        await hall.operate("resume", reason="it was one")
        await hall.pass_time(MINUTE_MS)
        assert (await published(hall))["size"] == 2


async def test_nobody_joins_before_people_may_and_all_who_do_are_drawn() -> None:
    async with open_hall(opens_in_ms=MINUTE_MS) as hall:
        at = rfc3339(hall.clock.now_ms() + 30_000)
        assert (await hall.operate("rate", prequeue_at=at, reason="not days before")).status_code == 200
        early = await hall.join(1)
        assert (early.status_code, early.json()["code"]) == (409, "room_closed")
        assert early.json()["retry_after_s"] == 30
        status = await hall.status()
        assert (status["phase"], status["prequeue_at"]) == ("closed", at)
        assert (await published(hall))["state"] == "collecting"
        await hall.pass_time(30_000)
        assert [(await hall.join(client)).json()["place"] for client in range(3)] == [None] * 3
        await hall.pass_time(MINUTE_MS)
        assert (await published(hall))["size"] == 3
        late = await hall.operate("rate", prequeue_at=rfc3339(hall.clock.now_ms()), reason="too late")
        assert late.json()["code"] == "invalid_request"
