"""Questions to Prometheus, as the boards put them.

`by`: the labels that lines are told apart by; `where`: the labels that are looked at, as between PromQL's braces.
"""

from infra.grafana.panels import Line

WINDOW = "$__rate_interval"
"""Grafana's: at least four scrapes, and as wide as a pixel."""


def per_second(counter: str, *, by: str = "", where: str = "") -> str:
    """How often a counter rises."""
    return f"{_sum(by)}(rate({counter}{_braces(where)}[{WINDOW}]))"


def rise(counter: str, *, by: str = "", where: str = "") -> str:
    """By how much a counter rose."""
    return f"{_sum(by)}(increase({counter}{_braces(where)}[{WINDOW}]))"


def quantile(share: float, histogram: str, *, by: str = "", where: str = "") -> str:
    """The time within which this share of what a histogram has timed was done."""
    return (
        f"histogram_quantile({share}, {per_second(f'{histogram}_bucket', by=f'le, {by}' if by else 'le', where=where)})"
    )


def times(histogram: str, *, where: str = "") -> tuple[Line, ...]:
    """What half of all take, and what one in a hundred takes."""
    return (
        Line(quantile(0.99, histogram, where=where), "one in a hundred"),
        Line(quantile(0.5, histogram, where=where), "half"),
    )


def slowest(histogram: str, *, by: str, where: str = "") -> tuple[Line, ...]:
    """What one in a hundred takes, of each kind."""
    return (Line(quantile(0.99, histogram, by=by, where=where), f"{{{{{by}}}}}"),)


def each(expr: str, label: str) -> tuple[Line, ...]:
    """One question whose lines are named for a label."""
    return (Line(expr, f"{{{{{label}}}}}"),)


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"


def _braces(where: str) -> str:
    return f"{{{where}}}" if where else ""
