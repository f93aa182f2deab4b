"""Bringing a view into memory while the world goes on."""

from collections.abc import Callable

import pytest

from ingress.ledger import Snapshot
from ingress.looking import Looking
from ingress.stores import StoreAway
from ingress.views import Views
from tests.unit.ingress.tales import PART, a_show, held, reservation
from ticketing.show_view import HELD

pytestmark = pytest.mark.anyio

KEY = b"k" * 16


class World:
    """Postgres and the log, as far as a snapshot is concerned."""

    def __init__(self) -> None:
        self.views = Views(places_max=1_000, reservations_max=10)
        self.snapshots: list[Snapshot | None] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.published_seq = 0
        self.seen_seq = 0
        self.paused_s: list[float] = []
        self.looking = Looking(views=self.views, snapshots=self, seen=lambda _: self.seen_seq, pause=self._pause)

    async def snapshot(self, part: int, show: int) -> Snapshot | None:
        self.meanwhile()
        return self.snapshots.pop(0)

    async def published(self, part: int) -> int:
        return self.published_seq

    async def _pause(self, seconds: float) -> None:
        self.paused_s.append(seconds)


async def test_a_snapshot_becomes_a_view_and_is_kept() -> None:
    world = World()
    world.snapshots = [Snapshot(0, "open", 4, [(KEY, "held", (0, 1), ((0, 3),))])]
    view = await world.looking.view(a_show())
    assert view is not None
    assert (view.seq, view.seats[1], view.area_left(0)) == (4, HELD, 17)
    assert await world.looking.view(a_show()) is view


async def test_a_show_that_was_never_opened_has_none() -> None:
    world = World()
    world.snapshots = [None]
    assert await world.looking.view(a_show()) is None
    assert not world.views.any_on(PART)


async def test_a_snapshot_is_not_shown_before_it_is_published() -> None:
    world = World()
    world.snapshots = [Snapshot(3, "open", 0, [])]

    async def publish(seconds: float) -> None:
        world.paused_s.append(seconds)
        world.published_seq += 1

    looking = Looking(views=world.views, snapshots=world, seen=lambda _: 0, pause=publish)
    assert await looking.view(a_show()) is not None
    assert len(world.paused_s) == 3


async def test_what_we_have_read_ourselves_is_published() -> None:
    world = World()
    world.seen_seq = 3
    world.snapshots = [Snapshot(3, "open", 0, [])]
    assert await world.looking.view(a_show()) is not None
    assert world.paused_s == []


async def test_what_is_never_published_is_never_shown() -> None:
    world = World()
    world.snapshots = [Snapshot(3, "open", 0, [])]
    with pytest.raises(StoreAway):
        await world.looking.view(a_show())
    assert not world.views.any_on(PART)


async def test_a_snapshot_with_a_gap_behind_it_is_read_again() -> None:
    world = World()
    world.snapshots = [Snapshot(0, "open", 1, []), Snapshot(0, "open", 3, [])]
    news = [held(reservation(KEY, seats=(0,)), seq=4)]
    world.meanwhile = lambda: world.views.apply(PART, news)
    view = await world.looking.view(a_show())
    assert view is not None
    assert (view.seq, world.snapshots) == (4, [])


async def test_it_gives_up_on_a_show_that_is_never_whole() -> None:
    world = World()
    world.snapshots = [Snapshot(0, "open", 1, [])] * 9
    world.meanwhile = lambda: world.views.apply(PART, [held(reservation(KEY, seats=(0,)), seq=4)])
    with pytest.raises(StoreAway, match="changes faster"):
        await world.looking.view(a_show())
