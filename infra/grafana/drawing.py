"""A board as the JSON that Grafana reads: where each panel stands, what it is drawn with, what its corner says."""

import json
from string import ascii_uppercase
from typing import Any

from infra.grafana.panels import Board, Panel

SCHEMA_VERSION = 39
"""Grafana 11's; newer ones read it and write their own."""
COLUMNS = 24
PANEL_HEIGHT = 8
SOURCE = {"type": "prometheus", "uid": "${source}"}
RED, NO_COLOUR = "red", "transparent"


def draw(board: Board) -> str:
    """The whole file. Panels have numbers in reading order: a link to one holds until another is put before it."""
    return json.dumps(_board(board), indent=2, ensure_ascii=False) + "\n"


def _board(board: Board) -> dict[str, Any]:
    return {
        "uid": f"onsale-{board.name}",
        "title": f"onsale: {board.title}",
        "tags": ["onsale"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,  # a line at the same moment in all panels
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "timezone": "browser",
        "links": [_link_to_the_others()],
        "annotations": {"list": [_alerts()]},
        "templating": {"list": [_source(), *([_shows()] if board.shows else [])]},
        "panels": _placed(board),
    }


def _placed(board: Board) -> list[dict[str, Any]]:
    placed: list[dict[str, Any]] = []
    y = 0
    for row in board.rows:
        place = {"h": 1, "w": COLUMNS, "x": 0, "y": y}
        placed.append(
            {
                "id": len(placed) + 1,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": place,
                "panels": [],
            }
        )
        x, y = 0, y + 1
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y = 0, y + PANEL_HEIGHT
            place = {"h": PANEL_HEIGHT, "w": panel.width, "x": x, "y": y}
            placed.append({"id": len(placed) + 1, "gridPos": place, **_panel(panel)})
            x += panel.width
        y += PANEL_HEIGHT
    return placed


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": panel.title,
        "description": description(panel),
        "datasource": SOURCE,
        "targets": [
            {"refId": letter, "datasource": SOURCE, "expr": line.expr, "legendFormat": line.legend, "range": True}
            for letter, line in zip(ascii_uppercase, panel.lines, strict=False)
        ],
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }


def description(panel: Panel) -> str:
    """What stands behind the i in a panel's corner."""
    words = [panel.says]
    if panel.quiet_while:
        words.append(f"Nothing is drawn while {panel.quiet_while}.")
    words += [f"{name}: docs/alerts.md#{name.lower()}" for name in panel.alerts]
    return "\n\n".join(words)


def _field(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": NO_COLOUR, "value": None}]
    if panel.limit is not None:
        steps.append({"color": RED, "value": panel.limit})
    return {
        "unit": panel.unit,
        "custom": {
            "drawStyle": "line",
            "lineWidth": 1,
            "axisSoftMin": 0,
            "fillOpacity": 40 if panel.stacked else 8,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "off" if panel.limit is None else "dashed"},
        },
        "thresholds": {"mode": "absolute", "steps": steps},
    }


def _source() -> dict[str, Any]:
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus", "refresh": 1}


def _shows() -> dict[str, Any]:
    return {
        "name": "show",
        "label": "Show",
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": "label_values(room_waiting, show)", "refId": "show"},
        "refresh": 2,  # whenever the time changes: shows come and go
        "includeAll": True,
        "allValue": ".+",
        "multi": True,
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _alerts() -> dict[str, Any]:
    """Each alert that somebody is woken by, as a mark in every panel."""
    return {
        "name": "Alerts",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": RED,
        "target": {"refId": "alerts", "expr": 'ALERTS{alertstate="firing",severity="page"}'},
        "titleFormat": "{{alertname}}",
    }


def _link_to_the_others() -> dict[str, Any]:
    return {
        "title": "onsale",
        "type": "dashboards",
        "tags": ["onsale"],
        "asDropdown": True,
        "keepTime": True,
        "includeVars": False,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }
