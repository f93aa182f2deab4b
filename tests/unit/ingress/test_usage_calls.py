"""What keys ask for is written down in batches, and read by admins and by the keys themselves."""

import asyncio
from typing import Any

import pytest
from prometheus_client import REGISTRY

from ingress.keeping_log import BATCH_MAX, DAY_MS, KeepingLog
from ingress.request_log import HOUR_MS, LoggedRequest, RequestLog, shown_text, sums
from ingress.request_table import CONDITIONS, LinesWanted
from ingress.stores import StoreAway
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, READER_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import T0

pytestmark = pytest.mark.anyio

LOST = "onsale_ingress_request_log_lost_total"


def asked(number: int, *, status: int = 200, ms: int = 5, key: str = "key_a", at_ms: int = T0) -> LoggedRequest:
    return LoggedRequest(key, at_ms, "hold", "POST", status, ms, "192.0.2.7", "till/1", f"r{number}")


def keeping(stage: Stage, days: int = 30) -> KeepingLog:
    return KeepingLog(stage.request_log, stage.requests, stage.clock, days=days)


async def read(stage: Stage, target: str, token: str = ADMIN_KEY) -> list[dict[str, Any]]:
    reply = await stage.call("GET", f"/api/admin/{target}", token=token)
    assert reply.status == 200, reply.body
    data: list[dict[str, Any]] = reply.body["data"]
    return data


async def test_each_request_of_a_key_is_a_line_and_part_of_a_sum() -> None:
    stage = Stage()
    headers = {"user-agent": "till/2", "x-request-id": "mine"}
    await stage.call("GET", "/api/auth/validate", token=PARTNER_KEY, headers=headers)
    await stage.call("GET", "/api/reservations/rsv_x", token=PARTNER_KEY)
    await stage.call("POST", "/api/reservations", {"show": SHOW_TEXT}, token=stage.fan(), key="k")
    await stage.call("GET", "/api/events")
    await stage.call("GET", "/api/auth/validate", token="osk_live_" + "0" * 48)
    assert await keeping(stage).step() is False
    lost, kept = await read(stage, "logs?key=key_partner")
    assert (lost["operation"], lost["status"], lost["method"]) == ("read_reservation", 404, "GET")
    assert (kept["user_agent"], kept["request_id"], kept["address"]) == ("till/2", "mine", "192.0.2.7")
    lines = await read(stage, "usage?key=key_partner&by=hour")
    assert [(line["operation"], line["requests"], line["refused"]) for line in lines] == [
        ("read_reservation", 1, 1),
        ("validate", 1, 0),
    ]
    # Neither fans, nor nobody, nor a key that is none: their requests are nobody's to look at.
    assert {line.key_id for line in stage.requests.written} == {"key_partner"}


async def test_a_key_sees_its_own_whatever_it_asks_for() -> None:
    stage = Stage()
    stage.request_log.note(asked(1, key="key_reader"))
    stage.request_log.note(asked(2, key="key_partner"))
    await keeping(stage).step()
    for target in ("logs", "logs?key=key_partner", "usage?from=2000-01-01T00:00:00Z"):
        assert {line["key"] for line in await read(stage, target, READER_KEY)} == {"key_reader"}
    assert len(await read(stage, "logs?status=200&operation=hold")) == 2
    assert await read(stage, "logs?status=500") == []
    for target, token, status in (
        ("logs", stage.fan(), 403),
        ("usage", None, 401),
        ("logs?after=x", ADMIN_KEY, 400),
        ("usage?by=year", ADMIN_KEY, 400),
    ):
        assert (await stage.call("GET", f"/api/admin/{target}", token=token)).status == status


async def test_pages_of_lines_and_sums_meet() -> None:
    stage = Stage()
    for number in range(5):
        stage.request_log.note(asked(number, at_ms=T0 - number * HOUR_MS))
    await keeping(stage).step()
    for target, field in (("logs?limit=2", "request_id"), ("usage?limit=2&by=hour", "since")):
        seen, cursor = [], ""
        while True:
            reply = await stage.call("GET", f"/api/admin/{target}{cursor}", token=ADMIN_KEY)
            seen += [line[field] for line in reply.body["data"]]
            if not reply.body["has_more"]:
                break
            cursor = f"&after={reply.body['next_cursor']}"
        assert len(seen) == len(set(seen)) == 5


