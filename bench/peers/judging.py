"""What the attempts of a trial come to, and whether the tables agree with what the buyers were told. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import msgspec

from bench.measuring import percentile

CREATED = 201


class Ending(IntEnum):
    """What a buyer was told."""

    SOLD = 0
    REFUSED = 1
    UNSETTLED = 2
    """Anything else: too busy, an error, no answer. The place may be theirs or not."""


class Refusal(msgspec.Struct, frozen=True):
    """How a shop says that there is no place left: this status, and these words somewhere in the answer."""

    status: int
    words: str


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """One buyer's request; milliseconds since the first of all was sent. `status`: of the answer, 0 without one."""

    ending: Ending
    status: int
    sent_ms: float
    answered_ms: float

    @property
    def took_ms(self) -> float:
        """How long the buyer waited."""
        return self.answered_ms - self.sent_ms


@dataclass(frozen=True)
class Group:
    """All attempts that ended alike. `rate`: for each second between the first of them sent and the last answered."""

    count: int
    rate: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Sale:
    """A trial as its buyers saw it; None: nobody was told that. `other`: all other answers, by status."""

    sold: Group | None
    refused: Group | None
    other: Mapping[int, int]

    @property
    def unsettled(self) -> int:
        """Buyers without a clear answer."""
        return sum(self.other.values())


def ending_of(status: int, body: bytes, refusal: Refusal) -> Ending:
    """What an answer means to the buyer."""
    if status == CREATED:
        return Ending.SOLD
    if status == refusal.status and refusal.words.encode() in body:
        return Ending.REFUSED
    return Ending.UNSETTLED


def summary(attempts: Sequence[Attempt]) -> Sale:
    """Counts, rates and waits of a trial."""
    return Sale(
        sold=_group(attempts, Ending.SOLD),
        refused=_group(attempts, Ending.REFUSED),
        other=Counter(attempt.status for attempt in attempts if attempt.ending is Ending.UNSETTLED),
    )


def contradictions(sale: Sale, found: int, stock: int) -> list[str]:
    """What cannot be, after a sale of `stock` places of which the tables hold `found` as sold; empty: it is exact.

    Whoever got no clear answer may or may not have a place; everybody else has what they were told.
    """
    told = sale.sold.count if sale.sold else 0
    wrong = []
    if found > stock:
        wrong.append(f"{found} places sold of {stock}")
    if found < told:
        wrong.append(f"{told} buyers were told that they have a place, {found} are sold")
    if found > told + sale.unsettled:
        wrong.append(f"{found} places sold, {told} buyers told so, {sale.unsettled} without a clear answer")
    if sale.refused and not sale.unsettled and found < stock:
        wrong.append(f"{sale.refused.count} buyers were refused, and {stock - found} places are left")
    return wrong


def _group(attempts: Sequence[Attempt], ending: Ending) -> Group | None:
    alike = [attempt for attempt in attempts if attempt.ending is ending]
    if not alike:
        return None
    seconds = (max(each.answered_ms for each in alike) - min(each.sent_ms for each in alike)) / 1000
    waits = sorted(each.took_ms for each in alike)
    return Group(len(alike), len(alike) / seconds, percentile(waits, 0.5), percentile(waits, 0.99))
