"""`onsale simulate`: rehearse a sale before it is held, in virtual time, with the gate of the waiting room itself."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from onsale.forecast import SCENARIOS, as_json, as_plan, compare, suggested
from onsale.forecast_page import COLUMNS, cells, page
from onsale.plan_filing import file_plan, plan_address
from onsale.records import say


def simulate(
    scenario: Annotated[str, typer.Argument(help=f"Begin with one of: {', '.join(SCENARIOS)}.")] = "hall",
    *,
    fans: Annotated[int | None, typer.Option(min=1, help="Who wait at the opening.", show_default=False)] = None,
    seats: Annotated[int | None, typer.Option(min=1, help="Places to sell.", show_default=False)] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="The ceiling: people per minute.", show_default=False)] = None,
    bears: Annotated[float | None, typer.Option(min=0.1, help="Holds per second that the allocator bears.")] = None,
    comers: Annotated[int | None, typer.Option(min=0, help="Who come in the ten minutes after the opening.")] = None,
    comes: Annotated[float | None, typer.Option(min=0, max=1, help="Part of those called who come.")] = None,
    wants: Annotated[float | None, typer.Option(min=0, max=1, help="Part of those who find something.")] = None,
    pays: Annotated[float | None, typer.Option(min=0, max=1, help="Part of the holds that are paid.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the plan there.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with table and chart there.")] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="File the suggested plan with the room of a show: https://HOST/room/shw_…", show_default=False
        ),
    ] = None,
    key: Annotated[
        str, typer.Option(help="An operator's API key, to file it.", envvar="ONSALE_KEY", show_default=False)
    ] = "",
    reason: Annotated[str, typer.Option(help="Why it is filed, which everybody can read.")] = "a rehearsal",
) -> None:
    """Rehearse a sale: when it is sold out, how long people wait, and which ceiling to set.

    The limits of the waiting room are its own; people are counted in parts, two places each, and places are not chosen
    on a plan.
    """
    if scenario not in SCENARIOS:
        raise typer.BadParameter(f"one of: {', '.join(SCENARIOS)}")
    address = None if store is None else plan_address(store)
    given = {
        "fans": fans,
        "seats": seats,
        "rate_per_min": rate,
        "bears_per_s": bears,
        "comers": comers,
        "comes": comes,
        "wants": wants,
        "pays": pays,
    }
    sale = replace(SCENARIOS[scenario], **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]  # each has the type of its field
    forecasts = compare(sale)
    best = suggested(forecasts)
    table = Table(*COLUMNS, title=f"{sale.fans + sale.comers:,} fans, {sale.seats:,} places")
    for each in forecasts:
        table.add_row(*cells(each), style="bold" if each is best else "")
    Console().print(table)
    print(
        "no ceiling of these is good" if best is None else f"suggested ceiling: {best.rate_per_min} people per minute"
    )
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(sale, forecasts)))
        say(f"the plan: {json_file}")
    if address is not None:
        file_plan(address, key, reason, as_plan(sale, best or forecasts[-1]))
    if html is not None:
        html.write_text(page(sale, forecasts))
        say(f"the page: {html}")
