"""Draws every board into `dashboards/`: python -m infra.grafana"""

from pathlib import Path

from infra.grafana.boards import BOARDS
from infra.grafana.drawing import draw

DASHBOARDS = Path(__file__).parent / "dashboards"


def main() -> None:
    """Each board's file, whole."""
    for board in BOARDS:
        (DASHBOARDS / f"{board.name}.json").write_text(draw(board))


if __name__ == "__main__":
    main()
