"""What the notifier needs of the world, and what it may hold: ports as Protocols, limits as one value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ticketing.key_limits import NOWHERE_IN_PARTICULAR
from ticketing.key_limits import Limits as KeyLimits
from ticketing.layout import Layout
from ticketing.messages import Policy


class StoreAway(Exception):
    """Postgres cannot be reached, or takes no statements now."""


class NotNow(Exception):
    """The show cannot be watched at this moment: come again a little later."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Everything has a bound. The first two are the process's, the others are each show's, or each socket's."""

    sockets_max: int = 10_000
    shows_max: int = 1_000
    changes_max: int = 5_000
    """Changes kept for those who stand behind; who stands further behind gets a snapshot."""
    events_max: int = 20_000
    """Outcomes kept to be told again."""
    replay_batches_max: int = 2_000
    """How many batches back outcomes are looked for in the table, for one show."""
    empty_hall_kept_ms: int = 60_000
    hello_within_ms: int = 10_000
    stuck_ms: int = 8_000
    """A socket that takes nothing for so long is closed."""
    notice_ms: int = 60_000
    """How long a socket may outlive its token."""
    client_frames_per_s: float = 10
    client_frames_burst: int = 50
    """What one client may say at once, beyond what it may say on and on."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A show in the catalogue; nothing of it ever changes."""

    show: int
    part: int
    venue: str
    layout_id: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A show after the batches of its partition up to `batch_seq`; not to be shown before those are published.

    `reservations`: `(id, status, seats, areas)` of each that owns places, and of the blocked seats.
    """

    batch_seq: int
    seq: int
    status: str
    currency: str
    layout: Layout
    reservations: Sequence[tuple[bytes, str, tuple[int, ...], tuple[tuple[int, int], ...]]]
    policy: Policy | None = None
    """The rules as operators have changed them since; None: not opened yet."""


class Batch(Protocol):
    """One committed batch of outcomes."""

    @property
    def part(self) -> int: ...

    @property
    def log_gen(self) -> int: ...

    @property
    def batch_seq(self) -> int: ...

    @property
    def payload(self) -> bytes: ...

    @property
    def decided_at_ms(self) -> int: ...


class Outcomes(Protocol):
    """Every published batch exactly once, in order within its partition; `seen` is the last one of each."""

    @property
    def seen(self) -> Mapping[int, int]: ...

    async def step(self, now_ms: int, timeout_s: float = ...) -> Sequence[Batch]: ...


class Store(Protocol):
    """What Postgres knows. Every call raises `StoreAway`."""

    async def facts(self, show: int) -> Facts | None: ...

    async def load(self, facts: Facts) -> Snapshot: ...

    async def read_batches(self, part: int, after_seq: int, up_to_seq: int) -> Sequence[Batch]:
        """The batches with `after_seq` < batch_seq <= `up_to_seq`, ascending; those no longer kept are missing."""
        ...


@dataclass(frozen=True, slots=True)
class KeyFound:
    """An API key that is ours."""

    key_id: str
    gives: frozenset[str]
    """Roles and permissions."""
    revoked: bool
    limits: KeyLimits = NOWHERE_IN_PARTICULAR
    ends_at_ms: int | None = None
    """Of the secret that was asked for, where a newer one has taken its place."""
    sandbox: bool = False
    """Whether it is for trying things out."""
    selling_at_once_max: int | None = None
    """How many of its requests may be under way at once."""


class Keys(Protocol):
    """API keys. Every call raises `StoreAway`."""

    async def find(self, key_hash: bytes) -> KeyFound | None: ...

    async def find_by_id(self, key_id: str) -> KeyFound | None: ...

    async def revoked(self, key_ids: set[str]) -> set[str]:
        """Those of `key_ids` that are good no longer."""
        ...

    async def waves(self) -> Mapping[int, int]:
        """Show -> the wave that its passes must be of at least, where any were taken back."""
        ...


class Warnings(Protocol):
    """The topic of holds that end soon."""

    async def poll(self, records_max: int, timeout_s: float) -> Sequence[bytes]: ...
