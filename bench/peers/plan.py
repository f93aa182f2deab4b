"""Which trials a run consists of, and in which order. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

DEMAND = 5
"""Buyers for each place."""


@dataclass(frozen=True)
class Case:
    """The last `stock` places of a show, wanted by five times as many, `clients` of them at a time."""

    stock: int
    clients: int

    @property
    def wanted(self) -> int:
        """How many places are asked for, each by a buyer of its own."""
        return DEMAND * self.stock

    def __str__(self) -> str:
        return f"last {self.stock:,} of stock, {self.clients} clients"


@dataclass(frozen=True)
class Size:
    """The cases and rounds of a full run, or of `--quick`; what both shops sell before anything is measured."""

    cases: tuple[Case, ...]
    rounds: int
    jvm_warm_s: float
    warm: Case


@dataclass(frozen=True)
class Trial:
    """A case, asked of one shop."""

    case: Case
    shop: str


FULL = Size(
    cases=tuple(Case(stock, clients) for stock in (200, 2_000) for clients in (16, 32, 64)),
    rounds=5,
    jvm_warm_s=60,
    warm=Case(400, 32),
)
QUICK = Size(cases=(Case(50, 16),), rounds=1, jvm_warm_s=0, warm=Case(20, 16))


def trials(cases: Sequence[Case], rounds: int, shops: tuple[str, str]) -> Iterator[Trial]:
    """Every case of every round, asked of both shops one after the other; each round the other one begins."""
    for number in range(rounds):
        order = shops if number % 2 == 0 else shops[::-1]
        for case in cases:
            for shop in order:
                yield Trial(case, shop)
