"""What is asked of a shop: a show with so many places, the requests of its buyers, and how many places it has sold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from bench.driving import to_the_end
from bench.load import pack
from bench.measuring import Spent
from bench.peers.judging import Attempt, Refusal
from bench.peers.plan import Case
from bench.site import Room, Site


@dataclass(frozen=True)
class Offer:
    """A show on sale, by the name under which its shop counts it, and a request for each of its buyers."""

    show: str
    requests: Sequence[bytes]


class Shop(Protocol):
    """A ticket shop that runs."""

    @property
    def name(self) -> str:
        """As it is called in the figures."""

    @property
    def rooms(self) -> Sequence[Room]:
        """Its processes; the first one is asked."""

    @property
    def refusal(self) -> Refusal:
        """How it says that there is no place left."""

    async def offer(self, case: Case) -> Offer:
        """A new show with the places of `case`, and what its crowd will ask."""

    async def rest(self) -> None:
        """Until nothing is left to do of what was sold, so that it costs the other shop nothing."""

    async def sold(self, offer: Offer) -> int:
        """Places of a show that are sold and paid for, counted in the shop's tables."""


async def sell(site: Site, shops: Sequence[Shop], shop: Shop, case: Case, offer: Offer) -> tuple[list[Attempt], Spent]:
    """The crowd of `case` comes to one of `shops`; what the others spend meanwhile is counted, too."""
    path = site.directory / f"{shop.name}-requests"
    path.write_bytes(pack(offer.requests))
    port = shop.rooms[0].url.rpartition(":")[2]
    words = (port, str(case.clients), str(shop.refusal.status), shop.refusal.words, str(path))
    rooms = [room for each in shops for room in each.rooms]
    spent, answer = await to_the_end(site, rooms, "bench.peers.crowd", words)
    return msgspec.json.decode(answer, type=list[Attempt]), spent
