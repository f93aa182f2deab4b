"""What the catalogue says of venues, layouts and shows, as values."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from ticketing.intake import ShowFacts
from ticketing.layout import Layout
from ticketing.messages import Policy
from ticketing.telling import Where


@dataclass(frozen=True, slots=True)
class VenueRow:
    venue: str
    name: str
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class ListedVenue:
    """A venue with its newest layout, which it may not have yet."""

    venue: VenueRow
    layout: str | None
    version: int | None
    places: int | None


@dataclass(frozen=True, slots=True)
class LayoutRow:
    """A stored layout without its document."""

    layout: str
    venue: str
    version: int
    sha256: bytes
    places: int
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class ShowRow:
    """A show as its creator asked for it, but for `policy` and `prices` (against the layout's), which are as of now."""

    show: int
    part: int
    venue: str
    venue_name: str
    layout: str
    layout_version: int
    layout_sha256: bytes
    name: str
    currency: str
    starts_at_ms: int
    opens_at_ms: int
    closes_at_ms: int
    places: int
    prices: dict[str, int]
    policy: Policy
    test: bool
    created_by: str
    request_key: bytes
    fingerprint: bytes
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class NewLayout:
    """A layout to be stored: its id, and its document with the digest."""

    layout: str
    document: bytes
    sha256: bytes
    places: int


@dataclass(frozen=True, slots=True)
class NewShow:
    """A show to be stored; with `new_venue` (its name) the venue and its first layout are made in the same breath."""

    show: int
    venue: str
    layout: str
    name: str
    currency: str
    starts_at_ms: int
    opens_at_ms: int
    closes_at_ms: int
    places: int
    prices: dict[str, int]
    policy: Policy
    test: bool
    created_by: str
    request_key: bytes
    fingerprint: bytes
    created_at_ms: int
    new_venue: str | None = None
    new_layout: NewLayout | None = None


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Show:
    """A show with its layout, as every request needs it. `prices` by category number."""

    row: ShowRow
    facts: ShowFacts
    prices: tuple[int, ...]
    text: str
    """The show's id as it is written outside."""
    where: Where
    """What is told with each of its reservations."""
    words: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """How holds of it are answered (`hold_words.py`): what is kept of that goes with the show."""

    @property
    def layout(self) -> Layout:
        return self.facts.layout


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list: shows by start and number, behind `after`; times in milliseconds."""

    text: str | None
    from_ms: int | None
    to_ms: int | None
    venue: str | None
    status: str | None
    after: tuple[int, int]
    limit: int
