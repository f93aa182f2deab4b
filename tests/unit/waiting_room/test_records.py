"""What is kept of how a sale went: moments, counts, and a plan that it is held against."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.waiting_room.hall import NOW_MS, SHOW, Hall, open_hall
from tests.unit.waiting_room.scriptless import Browser
from ticketing.vocabulary import show_text
from waiting_room.doorstep import NetworkNames
from waiting_room.eta import Eta
from waiting_room.plans import Plan, against, opened_ms
from waiting_room.records import NETWORKS_MAX, OTHERS, Moment, Tallies, device_of, wait_name

PLAN_PATH = f"/room/admin/{show_text(SHOW)}/plan"
OPERATOR = {"authorization": "Bearer osk_live_ops"}
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall() as found:
        yield found


def plan(**changes: Any) -> dict[str, Any]:
    track = [[60, 600, 100, 0], [120, 1_200, 400, 50]]
    return {"fans": 5_000, "seats": 1_000, "rate_per_min": 600, "wait_p50_s": 60, "wait_p90_s": 200,
            "worst_lag_ms": 50, "track": track} | changes  # fmt: skip


def moment(second: int, called: int, booked: int | None) -> Moment:
    lines = {"general": (2_000, called)}
    return Moment(NOW_MS + second * 1_000, "open", lines, 0, 0, 100, 0, booked, 600, "operator", 0)


async def counted(hall: Hall) -> dict[str, dict[str, int]]:
    await hall.pass_time(6_000)
    found: dict[str, dict[str, int]] = {}
    for (_, kind, name), n in hall.records.tallies.items():
        found.setdefault(kind, {})[name] = n
    return found


async def test_where_a_sale_stands_is_kept_every_five_seconds_and_seldom_while_nothing_moves(hall: Hall) -> None:
    hall.heard(available=450, held=30, booked=20)
    for client in range(30):
        await hall.join(client)
    for _ in range(8):
        hall.heard(available=450, held=30, booked=20)
        await hall.pass_time(1_200)
    kept = await hall.records.track(SHOW, 100)
    assert [each.at_ms % 5_000 for each in kept] == [0] * len(kept)
    assert (kept[-1].lines, kept[-1].called, kept[-1].booked) == ({"general": (30, 40)}, 30, 20)
    assert [each.called for each in kept] == sorted(each.called for each in kept)
    await hall.pass_time(120_000)
    later = await hall.records.track(SHOW, 100)
    assert len(later) - len(kept) <= 4
    assert [each.at_ms for each in await hall.records.track(SHOW, 2)][-1] == later[-1].at_ms


async def test_what_became_of_fans_is_counted_and_nobody_is_named(hall: Hall) -> None:
    headers = {"user-agent": PHONE}
    hall.http.headers.update(headers)
    place = (await hall.join(1, address="203.0.7.9")).json()
    await hall.join(1, address="203.0.7.9")
    for client in range(2, 8):
        await hall.join(client, address="203.0.7.9")
    fan = Browser(hall.http, f"/room/{show_text(SHOW)}/plain", "198.51.99.7")
    await fan.send((await fan.look()).form("join"))
    await hall.pass_time(2_000)
    assert [(await hall.claim(place)).status_code for _ in range(2)] == [200, 200]
    await fan.send((await fan.look()).form("claim"))
    seen = await counted(hall)
    assert seen["joined"] == {"phone": 4, "plain": 1}
    assert seen["let_in"] == {"phone": 1, "plain": 1}
    assert seen["waited_phone"] == {"10": 1}
    assert seen["refused"] == {"rate_limited": 3}
    names = NetworkNames("a secret of the server")
    assert seen["network"] == {names.of("203.0.7.200"): 4, names.of("198.51.99.1"): 1}
    assert all("203" not in name for name in seen["network"])


async def test_counts_that_could_not_be_written_are_written_later_and_once(hall: Hall) -> None:
    await hall.join(1)
    hall.records.away = True
    with pytest.raises(Exception, match="away"):
        await hall.pass_time(6_000)
    hall.records.away = False
    assert (await counted(hall))["joined"] == {"program": 1}
    assert (await counted(hall))["joined"] == {"program": 1}


def test_networks_are_counted_up_to_a_bound() -> None:
    tallies = Tallies()
    for number in range(NETWORKS_MAX + 10):
        tallies.joined(SHOW, "phone", f"{number:x}")
    found = {tally.name: tally.n for tally in tallies.take() if tally.kind == "network"}
    assert (len(found), found[OTHERS]) == (NETWORKS_MAX + 1, 10)
    assert tallies.take() == []


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (PHONE, "phone"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "computer"),
        ("python-httpx/0.28", "program"),
        ("", "program"),
    ],
)
def test_a_device_is_what_its_browser_says(agent: str, device: str) -> None:
    assert device_of(agent) == device
    assert device_of(agent, scripts=False) == "plain"


def test_waits_are_counted_in_steps() -> None:
    assert [wait_name(ms) for ms in (0, 10_000, 10_001, 7_200_000, 7_200_001)] == ["10", "10", "30", "7200", "more"]


def test_judged_waits_are_taken_once() -> None:
    eta = Eta()
    for second in range(120):
        eta.saw(second * 1_000, second * 10, 2_000, 600)
    hits, judged = eta.take_judged()
    assert judged > 20 and hits / judged > 0.8
    assert eta.take_judged() == (0, 0)


def test_a_sale_is_held_against_its_plan() -> None:
    kept = Plan.model_validate(plan())
    assert (kept.at(0), kept.at(30), kept.at(90), kept.at(500)) == ([0, 0], [300, 50], [900, 250], [1_200, 400])
    track = [moment(0, 0, 0), moment(5, 50, 0), moment(90, 870, 280)]
    opened = opened_ms(NOW_MS - 60_000, track)
    assert opened == NOW_MS
    now_ms = NOW_MS + 91_000
    found = against(kept, track, opened, now_ms)
    assert found == {"second": 90, "called_ahead": -30, "booked_ahead": 30, "booked_ahead_s": 6}
    behind = against(kept, [*track[:2], moment(90, 870, 220)], opened, now_ms)
    assert (behind["booked_ahead"], behind["booked_ahead_s"]) == (-30, -6), "less than planned is never ahead of time"
    assert against(kept, [], opened, now_ms)["second"] == 0
    assert against(kept, track[:1], NOW_MS + 1, NOW_MS)["called_ahead"] == 0


def test_a_sale_without_a_time_that_has_called_nobody_is_not_behind_its_plan() -> None:
    kept = Plan.model_validate(plan())
    track = [moment(0, 0, 0), moment(90, 0, 0)]
    opened = opened_ms(0, track)
    assert against(kept, track, opened, NOW_MS + 91_000) == {
        "second": 0, "called_ahead": 0, "booked_ahead": 0, "booked_ahead_s": 0,
    }  # fmt: skip
    late = against(kept, track, opened_ms(NOW_MS, track), NOW_MS + 91_000)
    assert late["called_ahead"] == -900, "where a time was set it is"


async def test_a_plan_is_kept_shown_beside_what_happens_and_in_the_log(hall: Hall) -> None:
    empty = (await hall.http.get(PLAN_PATH, headers=OPERATOR)).json()
    assert (empty["plan"], empty["against"]) == (None, None)
    body = {"reason": "the rehearsal of Monday", "plan": plan()}
    assert (await hall.http.put(PLAN_PATH, json=body, headers=OPERATOR)).status_code == 200
    for client in range(60):
        await hall.join(client)
    for _ in range(12):
        hall.heard(available=480, held=0, booked=20)
        await hall.pass_time(1_000)
    found = (await hall.http.get(PLAN_PATH, headers=OPERATOR)).json()
    assert found["plan"]["track"] == plan()["track"]
    last = found["actual"][-1]
    assert (last["called"], last["booked"]) == (60, 20)
    assert found["against"]["booked_ahead"] > 0
    log = (await hall.http.get(f"/room/{show_text(SHOW)}/log")).json()["acts"]
    assert (log[-1]["act"], log[-1]["reason"]) == ("plan", "the rehearsal of Monday")


async def test_a_plan_is_for_operators_and_not_for_whoever_saw_another_room(hall: Hall) -> None:
    body = {"reason": "a rehearsal", "plan": plan()}
    assert (await hall.http.get(PLAN_PATH)).status_code == 401
    reader = {"authorization": "Bearer osk_live_reader"}
    assert (await hall.http.put(PLAN_PATH, json=body, headers=reader)).status_code == 403
    stale = await hall.http.put(PLAN_PATH, json=body, headers=OPERATOR | {"if-match": '"7"'})
    assert stale.status_code == 412
    assert (await hall.http.get(PLAN_PATH, headers=OPERATOR)).json()["plan"] is None


@pytest.mark.parametrize(
    "changes",
    [{"track": []}, {"track": [[1, 2, 3]]}, {"track": [[5, 0, 0, 0], [5, 0, 0, 0]]}, {"seats": -1},
     {"track": [[second, 0, 0, 0] for second in range(401)]}, {"more": 1}, {"wait_p50_s": None}],
)  # fmt: skip
async def test_what_is_no_plan_is_refused(hall: Hall, changes: dict[str, Any]) -> None:
    body = {"reason": "a rehearsal", "plan": plan(**changes)}
    assert (await hall.http.put(PLAN_PATH, json=body, headers=OPERATOR)).status_code == 400
