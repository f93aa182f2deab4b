"""Who finds a place among those who wait, and who has enough of them."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingress.crowd import INSISTENT_MAX, INSISTENT_MS, LOOK_AGAIN_MS, TIMES_FREE, Crowd
from tests.unit.ingress.tales import T0
from ticketing.clock import ManualClock

PLACES = 200


class Room:
    """Everybody who waits, in the order in which they came."""

    def __init__(self, places: int = PLACES) -> None:
        self.waiting: list[str] = []
        self.clock = ManualClock(T0)
        self.crowd = Crowd(places, self.clock)

    def ask(self, account: str) -> bool:
        if self.crowd.is_full() or self.crowd.has_its_share(account):
            return False
        self.crowd.enter(account)
        self.waiting.append(account)
        return True

    def serve(self, number: int) -> None:
        self.crowd.leave(self.waiting.pop(number))


def fill(room: Room, accounts: list[str]) -> Counter[str]:
    """They ask in turn until nobody gets a place any more."""
    while any([room.ask(account) for account in accounts]):
        pass
    return Counter(room.waiting)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 20)), max_size=300), st.integers(1, 60))
def test_no_more_wait_than_may_and_who_has_least_finds_a_place_while_anybody_does(
    asked: list[tuple[int, int]], places: int
) -> None:
    room = Room(places)
    for caller, served in asked:
        found = {name: not room.crowd.has_its_share(name) for name in map(str, range(10))}
        had = Counter(room.waiting)
        took = room.ask(str(caller))
        assert took == found[str(caller)]
        assert len(room.waiting) <= places
        assert all(found[few] for few in found for many in found if found[many] and had[few] <= had[many])
        assert room.crowd.is_full() or room.crowd.has_its_share("nobody yet") is False
        if served < len(room.waiting):
            room.serve(served)
    while room.waiting:
        room.serve(0)
    assert room.ask("0")


@pytest.mark.parametrize("callers", [1, 2, 5, 20])
def test_who_wants_all_there_is_has_the_same_as_others_who_do_and_leaves_room_for_one_more(callers: int) -> None:
    room, accounts = Room(), [f"key_{n}" for n in range(callers)]
    had = fill(room, accounts)
    share = TIMES_FREE * PLACES / (TIMES_FREE * callers + 1)
    assert all(abs(count - share) <= TIMES_FREE for count in had.values()), had
    assert room.ask("new")


def test_a_flood_that_was_there_first_gives_way_as_it_is_served() -> None:
    room, few = Room(), [f"key_{n}" for n in range(19)]
    assert fill(room, ["flood"]) == {"flood": 134}
    refused: list[int] = []
    for step in range(5 * PLACES):
        for account in few:
            if room.waiting.count(account) < 5 and not room.ask(account):
                refused.append(step)
        room.ask("flood")
        room.serve(0)
    assert max(refused) < PLACES  # for as long as it takes to serve what was there
    after = Counter(room.waiting)
    assert all(after[account] >= 4 for account in few)
    assert after["flood"] == pytest.approx(TIMES_FREE * (PLACES - 19 * 5) / (TIMES_FREE + 1), abs=TIMES_FREE)


def test_fans_who_each_want_one_place_have_all_of_them() -> None:
    room = Room()
    assert sum(room.ask(f"ent_{n}") for n in range(2 * PLACES)) == PLACES


def test_who_was_refused_is_looked_at_again_only_where_one_of_theirs_is_served() -> None:
    room = Room()
    fill(room, ["flood"])
    room.crowd.note_insistent(b"Bearer flood", "flood")
    for _ in range(3):
        assert [room.crowd.insists(who) for who in (b"Bearer flood", b"Bearer other")] == [True, False]
        room.serve(0)
        assert not room.crowd.insists(b"Bearer flood")
        assert room.ask("flood")
        assert room.crowd.insists(b"Bearer flood"), "without having been refused again"


def test_who_was_refused_is_looked_at_again_after_a_while_as_there_may_be_more_by_then() -> None:
    room = Room()
    fill(room, ["flood", "other"])
    room.crowd.note_insistent(b"Bearer flood", "flood")
    while "other" in room.waiting:
        room.serve(room.waiting.index("other"))
    room.clock.advance(LOOK_AGAIN_MS - 1)
    assert room.crowd.insists(b"Bearer flood")
    room.clock.advance(1)
    assert not room.crowd.insists(b"Bearer flood")
    assert room.ask("flood")


def test_whether_anybody_insists_is_forgotten_a_while_after_the_last_one_did() -> None:
    room = Room()
    fill(room, ["flood"])
    assert not room.crowd.may_insist()
    room.crowd.note_insistent(b"Bearer flood", "flood")
    room.clock.advance(INSISTENT_MS - 1)
    assert room.crowd.may_insist()
    room.crowd.note_insistent(b"Bearer flood", "flood")
    room.clock.advance(LOOK_AGAIN_MS - 1)
    assert room.crowd.insists(b"Bearer flood")
    room.clock.advance(INSISTENT_MS - 1)
    assert room.crowd.may_insist()
    room.clock.advance(1)
    assert not room.crowd.may_insist()
    assert not room.crowd.insists(b"Bearer flood")


def test_who_was_refused_has_no_place_where_nobody_has_and_is_known_all_the_same() -> None:
    room = Room()
    fill(room, ["flood"])
    room.crowd.note_insistent(b"Bearer flood", "flood")
    while room.waiting:
        room.serve(0)
    assert not room.crowd.insists(b"Bearer flood")
    fill(room, [f"ent_{n}" for n in range(PLACES)])
    assert room.crowd.insists(b"Bearer flood")


def test_of_those_who_insist_the_last_are_remembered() -> None:
    room = Room()
    fill(room, ["flood"])
    for number in range(INSISTENT_MAX + 1):
        room.crowd.note_insistent(b"%d" % number, "flood")
    assert [room.crowd.insists(b"%d" % number) for number in (0, 1, INSISTENT_MAX)] == [False, True, True]
