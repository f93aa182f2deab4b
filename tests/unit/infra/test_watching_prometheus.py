"""What the check of the boards asks Prometheus is what Grafana would ask, of the processes that are its own."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.grafana.asking import per_second
from infra.grafana.boards import BOARDS
from infra.grafana.panels import Board
from tests.alerts.prometheus import SHIPPED, Prometheus, config_for, filled_in, shipped_config, shipped_scrape_s


def test_a_question_is_sent_as_grafana_sends_it() -> None:
    assert filled_in(per_second("sold_total", where='show=~"$show"'), 5) == 'sum(rate(sold_total{show=~".+"}[20s]))'


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_nothing_of_grafana_s_own_words_is_left_in_it(board: Board) -> None:
    assert [line.expr for panel in board.panels for line in panel.lines if "$" in filled_in(line.expr, 5)] == []


def test_all_is_as_shipped_but_where_its_processes_are(tmp_path: Path) -> None:
    shipped, ours = shipped_config(), config_for(tmp_path, shipped_scrape_s())
    assert ours["global"] == shipped["global"]
    assert ours["scrape_configs"][0]["file_sd_configs"][0]["files"] == [f"{tmp_path}/targets/*.json"]
    assert [path.parent for path in map(Path, ours["rule_files"])] == [SHIPPED / "rules"]


def test_a_short_sale_is_looked_at_more_often(tmp_path: Path) -> None:
    often = config_for(tmp_path, 1)["global"]
    assert (often["scrape_interval"], often["scrape_timeout"]) == ("1s", "1s")
    assert often["evaluation_interval"] == shipped_config()["global"]["evaluation_interval"]


@pytest.mark.parametrize(
    ("found", "drawn"),
    [
        ([], 0),
        ([{"metric": {}, "values": [[0, "NaN"], [5, "+Inf"]]}], 0),
        ([{"metric": {}, "values": [[0, "0"], [5, "NaN"]]}], 1),
    ],
)
async def test_what_is_absent_or_no_number_is_nothing_to_draw(found: list[dict[str, Any]], drawn: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.params["query"] == "sum(rate(sold_total[20s]))"
        return httpx.Response(200, json={"status": "success", "data": {"resultType": "matrix", "result": found}})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://prometheus") as http:
        assert await Prometheus(http, 5).values(per_second("sold_total"), 0, 10) == drawn


async def test_an_alert_that_is_pending_has_told_nobody() -> None:
    alerts = [{"labels": {"alertname": name}, "state": state} for name, state in (("A", "firing"), ("B", "pending"))]
    there = httpx.MockTransport(lambda _: httpx.Response(200, json={"data": {"alerts": alerts}}))
    async with httpx.AsyncClient(transport=there, base_url="http://prometheus") as http:
        assert await Prometheus(http, 5).firing() == {"A"}
