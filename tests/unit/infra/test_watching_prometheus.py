"""What the check of the boards asks Prometheus is what Grafana would ask, of the processes that are its own."""

from pathlib import Path

import pytest
import yaml

from infra.grafana.asking import per_second
from infra.grafana.boards import BOARDS
from infra.grafana.panels import Board
from tests.alerts.prometheus import SHIPPED, config_for, filled_in


def test_a_question_is_sent_as_grafana_sends_it() -> None:
    assert filled_in(per_second("sold_total", where='show=~"$show"')) == 'sum(rate(sold_total{show=~".+"}[20s]))'


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_nothing_of_grafana_s_own_words_is_left_in_it(board: Board) -> None:
    assert [line.expr for panel in board.panels for line in panel.lines if "$" in filled_in(line.expr)] == []


def test_all_is_as_shipped_but_where_its_processes_are(tmp_path: Path) -> None:
    shipped, ours = yaml.safe_load((SHIPPED / "prometheus.yml").read_text()), config_for(tmp_path)
    assert ours["global"] == shipped["global"]
    assert ours["scrape_configs"][0]["file_sd_configs"][0]["files"] == [f"{tmp_path}/targets/*.json"]
    assert [path.parent for path in map(Path, ours["rule_files"])] == [SHIPPED / "rules"]