def test_sums_are_by_key_hour_and_call_in_order() -> None:
    lines = [
        asked(1, key="key_b", status=503, ms=9),
        asked(2, key="key_a", status=409, ms=1),
        asked(3, key="key_b", status=201, ms=2),
        asked(4, key="key_b", at_ms=T0 + HOUR_MS),
    ]
    hour = T0 - T0 % HOUR_MS
    assert [tuple(it) for it in sums(lines)] == [
        ("key_a", hour, "hold", 1, 1, 0, 1, 1),
        ("key_b", hour, "hold", 2, 0, 1, 11, 9),
        ("key_b", hour + HOUR_MS, "hold", 1, 0, 0, 5, 5),
    ]


def test_beyond_its_bound_the_oldest_are_lost_and_counted() -> None:
    log = RequestLog(3)
    for number in range(4):
        log.note(asked(number))
    assert (log.lost, [it.request_id for it in log.take(2)]) == (1, ["r1", "r2"])
    # While they were away two more came: of those given back only the younger one has room.
    log.note(asked(4))
    log.give_back([asked(1), asked(2)])
    assert (log.lost, [it.request_id for it in log.take(9)]) == (2, ["r2", "r3", "r4"])


async def test_what_cannot_be_written_now_is_written_later() -> None:
    stage = Stage()
    stage.request_log.note(asked(1))
    stage.ledger.away = True
    with pytest.raises(StoreAway):
        await keeping(stage).step()
    stage.ledger.away = False
    await keeping(stage).step()
    assert [it.request_id for it in stage.requests.written] == ["r1"]


async def test_what_waits_is_written_in_batches_and_one_that_is_refused_is_in_nobodys_way() -> None:
    stage = Stage()
    stage.request_log = log = RequestLog(5_000)
    for number in range(BATCH_MAX + 2):
        log.note(asked(number))
    stage.requests.refuses_next = True
    assert [await keeping(stage).step() for _ in range(2)] == [True, False]
    assert [it.request_id for it in stage.requests.written] == [f"r{BATCH_MAX}", f"r{BATCH_MAX + 1}"]
    assert [(it.operation, it.requests) for it in stage.requests.sums] == [("hold", 2)]


async def test_through_an_outage_of_any_length_the_newest_are_kept_and_what_was_lost_is_counted() -> None:
    stage, lost_before = Stage(), REGISTRY.get_sample_value(LOST) or 0
    keeper = keeping(stage)
    stage.ledger.away = True
    for number in range(250):
        stage.request_log.note(asked(number))
        if number % 50 == 0:
            with pytest.raises(StoreAway):
                await keeper.step()
    stage.ledger.away = False
    assert await keeper.step() is False
    # The stage keeps a hundred.
    assert [it.request_id for it in stage.requests.written] == [f"r{number}" for number in range(150, 250)]
    assert REGISTRY.get_sample_value(LOST) == lost_before + 150


@pytest.mark.parametrize("away", [False, True])
async def test_who_stops_writes_what_is_left_and_waits_for_no_postgres_that_is_away(away: bool) -> None:
    stage = Stage()
    stage.request_log = RequestLog(3 * BATCH_MAX)
    stage.request_log.note(asked(0))
    running = asyncio.create_task(keeping(stage).run())
    await stage.requests.forgot.wait()  # the first batch is written, and the next one is a second away
    stage.ledger.away = away
    for number in range(1, 2 * BATCH_MAX):
        stage.request_log.note(asked(number))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(stage.requests.written) == (1 if away else 2 * BATCH_MAX)


async def test_lines_are_forgotten_after_their_days_and_sums_are_not() -> None:
    stage = Stage()
    stage.request_log.note(asked(1, at_ms=T0 - 2 * DAY_MS))
    stage.request_log.note(asked(2))
    await keeping(stage, days=1).step()
    assert [it.request_id for it in stage.requests.written] == ["r2"]
    assert len(stage.requests.sums) == 2


def test_what_a_client_calls_itself_is_cut_and_printable() -> None:
    assert shown_text(b"till\x00\r/1") == "till??/1"
    assert len(shown_text(b"x" * 9_000)) == 200
    assert shown_text(None) == ""


def test_conditions_are_parameters() -> None:
    sql, values = LinesWanted(dict.fromkeys(CONDITIONS, 1), 7).statement()
    assert [sql.count(f"${n + 1}") for n in range(len(values))] == [1] * len(values)
    assert values == [1] * len(CONDITIONS) + [7]
