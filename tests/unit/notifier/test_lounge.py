"""Those who wait for their turn."""

import json
from typing import Any

from notifier.lounge import OLDER_MS_MAX, TOLD_EVERY_MS, Lounge
from notifier.ports import Limits
from notifier.watcher import Watcher
from tests.unit.notifier.house import PASS, House
from tests.unit.notifier.theatre import SECOND, SHOW, T0, VENUE, FakeWire
from ticketing.messages import RoomStatusNow

Who = tuple[Lounge, Watcher, FakeWire]


def status(serving: int, *, at_ms: int = T0, phase: str = "open", show: int = SHOW) -> RoomStatusNow:
    return RoomStatusNow(show=show, at_ms=at_ms, phase=phase, serving=serving, issued=1_000)


def comes(house: House, *, greets: bool = True) -> Who:
    wire = FakeWire()
    entered = house.lounges.enter(SHOW, VENUE, wire)
    assert entered is not None
    wire.watcher = entered[1]
    who = (*entered, wire)
    if greets:
        says(house, who, type="hello")
    return who


def says(house: House, who: Who, **said: Any) -> list[str]:
    before = len(who[2].frames)
    house.lounges.hear(who[0], who[1], json.dumps(said).encode())
    return [frame["type"] for frame in who[2].told()[before:]]


def learns(house: House, *statuses: RoomStatusNow, after_ms: int = TOLD_EVERY_MS) -> None:
    house.clock.advance(after_ms)
    house.lounges.learn(statuses)
    list(house.lounges.flush())


def served(who: Who) -> list[int]:
    return [frame["data"]["serving"] for frame in who[2].told("serving")]


def test_all_hear_how_far_the_line_is_served_and_who_comes_later_hears_it_at_once() -> None:
    house = House()
    first = comes(house)
    assert served(first) == []
    learns(house, status(10))
    later = comes(house)
    assert served(first) == served(later) == [10]
    assert first[2].told("serving")[0]["data"] == {"phase": "open", "serving": 10, "issued": 1_000}
    learns(house, status(20, at_ms=T0 + SECOND))
    assert served(first) == served(later) == [10, 20]


def test_a_newcomer_does_not_take_the_news_from_the_others() -> None:
    house = House()
    first = comes(house)
    house.lounges.learn([status(10)])
    newcomer = comes(house)
    assert (served(first), served(newcomer)) == ([], [10])
    list(house.lounges.flush())
    assert (served(first), served(newcomer)) == ([10], [10])


def test_what_is_no_news_or_older_or_of_another_room_is_not_told() -> None:
    house = House()
    who = comes(house)
    learns(house, status(10, at_ms=T0 + SECOND))
    learns(house, status(10, at_ms=T0 + 2 * SECOND))
    learns(house, status(9, at_ms=T0))
    learns(house, status(99, at_ms=T0 + 3 * SECOND, show=SHOW + 1))
    assert served(who) == [10]


def test_a_clock_that_was_set_back_silences_nobody() -> None:
    house = House()
    who = comes(house)
    learns(house, status(10, at_ms=T0 + OLDER_MS_MAX))
    learns(house, status(11, at_ms=T0))
    assert served(who) == [10, 11]


def test_several_instances_that_tell_at_once_are_told_once_in_a_while() -> None:
    house = House()
    who = comes(house)
    for serving in (10, 11, 12):
        learns(house, status(serving, at_ms=T0 + serving), after_ms=1)
    assert served(who) == [10]
    house.clock.advance(TOLD_EVERY_MS)
    list(house.lounges.flush())
    assert served(who) == [10, 12]


def test_who_reads_slowly_hears_how_it_stands_and_not_what_was() -> None:
    house = House()
    slow, quick = comes(house), comes(house)
    slow[2].busy = True
    house.lounges.settle(slow[0], slow[1])
    for number in range(3):
        learns(house, status(number, at_ms=T0 + number))
    assert (served(slow), served(quick)) == ([], [0, 1, 2])
    slow[2].busy = False
    house.lounges.settle(slow[0], slow[1])
    assert served(slow) == [2]


def test_it_says_nothing_else_and_needs_no_token() -> None:
    house = House()
    who = comes(house, greets=False)
    assert says(house, who, type="ping", id="4") == ["pong"]
    assert says(house, who, type="hello", token=PASS) == ["welcome"]
    assert "account" not in who[2].told("welcome")[0]["data"]
    for said in ("subscribe", "unsubscribe"):
        assert says(house, who, type=said, id="5") == ["error"]
    assert who[2].told("error")[-1]["data"]["code"] == "not_supported"
    assert who[2].is_open()
    house.lounges.hear(who[0], who[1], b"dance")
    assert who[2].closed == (1008, "malformed_json")


def test_the_stuck_and_the_silent_are_closed() -> None:
    house = House()
    stuck, silent = comes(house), comes(house, greets=False)
    stuck[2].busy = True
    house.lounges.settle(stuck[0], stuck[1])
    for seconds in (0, 9, 2):
        house.clock.advance(seconds * SECOND)
        house.lounges.sweep()
    assert stuck[2].was_cut
    assert silent[2].closed == (4408, "hello did not come")


def test_rooms_and_shows_share_one_bound_and_an_empty_room_is_forgotten() -> None:
    house = House(Limits(sockets_max=2))
    waits = comes(house)
    house.enters()
    refused = FakeWire()
    assert house.lounges.enter(SHOW, VENUE, refused) is None
    assert refused.closed is not None and refused.closed[0] == 1013
    house.lounges.leave(waits[0], waits[1])
    assert list(house.lounges) == []
    comes(house)


def test_an_orderly_stop_says_when_to_come_again_and_lets_nobody_in() -> None:
    house = House()
    who = comes(house)
    house.lounges.farewell()
    assert who[2].told()[-1]["data"] == {"reconnect_after_ms": 2_500}
    assert who[2].closed == (1001, "come again")
    late = FakeWire()
    assert house.lounges.enter(SHOW, VENUE, late) is None
    assert late.closed == (1001, "the server stops")
