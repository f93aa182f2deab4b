"""onsale as it is compared: the rooms of a sale, each one process, and the call that sells a place at once.

`POST /api/bookings` with a place of an area that nobody holds: hold, booking and the buyer's address in one request.
Every buyer has a pass of their own, as the waiting room signs it; nothing need be paid.
"""

import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec

from bench import sale
from bench.peers.judging import Refusal
from bench.peers.plan import Case
from bench.peers.shops import Offer
from bench.site import Connection, Room, Site
from ticketing.tokens import TokenKeys
from ticketing.vocabulary import parse_show

SEED = 20261127
ROOMS = ("ingress", "allocator", "notifier", "expiry_worker")
PRICE_MINOR = 4500
SOLD = """
SELECT coalesce(sum(areas[2]), 0) FROM reservation WHERE show_id = $1 AND status = 'booked'
"""
TAKEN = "SELECT taken FROM area WHERE show_id = $1"


@dataclass(frozen=True)
class Onsale:
    """Its processes, and a connection to count with."""

    site: Site
    rooms: Sequence[Room]
    connection: Connection
    rng: random.Random
    name: str = "onsale"
    refusal: Refusal = Refusal(409, '"sold_out"')

    async def offer(self, case: Case) -> Offer:
        """A new show of one area."""
        made = await sale.make_show(self.site, self.rooms[0], capacity=case.stock)
        return Offer(made.show, list(self._bookings(made.show, case.wanted)))

    async def rest(self) -> None:
        """At once: nothing of a booking is put off."""

    async def sold(self, offer: Offer) -> int:
        """The places of its bookings. Raises RuntimeError where the area says something else."""
        number = parse_show(offer.show)
        booked, taken = await self.connection.fetchval(SOLD, number), await self.connection.fetchval(TAKEN, number)
        if booked != taken:
            raise RuntimeError(f"{booked} places are booked, {taken} are taken")
        return int(booked)

    def _bookings(self, show: str, count: int) -> Iterator[bytes]:
        tokens = TokenKeys([self.site.servers.secret])
        for number in range(count):
            _, token = sale.new_fan(tokens, show, self.rng)
            body = {
                "show": show,
                "areas": [{"area": "general", "quantity": 1}],
                "contact": {"name": f"Fan {number}", "email": f"fan{number}@example.org"},
            }
            key = f"{self.rng.getrandbits(128):032x}"
            yield sale.post(sale.BOOKINGS_PATH, token, key, msgspec.json.encode(body))


@asynccontextmanager
async def open_onsale(site: Site, connection: Connection) -> AsyncIterator[Onsale]:
    """Its rooms, ready."""
    async with site.rooms(*ROOMS) as rooms:
        yield Onsale(site, rooms, connection, random.Random(SEED))
