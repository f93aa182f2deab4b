"""The budgets of errors: 0.01 % of a month's answers, 0.1 % of a sale's, and how fast they burn."""

from infra.grafana.panels import Board, Line, Panel, Row

MONTH, SALE = 0.0001, 0.001


def burning(windows: tuple[str, ...], budget: float) -> tuple[Line, ...]:
    """How many times faster than it may a budget burns, over each of the windows."""
    return tuple(Line(f"onsale:error_ratio:rate{window} / {budget}", f"over {window}") for window in windows)


NOW = Row(
    "Answers",
    (
        Panel(
            "Answers and errors per second",
            "Of the API and of the waiting room. Errors: 5xx, a 503 that says when to come again included.",
            (Line("onsale:answers:rate1m", "answers"), Line("onsale:errors:rate1m", "errors")),
        ),
        Panel(
            "Share of errors",
            "Of all answers.",
            tuple(Line(f"onsale:error_ratio:rate{window}", f"over {window}") for window in ("1m", "5m", "1h")),
            unit="percentunit",
        ),
        Panel(
            "A sale is on",
            "1 while people wait somewhere, or are called: then the budget of the sale counts.",
            (Line("onsale:sale_on", "a sale"),),
        ),
    ),
)

BURNING = Row(
    "How fast the budgets burn (1: it lasts just as long as it should)",
    (
        Panel(
            "The month's: somebody is woken",
            "Fires where both windows are above it: 14.4 over an hour is 2 % of the month's budget.",
            burning(("1h", "5m"), MONTH),
            alerts=("MonthBudgetBurnsFast",),
            limit=14.4,
        ),
        Panel(
            "The month's: over hours",
            "Fires where both windows are above it: 6 over six hours is 5 % of the month's budget.",
            burning(("6h", "30m"), MONTH),
            alerts=("MonthBudgetBurns",),
            limit=6,
        ),
        Panel(
            "The month's: over days",
            "Above 1 in both windows the month ends below 99.99 %.",
            burning(("3d", "6h"), MONTH),
            alerts=("MonthBudgetLeaks",),
            limit=1,
        ),
        Panel(
            "The sale's: somebody is woken",
            "Fires in a sale where both windows are above it: 6 over five minutes is half of an hour's budget.",
            burning(("5m", "1m"), SALE),
            alerts=("SaleBudgetBurns",),
            limit=6,
        ),
        Panel(
            "The sale's: over half an hour",
            "Above 1 in both windows the sale's hour ends below 99.9 %.",
            burning(("30m", "5m"), SALE),
            alerts=("SaleBudgetLeaks",),
            limit=1,
        ),
        Panel(
            "Left of the month's budget",
            "Of the last 30 days'. Below zero: spent.",
            (Line(f"1 - onsale:error_ratio:rate30d / {MONTH}", "left"),),
            unit="percentunit",
        ),
    ),
)

SLO = Board("slo", "Budgets", (NOW, BURNING))
