"""What a board is made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One question to Prometheus. `legend`: with Grafana's `{{label}}` where it draws several."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One picture.

    `says`: what it shows and what is bad, for whoever is woken. `unit`: Grafana's id of it. `alerts`: those that look
    at the same; `limit`: from where one of them fires. `quiet_while`: why there may be nothing to draw on a system that
    is well; without it there always is something, and a running demo is asked for it.
    """

    title: str
    says: str
    lines: tuple[Line, ...]
    unit: str = "short"
    alerts: tuple[str, ...] = ()
    limit: float | None = None
    quiet_while: str = ""
    stacked: bool = False
    width: int = 8
    """Of 24 columns."""


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Board:
    """One dashboard. `shows`: whether one can choose among the shows (`$show` in its questions)."""

    name: str
    title: str
    rows: tuple[Row, ...]
    shows: bool = False

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All of them, in reading order."""
        return tuple(panel for row in self.rows for panel in row.panels)
