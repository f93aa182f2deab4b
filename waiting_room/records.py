"""What is kept of how a sale went: where it stood every few seconds, and counts of what became of fans. Pure.

Nobody is named: devices are counted in four kinds, and networks under a name that only our own secret leads to.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from waiting_room.rooms import Room

TRACK_EVERY_MS = 5_000
STANDS_MS = 60_000
"""As long as nothing changes, so often is enough."""
WAITS_S = (10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200)
"""Waits are counted up to each of these."""
NETWORKS_MAX = 50_000
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a sale stood: `lines` by name `(issued, serving)`; None where no allocator had spoken."""

    at_ms: int
    phase: str
    lines: Mapping[str, tuple[int, int]]
    claimed: int
    given_up: int
    available: int | None
    held: int | None
    booked: int | None
    rate_target: int
    limited_by: str
    lag_ms: int | None

    @property
    def called(self) -> int:
        """People who have been called, of all lines."""
        return sum(min(serving, issued) for issued, serving in self.lines.values())

    def stands_as(self, other: "Moment") -> bool:
        """Whether nothing has moved between the two."""
        mine = (self.phase, self.lines, self.claimed, self.given_up, self.held, self.booked, self.rate_target)
        return mine == (
            other.phase, other.lines, other.claimed, other.given_up, other.held, other.booked, other.rate_target
        )  # fmt: skip


def moment_of(room: Room, now_ms: int) -> Moment:
    """Where it stands now, at the beginning of its few seconds: instances that see the same write the same row."""
    stock = None if room.heard is None else room.heard.stock
    positions = {name: queue.position for name, queue in sorted(room.queues.items())}
    admission = room.admission(now_ms)
    return Moment(
        at_ms=now_ms - now_ms % TRACK_EVERY_MS,
        phase=room.phase(now_ms),
        lines={name: (position.issued, position.serving) for name, position in positions.items()},
        claimed=sum(position.claimed for position in positions.values()),
        given_up=sum(position.given_up for position in positions.values()),
        available=None if stock is None else stock.available,
        held=None if stock is None else stock.held,
        booked=None if stock is None else stock.booked,
        rate_target=admission.rate_per_min,
        limited_by=admission.limited_by,
        lag_ms=None if room.heard is None else room.heard.lag_ms,
    )


def device_of(user_agent: str, *, scripts: bool = True) -> str:
    """`phone`, `computer`, `plain` (no scripts) or `program`, as far as a browser says what it is."""
    if not scripts:
        return "plain"
    if not user_agent.startswith("Mozilla/"):
        return "program"
    return "phone" if any(word in user_agent for word in ("Mobi", "Android", "iPhone", "iPad")) else "computer"


def wait_name(wait_ms: int) -> str:
    """The step that a wait belongs to: up to so many seconds."""
    return next((str(step) for step in WAITS_S if wait_ms <= step * 1_000), "more")


class Tally(NamedTuple):
    """`kind` is one of refused, cleared, joined, let_in, `waited_…`, eta, network."""

    show: int
    kind: str
    name: str
    n: int


class Tallies:
    """What this instance has counted and not written yet."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[int, str, str]] = Counter()
        self._networks: dict[int, int] = {}

    def add(self, show: int, kind: str, name: str, n: int = 1) -> None:
        """Count."""
        self._counts[show, kind, name] += n

    def joined(self, show: int, device: str, network: str) -> None:
        """Somebody joined; `network`: empty where that says nothing, else as `network_name` names it."""
        self.add(show, "joined", device)
        if not network:
            return
        if (show, "network", network) not in self._counts:
            seen = self._networks.get(show, 0)
            if seen >= NETWORKS_MAX:
                network = OTHERS
            self._networks[show] = seen + 1
        self.add(show, "network", network)

    def let_in(self, show: int, device: str, wait_ms: int) -> None:
        """Somebody claimed their place for the first time, so long after they could have been called at the soonest."""
        self.add(show, "let_in", device)
        self.add(show, f"waited_{device}", wait_name(wait_ms))

    def take(self) -> list[Tally]:
        """All of it, to be written."""
        taken, self._counts, self._networks = self._counts, Counter(), {}
        return [Tally(*key, n) for key, n in taken.items() if n]

    def put_back(self, tallies: Sequence[Tally]) -> None:
        """It was not written."""
        for tally in tallies:
            self.add(*tally)


class RecordBook(Protocol):
    """Each method raises `ports.LedgerUnavailable`."""

    async def add_moment(self, show: int, moment: Moment) -> None:
        """Keep it, unless another instance was faster."""
        ...

    async def add_tallies(self, tallies: Sequence[Tally]) -> None:
        """Add to what is kept."""
        ...

    async def track(self, show: int, rows_max: int) -> list[Moment]:
        """How it went, in order; of more than `rows_max` moments evenly as many, with the last one."""
        ...

    async def keep_plan(self, show: int, plan: Mapping[str, object], at_ms: int) -> None:
        """In the place of the one before."""
        ...

    async def plan(self, show: int) -> tuple[Mapping[str, object], int] | None:
        """The plan, and when it was kept."""
        ...
