"""`onsale demo`: everything up, a show, a crowd through the public doors, and a verdict."""

import asyncio
import json
import os
import signal
import time
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.live import Live

from onsale.crowd.diary import open_diary
from onsale.crowd.director import LineWatch, send_in
from onsale.crowd.habits import draw_plans
from onsale.crowd.http import HttpClient
from onsale.crowd.prober import Prober
from onsale.crowd.sale import Sale
from onsale.demo_report import Outcome, print_report, progress
from onsale.demo_visitor import Guest, invite, print_links, somebody_joins, watch_the_stock
from onsale.elsewhere import Elsewhere, elsewhere
from onsale.first_show import starts_at
from onsale.installation import infra_settings, open_installation
from onsale.launching import launch
from onsale.open_files import raise_open_files
from onsale.paying import pay_for_two
from onsale.records import say
from onsale.server_process import ServerProcess, server_process
from onsale_client import AsyncClient

SEATS_PER_ROW = 25
FLOOR_SHARE = 0.1
ARRIVAL_S = 10.0
SALE_S = 50
"""How long the line would take to let the whole crowd in, at the rate that the demo sets."""
RATE_PER_MIN_LEAST = 300
RATE_PER_MIN_MOST = 6_000
FAN_CONNECTIONS_MAX = 1_500
"""A fan waits for the sale, never for another fan's connection; the server has as many files open on its side."""
REFRESH_S = 0.25
KILL_RETRY_S = 0.02
# A crowd on one machine looks often: what comes back is bought at once, and nobody sleeps through a short sale. Its
# fans are to meet at the last places, so nobody is kept from coming for those who are still choosing.
ENVIRONMENT = {"ONSALE_ROOM_POLL_CEILING_S": "3", "ONSALE_ROOM_CHOOSING_S": "0"}


@dataclass(frozen=True)
class DemoOptions:
    """What the command line says. Times in seconds."""

    fans: int
    seats: int
    seed: int
    once: bool
    port: int
    hold_s: int
    timeout_s: int
    kill_allocator: int = 0
    json_file: Path | None = None
    history_file: Path | None = None
    data_dir: Path | None = None
    at: str = ""
    with_me: bool = False


async def demo(options: DemoOptions) -> int:
    """The exit code: 0 when every place was sold and nothing is wrong. Raises `UpFailed`, `OnsaleError`."""
    raise_open_files()
    console = Console(stderr=True, highlight=False)
    async with _server(options) as server:
        console.print(f"everything is up at {server.announced.url}")
        guest = None if options.once or options.at else await _guest(Path(server.announced.data_dir))
        outcome = await server.during(_sell(options, server, console, guest))
        outcome.verdict = await server.during(_verify(server, options.history_file))
        print_report(outcome, console)
        if options.json_file is not None:
            options.json_file.write_text(json.dumps(outcome.as_json(), indent=2) + "\n")
        if not options.once:
            console.print("\nStill serving; Ctrl-C ends it.")
            print_links(console, server.announced.url, outcome.show, guest)
            console.print(f"  another sale {server.announced.url}/room/{server.announced.show}")
            # Ctrl-C reaches both of us; it is how this is meant to end.
            with suppress(asyncio.CancelledError):
                await server.ended()
        return 0 if outcome.good else 1


async def _guest(data_dir: Path) -> Guest:
    with open_installation(infra_settings(data_dir), say) as installation:
        return await invite(installation)


def _server(options: DemoOptions) -> AbstractAsyncContextManager[ServerProcess | Elsewhere]:
    if options.at:
        return elsewhere(options.at, options.data_dir)
    arguments = ["--port", str(options.port)]
    if options.data_dir is not None:
        arguments += ["--data-dir", str(options.data_dir)]
    return server_process(arguments, ENVIRONMENT)


