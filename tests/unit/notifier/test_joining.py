"""A verdict and what everybody hears of it go out in one write, and neither waits for long."""

import pytest

from tests.unit.notifier.buyers import asks, enters, fields, granted
from tests.unit.notifier.house import House, done
from ticketing.messages import SeatsHeld, ShowClosed


def kinds(frames: list[dict[str, object]]) -> list[object]:
    return [frame["type"] for frame in frames]


def test_who_asked_is_told_in_one_write_the_verdict_first() -> None:
    house = House()
    anna, ben = enters(house), enters(house)
    asks(house, anna, "A-1")
    said, writes = len(anna[2].frames), anna[2].writes
    house.happens(granted(house, [0]))
    assert kinds(anna[2].told()[said:]) == ["request_decided", "seat_status_changed"]
    assert anna[2].writes == writes + 1
    assert anna[2].frames[-1] == ben[2].frames[-1]
    house.happens(house.sale.hold("ent_ben", [5]))
    done(house.notifier.step())
    assert [frame["data"]["from_seq"] for frame in anna[2].told("seat_status_changed")] == [1, 2]


def test_a_verdict_does_not_wait_for_a_public_frame_that_is_not_due() -> None:
    house = House()
    anna = enters(house)
    for number, seat in enumerate(["A-1", "A-2"], 1):
        asks(house, anna, seat, key=seat)
        house.happens(granted(house, [number - 1], offset=number))
        assert len(anna[2].told("request_decided")) == number
    assert [frame["data"]["to_seq"] for frame in anna[2].told("seat_status_changed")] == [1]


def test_a_public_frame_waits_a_little_longer_where_a_verdict_is_expected() -> None:
    house = House()
    anna = enters(house)
    house.happens(house.sale.hold("ent_ben", [4]))
    house.happens(house.sale.hold("ent_ben", [5]))
    asks(house, anna, "A-1")
    done(house.notifier.step())
    assert house.outcomes.waits_s[-1] == pytest.approx(0.06)
    assert [frame["data"]["to_seq"] for frame in anna[2].told("seat_status_changed")] == [1, 2], "it does not wait on"
    house.happens(granted(house, [0]))
    done(house.notifier.step())
    assert house.outcomes.waits_s[-1] == pytest.approx(0.04), "nobody waits any more"


def test_a_newcomer_who_asked_hears_the_verdict_and_not_what_the_snapshot_told() -> None:
    house = House()
    anna = enters(house)
    house.says(anna, '{"type":"unsubscribe"}')
    asks(house, anna, "A-1")
    house.happens(granted(house, [0]))
    assert kinds(anna[2].told())[-1] == "request_decided", "no public frame"
    house.says(anna, '{"type":"subscribe"}')
    assert kinds(anna[2].told())[-1] == "snapshot"


def test_the_end_of_a_show_is_told_behind_the_verdict_before_it() -> None:
    house = House()
    anna = enters(house)
    asks(house, anna, "A-1")
    verdict = granted(house, [0])
    house.sale.seq += 1
    house.happens(verdict, ShowClosed(show=verdict.show, seq=house.sale.seq, at_ms=verdict.at_ms, offset=9, account=""))
    assert kinds(anna[2].told())[-3:] == ["request_decided", "show_status", "seat_status_changed"]


def test_a_verdict_before_an_outcome_that_is_missing_is_told() -> None:
    house = House()
    anna = enters(house)
    asks(house, anna, "A-1")
    verdict = granted(house, [0])
    house.sale.seq += 1
    house.happens(verdict, house.sale.hold("ent_ben", [3]))
    assert kinds(anna[2].told())[-3:] == ["request_decided", "resync_required", "goodbye"]


def test_two_verdicts_of_one_batch_come_in_their_order() -> None:
    house = House()
    anna = enters(house)
    asks(house, anna, "A-1", key="one", reply_to="h1")
    asks(house, anna, "A-2", key="two", reply_to="h2")
    writes = anna[2].writes
    house.happens(granted(house, [0], offset=1), granted(house, [1], offset=2))
    assert [frame["data"]["reply_to"] for frame in anna[2].told("request_decided")] == ["h1", "h2"]
    assert anna[2].writes == writes + 1


def test_a_socket_that_takes_nothing_has_its_verdict_later_and_the_rest_with_it() -> None:
    house = House()
    anna = enters(house)
    asks(house, anna, "A-1")
    anna[2].busy = True
    house.happens(SeatsHeld(**fields(granted(house, [0]))))
    assert anna[2].told("request_decided") == []
    anna[2].busy = False
    house.reception.settle(anna[0], anna[1])
    assert kinds(anna[2].told())[-2:] == ["request_decided", "seat_status_changed"]
