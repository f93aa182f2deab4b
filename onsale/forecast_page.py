"""A rehearsal as a page that opens by itself: the table of ceilings, and a chart of the suggested one. Pure."""

from html import escape

from onsale.forecast import Forecast, Scenario, suggested

WIDTH, HEIGHT = 720, 240
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.25rem .75rem;text-align:right;border-bottom:1px solid #ccc}"
    "tr.best{font-weight:700}"
)
COLUMNS = (
    "ceiling per minute",
    "99 % sold",
    "all sold",
    "called",
    "wait p50",
    "wait p90",
    "worst lag",
    "called in vain",
)


def page(scenario: Scenario, forecasts: list[Forecast]) -> str:
    """The whole page; nothing is fetched by it."""
    best = suggested(forecasts)
    rows = "".join(
        f"<tr{' class=best' if each is best else ''}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells(each))}</tr>"
        for each in forecasts
    )
    told = (
        "No ceiling of these is good: people are called in vain, or the allocator lags."
        if best is None
        else f"Suggested: {best.rate_per_min:,} people per minute."
    )
    heads = "".join(f"<th>{escape(head)}</th>" for head in COLUMNS)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Rehearsal</title><style>{STYLE}</style>'
        f"<h1>{scenario.fans + scenario.comers:,} fans, {scenario.seats:,} places</h1><p>{told}</p>"
        f"<table><tr>{heads}</tr>{rows}</table>{chart(scenario, best or forecasts[-1])}</html>"
    )


def cells(forecast: Forecast) -> list[str]:
    """One row, in the order of `COLUMNS`."""
    return [
        f"{forecast.rate_per_min:,}",
        clock(forecast.sold_most_s),
        clock(forecast.sold_out_s),
        f"{forecast.called:,}",
        clock(forecast.wait_p50_s),
        clock(forecast.wait_p90_s),
        f"{forecast.worst_lag_ms / 1000:.1f} s",
        f"{forecast.turned_away:.1%}",
    ]


def clock(seconds: int | None) -> str:
    """Minutes and seconds."""
    return "never" if seconds is None else f"{seconds // 60}:{seconds % 60:02}"


def chart(scenario: Scenario, forecast: Forecast) -> str:
    """Places booked over time."""
    end_s = forecast.track[-1][0]
    points = " ".join(
        f"{second * WIDTH / end_s:.1f},{HEIGHT - booked * HEIGHT / scenario.seats:.1f}"
        for second, _, booked, _ in forecast.track
    )
    return (
        f"<h2>Places booked at {forecast.rate_per_min:,} per minute, over {clock(end_s)}</h2>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Places booked over time">'
        f'<polyline fill="none" stroke="currentColor" stroke-width="2" points="{points}"/></svg>'
    )
