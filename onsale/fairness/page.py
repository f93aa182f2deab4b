"""The report as a page that opens by itself, and as lines for a terminal. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin-block:1rem}td,th{padding:.25rem .75rem;text-align:left;"
    "border-bottom:1px solid #ccc}td+td{text-align:right;font-variant-numeric:tabular-nums}"
)
Rows = Sequence[tuple[str, str]]


def sections(told: Mapping[str, Any]) -> list[tuple[str, Rows]]:
    """`(title, rows)`: what a report says, in order."""
    lines = sorted(told["joined"])
    return [
        (
            "Order",
            [
                ("let in before their place was called (must be 0)", _n(told["inversions"])),
                ("not judged: nothing was kept afterwards, or everybody was let through", _n(told["not_judged"])),
                *((f"{line}: place and moment of being let in, rank correlation", _part(told["rank_correlation"][line]))
                  for line in lines),
            ],
        ),
        (
            "People",
            [
                *((f"{line}: joined", _n(told["joined"][line])) for line in lines),
                ("let in", _n(told["let_in"])),
                ("gave their place up", _n(told["given_up"])),
                *((f"joined with: {device}", _n(n)) for device, n in sorted(told["joined_by_device"].items())),
            ],
        ),
        (
            "Waits of those who were let in",
            [
                *((f"{line}: half within, nine in ten within, longest", _waits(told["waits"][line])) for line in lines),
                *((f"{device}: half within, nine in ten within", _steps(found))
                  for device, found in sorted(told["waits_by_device"].items())),
                ("waits that were told rightly beforehand", _percent(told["eta_hit_rate"])),
            ],
        ),
        (
            "Refused, cleared, from where",
            [
                *((f"refused: {reason}", _n(n)) for reason, n in sorted(told["refused"].items())),
                *((f"cleared by: {way}", _n(n)) for way, n in sorted(told["cleared"].items())),
                ("networks seen", _n(told["networks"]["known"])),
                ("of all joins from the largest network", _percent(told["networks"]["largest_part"])),
                ("of all joins from the ten largest", _percent(told["networks"]["ten_largest_part"])),
            ],
        ),
        ("What operators did", [(f"{_time(act['at_ms'])} {act['act']}", act["reason"]) for act in told["acts"]]),
    ]  # fmt: skip


def page(told: Mapping[str, Any]) -> str:
    """The whole page; nothing is fetched by it."""
    body = "".join(
        f"<h2>{escape(title)}</h2><table>"
        + "".join(f"<tr><td>{escape(what)}</td><td>{escape(value)}</td></tr>" for what, value in rows)
        + "</table>"
        for title, rows in sections(told)
        if rows
    )
    name = escape(told["name"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Was it fair? {name}</title>'
        f"<style>{STYLE}</style><h1>{name}</h1>{body}</html>"
    )


def as_lines(told: Mapping[str, Any]) -> list[str]:
    """The same for a terminal."""
    lines = [told["name"]]
    for title, rows in sections(told):
        lines += ["", title, *(f"  {what}: {value}" for what, value in rows)]
    return lines


def _n(value: int) -> str:
    return f"{value:,}"


def _part(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _waits(found: Mapping[str, float | None]) -> str:
    return ", ".join("–" if value is None else f"{value:,.0f} s" for value in found.values())


def _steps(found: Mapping[str, Any]) -> str:
    return ", ".join(
        f"more than {7_200:,} s" if found[name] is None else f"{found[name]:,} s"
        for name in ("p50_within_s", "p90_within_s")
    )


def _time(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"
