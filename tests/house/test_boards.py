"""Every panel asks for what is really counted, and whatever is counted has its place on a board."""

import json

import pytest
import yaml

from infra.grafana.__main__ import DASHBOARDS
from infra.grafana.boards import BOARDS
from infra.grafana.drawing import COLUMNS, draw
from infra.grafana.panels import Board, Panel
from tests.house.measured import asked, counted, families, rules, unknown_labels

ALERTS = {rule["alert"]: rule["expr"] for rule in rules() if "alert" in rule}
PANELS = [panel for board in BOARDS for panel in board.panels]
OF_EVERY_PROCESS = ("process_", "python_")
PROVISIONING = DASHBOARDS.parent / "provisioning"


def looked_at(panel: Panel) -> set[str]:
    return {name for line in panel.lines for name in asked(line.expr)}


def test_panels_look_at_what_some_room_counts() -> None:
    assert {name for panel in PANELS for name in looked_at(panel)} - counted().keys() == set()
    assert {label for panel in PANELS for line in panel.lines for label in unknown_labels(line.expr)} == set()


def test_whatever_a_room_counts_is_on_some_board() -> None:
    seen = {name for panel in PANELS for name in looked_at(panel)}
    ours = [names for names, _ in families() if not names[0].startswith(OF_EVERY_PROCESS)]
    assert [names[0] for names in ours if not seen & set(names)] == []


def test_whoever_is_woken_finds_the_picture() -> None:
    shown = {name for panel in PANELS for name in panel.alerts}
    assert shown == ALERTS.keys()
    apart = [(panel.title, name) for panel in PANELS for name in panel.alerts]
    assert [(title, name) for title, name in apart if not asked(ALERTS[name]) & looked_at(_titled(title, name))] == []


@pytest.mark.parametrize("panel", [panel for panel in PANELS if panel.limit is not None], ids=lambda panel: panel.title)
def test_a_limit_is_drawn_where_an_alert_has_it(panel: Panel) -> None:
    # A budget's burning is drawn by its factor: 1 is the budget itself.
    factor = {f"> {panel.limit:g}", f"> {panel.limit:g} * 0.0001"} | (
        {"> 0.0001", "> 0.001"} if panel.limit == 1 else set()
    )
    assert any(text in ALERTS[name] for name in panel.alerts for text in factor)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_what_grafana_reads_is_what_the_board_says(board: Board) -> None:
    drawn = (DASHBOARDS / f"{board.name}.json").read_text()
    assert drawn == draw(board), "python -m infra.grafana draws it anew"
    panels = json.loads(drawn)["panels"]
    cells = {(x, y) for panel in panels for x, y in _cells(panel["gridPos"])}
    assert len(cells) == sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in panels), "two overlap"
    assert max(x for x, _ in cells) < COLUMNS
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_no_board_is_left_over_and_no_two_have_a_name() -> None:
    assert sorted(path.stem for path in DASHBOARDS.iterdir()) == sorted(board.name for board in BOARDS)
    assert len({board.title for board in BOARDS}) == len(BOARDS)
    for board in BOARDS:
        assert len({panel.title for panel in board.panels}) == len(board.panels)


def test_grafana_is_told_how_often_is_asked() -> None:
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "onsale.yml").read_text())["datasources"]
    prometheus = yaml.safe_load((DASHBOARDS.parents[1] / "prometheus" / "prometheus.yml").read_text())
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]


def _titled(title: str, alert: str) -> Panel:
    return next(panel for panel in PANELS if panel.title == title and alert in panel.alerts)


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    return [(place["x"] + across, place["y"] + down) for across in range(place["w"]) for down in range(place["h"])]
