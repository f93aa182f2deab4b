"""What operators do to a room."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.unit.waiting_room.hall import SHOW, Hall, open_hall
from waiting_room.operating import Act
from waiting_room.ports import Line


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall() as found:
        yield found


async def test_the_ceiling_is_people_per_minute(hall: Hall) -> None:
    for client in range(300):
        await hall.join(client)
    answer = await hall.operate("rate", rate_per_min=1_200, reason="the hall copes well")
    assert (answer.status_code, answer.json()["rate_per_min"], answer.json()["version"]) == (200, 1_200, 2)
    assert answer.headers["etag"] == '"2"'
    assert hall.serving == 0
    await hall.pass_time(5_000)
    assert hall.serving == 100
    (kept,) = hall.table.log[SHOW]
    assert (kept.act, kept.key_id, kept.reason) == ("limits", "key_ops", "the hall copes well")
    assert kept.changes == {"rate_per_min": 1_200}


async def test_a_pause_stops_the_line_and_not_those_who_were_called(hall: Hall) -> None:
    places = [(await hall.join(client)).json() for client in range(50)]
    await hall.pass_time(1_000)
    answer = await hall.operate("pause", reason="The hall plan is being checked.")
    assert answer.json()["phase"] == "paused"
    await hall.pass_time(20_000)
    status = await hall.status()
    assert (
        status["lines"]["general"].items()
        >= {
            "serving": 10,
            "issued": 50,
            "rate_target": 0,
            "rate_now": 0,
            "drawn": None,
        }.items()
    )
    assert (status["limited_by"], status["message"]["text"]["en"]) == ("phase", "The hall plan is being checked.")
    assert (await hall.claim(places[9])).status_code == 200
    assert (await hall.claim(places[10])).status_code == 409
    assert (await hall.join(99)).status_code == 201
    await hall.room.advance()
    await hall.operate("resume", reason="All is well.")
    await hall.pass_time(1_000)
    assert hall.serving == 20


async def test_a_pause_is_not_made_up_for_afterwards(hall: Hall) -> None:
    for client in range(100):
        await hall.join(client)
    await hall.pass_time(1_000)
    # Nobody moves the line for a minute: all instances were away.
    hall.clock.advance(60_000)
    await hall.room.advance()
    assert hall.serving == 20


async def test_a_sale_can_be_opened_early_and_a_line_be_done_without() -> None:
    async with open_hall(opens_in_ms=3_600_000) as hall:
        places = [(await hall.join(client)).json() for client in range(30)]
        assert (await hall.operate("open", reason="the queue is long enough")).json()["phase"] == "open"
        await hall.pass_time(6_000)
        assert [(await hall.claim(place)).status_code for place in places].count(200) == hall.serving < 30
        assert (await hall.operate("idle", reason="nobody has to wait")).json()["phase"] == "idle"
        await hall.pass_time(200)
        assert {(await hall.claim(place)).status_code for place in places} == {200}
        late = (await hall.join(99)).json()
        assert (await hall.claim(late)).status_code == 200


@pytest.mark.parametrize(
    ("key", "expected"), [("", 401), ("osk_live_nobody", 401), ("osk_live_reader", 403), ("osk_live_ops", 200)]
)
async def test_only_operators_operate(hall: Hall, key: str, expected: int) -> None:
    assert (await hall.operate("pause", key=key, reason="a try")).status_code == expected
    assert len(hall.table.log.get(SHOW, [])) == (1 if expected == 200 else 0)


async def test_every_act_has_a_reason_and_is_one_that_there_is(hall: Hall) -> None:
    assert (await hall.operate("pause")).json()["code"] == "invalid_request"
    assert (await hall.operate("pause", reason="")).json()["code"] == "invalid_request"
    assert (await hall.operate("rate", rate_per_min=-1, reason="no")).json()["code"] == "invalid_request"
    assert (await hall.operate("explode", reason="no")).json()["code"] == "not_found"
    assert hall.table.log == {}


async def test_another_instance_hears_of_it(hall: Hall) -> None:
    await hall.join(1)
    await hall.table.change_room(SHOW, Act("rate", "key_ops", "elsewhere", rate_per_min=60), 0)
    await hall.room.refresh()
    hall.clock.advance(200)
    assert (await hall.status())["lines"]["general"]["rate_target"] == 60


async def test_whoever_opens_a_room_slowly_does_not_undo_what_was_done_meanwhile(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    alone_with = hall.ledger.alone_with

    @asynccontextmanager
    async def slow_at_first(line: Line) -> AsyncIterator[object]:
        if not begun.is_set():
            begun.set()
            await go_on.wait()
        async with alone_with(line) as numbers:
            yield numbers

    monkeypatch.setattr(hall.ledger, "alone_with", slow_at_first)
    opening = asyncio.create_task(hall.room.room(SHOW))
    await begun.wait()
    assert (await hall.operate("pause", reason="at once")).json()["phase"] == "paused"
    go_on.set()
    await opening
    assert (await hall.status())["phase"] == "paused"
