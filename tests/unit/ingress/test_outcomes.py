"""Reading outcomes: who is told, and what is not even looked into."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from ingress.condition import Condition
from ingress.outcomes import Followed, OutcomeBatch, OutcomeReader
from ingress.views import Views
from ingress.waiters import Waiters
from runtime.follow import Batch
from tests.unit.ingress.listener import Listener
from tests.unit.ingress.tales import PART, SHOW, T0, hall, held, reservation
from ticketing import messages
from ticketing.messages import AnyOutcome, encode_outcomes
from ticketing.show_view import HELD, ShowView

pytestmark = pytest.mark.anyio

KEY = b"k" * 16


def batch(*outcomes: AnyOutcome, part: int = PART, log_gen: int = 0, seq: int = 1) -> Batch:
    return Batch(part, log_gen, seq, "h", encode_outcomes(list(outcomes)), T0)


@dataclass
class Script:
    """A follower that hands out what the test wrote."""

    steps: list[list[Batch]]
    opened: int = 0
    seen: dict[int, int] = field(default_factory=lambda: {PART: 7})

    async def open(self) -> Followed:
        self.opened += 1
        return self

    async def step(self, now_ms: int, timeout_s: float) -> Sequence[OutcomeBatch]:
        return self.steps.pop(0)


class Room:
    def __init__(self, *steps: list[Batch]) -> None:
        self.script = Script(list(steps))
        self.waiters = Waiters(10)
        self.views = Views(places_max=1_000, reservations_max=10)
        self.condition = Condition()
        self.terms_changed: list[int | None] = []
        self.reader = OutcomeReader(
            open_follower=self.script.open,
            waiters=self.waiters,
            views=self.views,
            condition=self.condition,
            terms_changed=self.terms_changed.append,
        )

    def load(self) -> ShowView:
        self.views.begin(PART, SHOW)
        view = self.views.install(SHOW, ShowView(hall()))
        assert view is not None
        return view


async def test_those_who_wait_are_told_and_views_move() -> None:
    room = Room([batch(held(reservation(KEY, seats=(0,)), offset=5), log_gen=2)])
    view = room.load()
    waiter = Listener(PART, KEY)
    room.waiters.register(waiter)
    room.waiters.appended(waiter, 0, 5)
    assert await room.reader.step(T0) == 1
    assert waiter.heard is not None
    assert view.seats[0] == HELD
    assert room.condition.log_gens == {PART: 2}


async def test_who_is_told_finds_the_view_moved_already() -> None:
    room = Room([batch(held(reservation(KEY, seats=(0,)), offset=5))])
    view = room.load()
    seen: list[int] = []
    waiter = Listener(PART, KEY, lambda: seen.append(view.seats[0]))
    room.waiters.register(waiter)
    room.waiters.appended(waiter, 0, 5)
    await room.reader.step(T0)
    assert seen == [HELD]


async def test_what_nobody_needs_is_not_decoded() -> None:
    undecodable = Batch(PART, 1, 1, "h", b"not MessagePack", T0)
    room = Room([batch(held(reservation(KEY)))], [undecodable])
    room.views.apply(PART, [held(reservation(KEY), seq=1)])
    await room.reader.step(T0)
    assert room.views.reservation(PART, KEY) is None
    await room.reader.step(T0)
    assert room.condition.log_gens == {PART: 1}


async def test_it_follows_from_where_things_stand_when_it_begins_and_after_a_new_history() -> None:
    room = Room([], [])
    assert not room.reader.reading
    assert room.reader.seen(PART) == -1
    await room.reader.step(T0)
    assert (room.reader.reading, room.reader.seen(PART), room.script.opened) == (True, 7, 1)
    room.load()
    room.reader.restart()
    assert room.views.get(SHOW) is None
    await room.reader.step(T0)
    assert room.script.opened == 2


async def test_an_allocator_that_publishes_is_heard_of_whether_anybody_waits_or_not() -> None:
    room = Room([batch(held(reservation(KEY), offset=5))])
    room.condition.appended(PART, T0)
    room.condition.appended(PART + 1, T0)
    await room.reader.step(T0)
    assert room.condition.unanswered_since_ms == {PART + 1: T0}


async def test_changed_terms_are_heard_of_whether_anybody_looks_or_not() -> None:
    changed = messages.ShowChanged(show=SHOW, seq=1, at_ms=T0, offset=0)
    room = Room([batch(changed)], [batch(held(reservation(KEY)))], [batch(changed)])
    await room.reader.step(T0)
    assert room.terms_changed == [None, PART]
    await room.reader.step(T0)
    assert room.terms_changed == [None, PART]
    room.load()
    await room.reader.step(T0)
    assert room.terms_changed == [None, PART, PART]
