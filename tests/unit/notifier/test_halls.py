"""Shows that are loaded, followed, read back and given up."""

import gc
import weakref

import pytest

from notifier.halls import Halls
from notifier.ports import Facts, Limits, NotNow
from tests.unit.notifier.house import FACTS, PASS, FakeOutcomes, FakeWarnings, FreeTurn, House, done
from tests.unit.notifier.theatre import PART, SECOND, SHOW, T0, VENUE, FakeWire
from ticketing.messages import HoldExpiring, HoldRefused, SeatsHeld, encode


def test_a_show_is_loaded_once_kept_while_watched_and_forgotten_later() -> None:
    house = House()
    who = house.enters()
    house.enters()
    assert house.store.loads == 1
    assert len(house.halls) == 1
    for hall in house.halls:
        for watcher in list(hall.watchers):
            house.reception.leave(hall, watcher)
    house.sweeps_after(60 * SECOND)
    assert house.halls.get(SHOW) is who[0]
    house.sweeps_after(1)
    assert house.halls.get(SHOW) is None


def test_a_show_that_was_let_go_takes_what_happened_in_it_along_at_once() -> None:
    house = House()
    hall, watcher, _ = house.enters()
    house.store.commit(house.sale.hold("ent_anna", [0]))
    recall = weakref.ref(hall.recall)
    house.reception.leave(hall, watcher)
    gc.disable()
    try:
        del hall, watcher, _
        house.sweeps_after(60 * SECOND)
        assert recall() is not None
        house.sweeps_after(1)
        assert recall() is None
    finally:
        gc.enable()


def test_only_so_many_shows_are_kept_and_an_empty_one_makes_room() -> None:
    house = House(Limits(shows_max=1))
    who = house.enters()
    other = Facts(SHOW + 1, PART, VENUE, "lay_1", FACTS.policy)
    with pytest.raises(NotNow, match="all the shows"):
        done(house.reception.enter(other, FakeWire()))
    house.reception.leave(who[0], who[1])
    assert done(house.reception.enter(other, FakeWire())) is not None
    assert [hall.show for hall in house.halls] == [SHOW + 1]


def test_a_snapshot_that_is_not_published_yet_is_not_shown() -> None:
    house = House()
    house.store.commit(house.sale.hold("ent_anna", [0]))
    with pytest.raises(NotNow, match="not been published"):
        house.enters()
    house.outcomes.ready.append(house.store.batches[0])
    done(house.notifier.step())
    who = house.enters()
    house.says(who, '{"type":"hello"}')
    assert who[2].told("snapshot")[0]["seq"] == 1


def test_what_happens_while_a_show_is_read_is_neither_lost_nor_told_twice() -> None:
    house = House()
    before = house.store.commit(house.sale.hold("ent_anna", [0]))
    wire = FakeWire()
    entering = house.reception.enter(FACTS, wire)

    async def pause(seconds: float) -> None:
        # The snapshot has been read; its batch and the next are published only now.
        if house.outcomes.seen[PART] == 0:
            after = house.store.commit(house.sale.hold("ent_ben", [1]), house.sale.confirm(1))
            house.outcomes.ready += [before, after]
            await house.notifier.step()

    house.halls._pause = pause
    entered = done(entering)
    assert entered is not None
    who = (*entered, wire)
    house.says(who, '{"type":"hello"}')
    snapshot = wire.told("snapshot")[0]
    assert snapshot["seq"] == 3
    assert snapshot["data"]["seats"] == {"held": ["A-2"], "booked": ["A-1"], "blocked": []}
    assert [event.outcome.seq for event in entered[0].recall.since(0)] == [2, 3]


