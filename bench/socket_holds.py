"""How many holds a second are committed and answered by websocket? A part of `bench.sockets`.

As `bench.pipeline` asks it over HTTP: two places of one area each, one process (here a notifier) before one allocator,
the generator (`bench.socket_load`) on the same cores. Every socket is a fan's, with one wish at a time, and hears what
every visitor hears besides: what is left, as it changes. Only a verdict counts, and it is told after the commit.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from bench import sale
from bench.backlog import FOUND
from bench.driving import Loaded, closed_loop_by_socket
from bench.measuring import Bench, Gate, medians
from bench.sale import CREATED, PLACES_EACH
from bench.site import Connection, Site
from bench.socket_load import SocketPlan
from ticketing.tokens import TokenKeys
from ticketing.vocabulary import parse_show

SOCKETS = 500
PLACES = 200_000
"""As many as a show may have: they last for seven seconds of 14,000 holds."""
FRAMES_PER_S = 1_000
"""Of one socket; the default is there to keep people from doing what this bench does."""
SETTINGS = {"ONSALE_SOCKET_FRAMES_PER_S": str(FRAMES_PER_S)}

RATE = Gate(8_000, 20_000)


@dataclass(frozen=True)
class Size:
    """Seconds of one round."""

    warm_s: float
    measure_s: float


async def measured(site: Site, connection: Connection, size: Size, rng: random.Random) -> Loaded:
    """One round on a new show. Raises RuntimeError where an answer is no row, or a row no answer."""
    await site.empty(connection)
    async with (
        site.room("allocator", ready=True) as allocator,
        site.room("notifier", ready=True, settings=SETTINGS) as notifier,
    ):
        async with site.room("ingress", ready=True) as ingress:
            policy = {"max_held_seats_per_person": PLACES}
            made = await sale.make_show(site, ingress, capacity=PLACES, policy=policy)
        tokens = TokenKeys([site.servers.secret])
        body = {"show": made.show, "areas": [{"area": "general", "quantity": PLACES_EACH}]}
        plan = SocketPlan(
            path=f"/ws/venues/{made.venue}/shows/{made.show}",
            tokens=[sale.new_fan(tokens, made.show, rng)[1] for _ in range(SOCKETS)],
            body=msgspec.Raw(msgspec.json.encode(body)),
            holds=PLACES // PLACES_EACH,
        )
        loaded = await closed_loop_by_socket(
            site, (notifier, allocator), plan, warm_s=size.warm_s, measure_s=size.measure_s
        )
        part = await connection.fetchval("SELECT part FROM catalogue_show WHERE show_id = $1", parse_show(made.show))
        found = await connection.fetchrow(FOUND, part, parse_show(made.show))
    assert found is not None
    _check(loaded, found["reservations"], found["places"])
    return loaded


def report(bench: Bench, rounds: Sequence[Loaded]) -> None:
    """The rate, and what a hold costs the notifier."""
    conditions = rounds[0].conditions() | {"cpu_us": medians([each.spent.cpu_us_per(each.created) for each in rounds])}
    foreign = [each.spent.foreign_cores for each in rounds]
    rates = [each.rate for each in rounds]
    more = {"loop": "closed", "connections": SOCKETS, "frames_per_s_max": FRAMES_PER_S, "foreign_cores": foreign}
    bench.line(f"holds by websocket, {SOCKETS} sockets", "granted/s", rates, RATE, **conditions | more)


def _check(loaded: Loaded, reservations: int, places: int) -> None:
    ever = loaded.measured.ever
    answered = ever.get(CREATED, 0)
    if set(ever) - {CREATED}:
        raise RuntimeError(f"not only grants were told: {ever}")
    if not answered <= reservations <= answered + SOCKETS or places != PLACES_EACH * reservations:
        raise RuntimeError(f"{answered} answers, {reservations} reservations, {places} places")
