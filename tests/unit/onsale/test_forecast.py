"""Rehearsing a sale: the named scenarios, what a ceiling does, and the command."""

import json
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import typer
from typer.testing import CliRunner

from onsale.cli import app
from onsale.forecast import HALL, SCENARIOS, STADIUM, Scenario, as_plan, compare, rehearse, suggested
from onsale.plan_filing import file_plan, plan_address
from waiting_room.plans import Plan

SMALL = Scenario(fans=3_000, seats=400, rate_per_min=600, bears_per_s=100)


def test_five_million_fans_and_eighty_thousand_places_take_seconds() -> None:
    began = time.process_time()
    forecast = rehearse(STADIUM)
    assert time.process_time() - began < 20
    assert forecast.good
    assert forecast.track[-1][2] >= 79_999
    # Two places for three in four of the nine in ten who come, and what came back was sold again.
    assert 55_000 < forecast.called < 90_000


def test_the_hall_of_five_thousand_sells_out_and_says_what_bound_it() -> None:
    forecast = rehearse(HALL)
    assert forecast.good
    assert forecast.sold_most_s is not None
    assert forecast.sold_out_s is not None
    assert forecast.sold_most_s <= forecast.sold_out_s
    assert 0 < forecast.wait_p50_s <= forecast.wait_p90_s < forecast.sold_out_s
    assert abs(sum(forecast.limited_by.values()) - 1) < 0.01
    assert forecast.limited_by["stock"] > 0.3


def test_a_slower_ceiling_makes_people_wait_longer_and_the_suggestion_is_no_faster_than_it_needs_to_be() -> None:
    forecasts = compare(replace(SMALL, seats=200))
    assert [each.rate_per_min for each in forecasts] == [150, 300, 600, 1_200, 2_400]
    waits = [each.wait_p50_s for each in forecasts]
    assert waits == sorted(waits, reverse=True)
    best = suggested(forecasts)
    assert best is not None
    assert best.good
    faster = [each for each in forecasts if each.rate_per_min > best.rate_per_min and each.sold_most_s is not None]
    assert all((each.sold_most_s or 0) * 1.1 >= (best.sold_most_s or 0) for each in faster)


def test_an_allocator_that_bears_little_shows_in_the_lag_and_nothing_is_suggested_that_drowns_it() -> None:
    weak = replace(SMALL, seats=200, bears_per_s=1.0, rate_per_min=600)
    forecasts = compare(weak)
    assert not forecasts[-1].good
    assert forecasts[-1].worst_lag_ms > 2_000
    assert "lag" in forecasts[-1].limited_by
    best = suggested(forecasts)
    assert best is None or best.worst_lag_ms <= 2_000


def test_places_that_nobody_wants_are_left() -> None:
    forecast = rehearse(replace(SMALL, fans=100, hold_s=60))
    assert (forecast.sold_most_s, forecast.sold_out_s) == (None, None)
    assert not forecast.good
    assert forecast.called == 100


def test_who_comes_later_is_called_later() -> None:
    forecast = rehearse(replace(SMALL, fans=0, comers=3_000, comers_s=600))
    called = {second: people for second, people, _, _ in forecast.track}
    assert called[60] <= 300 + 10
    assert forecast.sold_most_s is not None


def test_the_command_writes_a_plan_and_a_page_that_fetches_nothing(tmp_path: Path) -> None:
    plan, html = tmp_path / "plan.json", tmp_path / "plan.html"
    words = ["simulate", "hall", "--fans", "3000", "--seats", "400", "--rate", "600", "--bears", "100"]
    done = CliRunner().invoke(app, [*words, "--json", str(plan), "--html", str(html)])
    assert done.exit_code == 0, done.output
    told = json.loads(plan.read_text())
    assert told["scenario"]["fans"] == 3_000
    assert f"suggested ceiling: {told['suggested_rate_per_min']} people per minute" in done.output
    assert len(told["forecasts"]) == 5
    text = html.read_text()
    assert "<table>" in text and "<svg" in text
    assert "http" not in text and "<script" not in text
    assert CliRunner().invoke(app, ["simulate", "nothing"]).exit_code == 2


def test_every_scenario_has_a_name() -> None:
    assert set(SCENARIOS) == {"stadium", "hall"}


def test_a_forecast_becomes_a_plan_that_a_room_takes() -> None:
    forecast = rehearse(SMALL)
    long = replace(forecast, track=[(second, second, second // 2, 0) for second in range(5, 10_000, 5)])
    for each in (forecast, long):
        kept = Plan.model_validate(as_plan(SMALL, each))
        assert kept.track[-1] == list(each.track[-1])
        assert (kept.seats, kept.rate_per_min) == (SMALL.seats, each.rate_per_min)


def test_a_plan_is_filed_with_the_room_of_its_show() -> None:
    asked: list[tuple[str, dict[str, str], bytes]] = []

    class Room(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            asked.append((self.path, dict(self.headers), body))
            good = self.headers["authorization"] == "Bearer osk_live_ops"
            told = b"{}" if good else b'{"title": "No such key", "detail": "osk"}'
            self.send_response(200 if good else 401)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Room) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = plan_address(f"http://127.0.0.1:{server.server_port}/room/shw_0000000007/")
        plan = as_plan(SMALL, rehearse(SMALL))
        file_plan(address, "osk_live_ops", "Monday", plan)
        with pytest.raises(typer.Exit) as refused:
            file_plan(address, "osk_live_other", "Monday", plan)
        server.shutdown()
    assert refused.value.exit_code == 2
    with pytest.raises(typer.Exit):
        file_plan(address, "osk_live_ops", "Monday", plan)  # nobody is there any more
    path, _, body = asked[0]
    told = json.loads(body)
    assert (path, told["reason"]) == ("/room/admin/shw_0000000007/plan", "Monday")
    assert Plan.model_validate(told["plan"]).fans == 3_000
    for bad in ("file:///room/shw_0000000007", "http://127.0.0.1:9/shows/x"):
        assert CliRunner().invoke(app, ["simulate", "hall", "--store", bad]).exit_code == 2