def test_who_comes_back_is_told_what_was_decided_meanwhile_even_before_this_process_began() -> None:
    house = House()
    held = house.sale.hold("ent_anna", [0])
    for made in (
        [held, house.sale.hold("ent_ben", [1])],
        [house.sale.refused(HoldRefused, "ent_anna", code="sold_out")],
        [house.sale.expire(1)],
    ):
        house.outcomes.seen[PART] = house.store.commit(*made).batch_seq
    who = house.enters()
    answers = house.says(who, f'{{"type":"hello","token":"{PASS}","resume":{{"after_seq":1}}}}')
    assert answers == ["welcome", "request_decided", "request_decided", "reservation_expired", "snapshot"]
    late = house.enters()
    house.store.away = True
    assert house.says(late, f'{{"type":"hello","token":"{PASS}","resume":{{"after_seq":1}}}}') == answers


def test_reading_back_has_a_bound() -> None:
    house = House(Limits(replay_batches_max=8))
    for seat in range(12):
        house.outcomes.seen[PART] = house.store.commit(house.sale.hold("ent_anna", [seat])).batch_seq
    who = house.enters()
    answers = house.says(who, f'{{"type":"hello","token":"{PASS}","resume":{{"after_seq":1}}}}')
    assert answers[:2] == ["welcome", "resync_required"]
    assert answers.count("request_decided") == 8


def test_a_missing_outcome_sends_everybody_away_to_come_again() -> None:
    house = House()
    who = house.enters()
    house.says(who, '{"type":"hello"}')
    house.sale.seq += 1
    house.happens(house.sale.hold("ent_anna", [0]))
    assert [frame["type"] for frame in who[2].told()[-2:]] == ["resync_required", "goodbye"]
    assert who[2].closed == (1012, "come again")
    assert house.halls.get(SHOW) is None
    house.reception.leave(who[0], who[1])
    house.enters()


def test_another_history_sends_everybody_away() -> None:
    house = House()
    who = house.enters()
    house.says(who, '{"type":"hello"}')
    house.notifier.follow(FakeOutcomes(house.clock))
    assert who[2].closed == (1012, "come again")


def test_the_first_change_goes_at_once_and_the_next_waits_to_be_merged() -> None:
    house = House()
    who = house.enters()
    house.says(who, '{"type":"hello"}')
    for seat in range(3):
        house.happens(house.sale.hold("ent_anna", [seat]))
    assert [frame["seq"] for frame in who[2].told("seat_status_changed")] == [1]
    done(house.notifier.step())
    assert house.outcomes.waits_s[-1] == pytest.approx(0.04)
    assert [frame["seq"] for frame in who[2].told("seat_status_changed")] == [1, 3]
    done(house.notifier.step())
    assert house.outcomes.waits_s[-1] == 0.5


def test_warnings_reach_their_owner_and_rubbish_is_passed_over() -> None:
    house = House()
    who = house.enters()
    house.says(who, f'{{"type":"hello","token":"{PASS}"}}')
    warning = encode(
        HoldExpiring(show=SHOW, reservation=b"r" * 16, version=1, account="ent_anna", expires_at_ms=T0 + SECOND)
    )
    elsewhere = encode(
        HoldExpiring(show=SHOW + 1, reservation=b"r" * 16, version=1, account="ent_anna", expires_at_ms=T0 + SECOND)
    )
    done(house.notifier.warn(FakeWarnings(b"rubbish", elsewhere, warning, warning)))
    assert len(who[2].told("reservation_expiring")) == 1


def test_before_the_first_follow_nobody_can_watch() -> None:
    house = House()
    blind = Halls(
        store=house.store,
        clock=house.clock,
        limits=Limits(),
        new_turn=FreeTurn,
        pause=house._pause,
        sign_finish=lambda show, reservation: "",
    )
    with pytest.raises(NotNow):
        done(blind.open(FACTS))


def test_the_answer_to_a_repeat_moves_nothing() -> None:
    house = House()
    who = house.enters()
    house.says(who, f'{{"type":"hello","token":"{PASS}"}}')
    held = house.sale.hold("ent_anna", [0])
    again = SeatsHeld(
        show=SHOW, seq=1, at_ms=T0, offset=9, reservation=held.reservation, account="ent_anna", repeat=True
    )
    house.happens(held, again)
    assert len(who[2].told("request_decided")) == 1