async def _sell(
    options: DemoOptions, server: ServerProcess | Elsewhere, console: Console, guest: Guest | None
) -> Outcome:
    announced = server.announced
    address = urlsplit(announced.url)
    assert address.hostname is not None and address.port is not None
    http = HttpClient(address.hostname, address.port, connections_max=FAN_CONNECTIONS_MAX)
    rate_per_min = min(max(options.fans * 60 // SALE_S, RATE_PER_MIN_LEAST), RATE_PER_MIN_MOST)
    async with AsyncClient(announced.url, token=announced.admin_key) as house:
        sale = await _make_sale(options, house, http)
        await house.set_rate(sale.show, rate_per_min=rate_per_min, reason="the pace of the demo")
    await sale.load()
    if not options.once:
        print_links(console, announced.url, sale.show, guest)
    if options.with_me:
        console.print("Join the line of this sale in a browser; the crowd comes after you.")
        if not await somebody_joins(sale):
            console.print("Nobody has come; the crowd comes alone.")
    line = LineWatch()
    prober = Prober(sale, announced.sandbox_key)
    began_s = time.monotonic()
    outcome = Outcome(sale, line, prober, rate_per_min, options.fans)
    async with AsyncExitStack() as stack:
        sale.diary = stack.enter_context(open_diary(options.history_file, sale.show))
        await stack.enter_async_context(prober.probing())
        live = stack.enter_context(Live(console=console, auto_refresh=False, transient=True))
        works = [_show_progress(outcome, live), _kill(options.kill_allocator, server, outcome)]
        for work in [*works, watch_the_stock(sale)] if options.with_me else works:
            stack.push_async_callback(_cancel, asyncio.create_task(work))
        await send_in(sale, draw_plans(options.seed, options.fans, ARRIVAL_S), line, options.timeout_s)
    outcome.elapsed_s = time.monotonic() - began_s
    running = server.running()
    outcome.restarts = dict(running.restarts) if running is not None else {}
    async with AsyncClient(announced.url, token=announced.admin_key) as house:
        await _compare_with_the_public_record(sale, house, with_others=options.with_me)
        outcome.paid = await pay_for_two(announced.url, house, announced.sandbox_key)
    http.close()
    return outcome


async def _make_sale(options: DemoOptions, house: AsyncClient, http: HttpClient) -> Sale:
    venue = await house.add_venue("The Demo Hall")
    await house.put_layout(venue.venue, hall(options.seats))
    show = await house.add_show(
        {
            "name": "One Night Only",
            "venue": venue.venue,
            "starts_at": starts_at(),
            "currency": "EUR",
            "test": True,
            "policy": {"hold_s": options.hold_s, "hold_max_s": 10 * options.hold_s, "payment": "optional"},
        }
    )
    return Sale(http=http, show=show.show, venue=venue.venue, places=options.seats, seed=options.seed)


def hall(places: int) -> dict[str, Any]:
    """A layout of that many places: rows of seats, and about a tenth of them standing on the floor."""
    per_row = min(SEATS_PER_ROW, max(2, round(places**0.5)))
    rows = round(places * (1 - FLOOR_SHARE)) // per_row
    front = list(range(1, max(1, rows // 3) + 1))
    return {
        "name": "hall",
        "rows": rows,
        "seats_per_row": per_row,
        "categories": [{"name": "front", "price": 9500, "rows": front}, {"name": "standard", "price": 5500}],
        "areas": [{"label": "floor", "category": "standard", "capacity": places - rows * per_row}],
    }


async def _show_progress(outcome: Outcome, live: Live) -> None:
    while True:
        live.update(progress(outcome), refresh=True)
        await asyncio.sleep(REFRESH_S)


async def _kill(times: int, server: ServerProcess | Elsewhere, outcome: Outcome) -> None:
    """Signal 9 to the allocator, each time another part of the places is sold: never while nothing happens."""
    tally, killed = outcome.sale.tally, 0
    while outcome.kills < times:
        await asyncio.sleep(KILL_RETRY_S)
        due = tally.sold >= outcome.sale.places * (outcome.kills + 1) / (times + 1)
        pid = server.child("allocator")
        # The one that was killed before may still be written down.
        if due and pid is not None and pid != killed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed = pid
                outcome.kills += 1


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _compare_with_the_public_record(sale: Sale, house: AsyncClient, *, with_others: bool) -> None:
    """Every booking that a fan was told of is there, and nothing was booked that no fan was told of. `with_others`:
    somebody else was invited, whose places are counted apart."""
    for number in sale.tally.bookings:
        booking = await house.booking(number)
        if booking.status != "booked":
            sale.tally.complain(f"booking {number} was confirmed, and is {booking.status}")
    counts = await house.availability(sale.venue, sale.show)
    if with_others:
        sale.by_hand = max(0, counts.booked_seats - sale.tally.sold)
    if counts.booked_seats != sale.tally.sold + sale.by_hand:
        sale.tally.complain(f"{counts.booked_seats} places are booked, fans were told of {sale.tally.sold}")


async def _verify(server: ServerProcess | Elsewhere, history: Path | None) -> dict[str, Any]:
    """The report of `onsale verify`, run as a process of its own."""
    words = ["-m", "onsale", "verify", "--json", "--data-dir", server.announced.data_dir]
    if history is not None:
        words += ["--history", str(history)]
    process = await launch(words, death_signal=signal.SIGTERM, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    if not output:
        return {"violations": -1, "checks": {}}
    report: dict[str, Any] = json.loads(output)
    return report
