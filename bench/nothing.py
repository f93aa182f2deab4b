"""The same requests, asked of Starlette's empty handler: what this way of doing HTTP costs, and the machine's speed.

Whoever asks sends what a hold is made of, with every header: nothing but the path is another one.
"""

import random
from collections.abc import Iterator
from itertools import chain, repeat

from bench import sale
from bench.driving import Loaded, closed_loop
from bench.site import Room, Site

TILL = "bench.one_by_one_http"
DIFFERENT = 20_000
REQUESTS_A_S = 48_000
"""More than any machine so far has answered."""


async def ask_for_nothing(  # noqa: PLR0913 -- as `closed_loop`, and whose requests they are
    site: Site, till: Room, show: str, rng: random.Random, connections: int, *, warm_s: float, measure_s: float
) -> Loaded:
    """As many requests as go, against the empty handler of `till`."""
    requests = _nothings(site, show, rng, round(REQUESTS_A_S * (warm_s + measure_s)))
    return await closed_loop(site, (till,), connections, requests, warm_s=warm_s, measure_s=measure_s)


def _nothings(site: Site, show: str, rng: random.Random, count: int) -> Iterator[bytes]:
    """About `count` of them."""
    line = f"POST {sale.HOLDS_PATH} ".encode()
    holds = sale.area_holds(site, show, DIFFERENT, rng)
    asked = [b"POST /empty " + held.hold.removeprefix(line) for held in holds]
    return chain.from_iterable(repeat(asked, -(-count // len(asked))))
