"""Sockets coming, speaking and going."""

import pytest

from notifier.ports import Limits
from tests.unit.notifier.house import ADMIN_KEY, FACTS, KEYS, PASS, House, done
from tests.unit.notifier.theatre import SECOND, SHOW, T0, VENUE, FakeWire, batch
from ticketing.tokens import Pass
from ticketing.vocabulary import show_text


def test_the_first_word_is_hello_and_without_token_it_is_the_public() -> None:
    house = House()
    who = house.enters()
    assert house.says(who, '{"type":"subscribe"}') == ["error"]
    assert who[2].told()[-1]["data"]["code"] == "unauthenticated"
    assert house.says(who, '{"type":"ping","id":"7"}') == ["pong"]
    assert house.says(who, '{"type":"hello"}') == ["welcome", "snapshot"]
    assert "account" not in who[2].told("welcome")[0]["data"]
    house.happens(house.sale.hold("ent_anna", [0]))
    assert [frame["type"] for frame in who[2].told()[-1:]] == ["seat_status_changed"]


def test_with_a_pass_one_hears_of_oneself() -> None:
    house = House()
    who = house.enters()
    assert house.says(who, f'{{"type":"hello","token":"{PASS}"}}') == ["welcome", "snapshot"]
    welcome = who[2].told("welcome")[0]["data"]
    assert (welcome["account"], welcome["venue"]) == ("ent_anna", VENUE)
    house.happens(house.sale.hold("ent_anna", [0]), house.sale.hold("ent_ben", [1]))
    assert len(who[2].told("request_decided")) == 1


def test_an_admin_key_is_looked_up_and_hears_of_bookings_until_it_is_revoked() -> None:
    house = House()
    who = house.enters()
    house.says(who, f'{{"type":"hello","token":"{ADMIN_KEY}"}}')
    house.happens(house.sale.hold("ent_anna", [0]))
    house.happens(house.sale.confirm(1))
    assert len(who[2].told("booking_confirmed")) == 1
    house.sweeps_after(10 * SECOND)
    assert who[2].is_open()
    house.store.revoked_ids = {"key_office"}
    house.sweeps_after(10 * SECOND)
    assert who[2].closed == (4401, "key_revoked")


@pytest.mark.parametrize(
    ("token", "closed"),
    [
        ("nonsense", (4401, "token_invalid")),
        ("osk_live_unknown", (4401, "token_invalid")),
        (KEYS.sign_pass(Pass(SHOW, "ent_anna", 1, T0 - 1)), (4401, "token_expired")),
        (KEYS.sign_pass(Pass(SHOW + 1, "ent_anna", 1, T0 + SECOND)), (4403, "wrong_show")),
    ],
)
def test_a_token_that_gives_no_right_closes_the_socket_with_the_reason(token: str, closed: tuple[int, str]) -> None:
    house = House()
    who = house.enters()
    assert house.says(who, f'{{"type":"hello","token":"{token}"}}') == ["error"]
    assert who[2].closed == closed


def test_a_socket_that_outlives_its_pass_is_told_and_a_minute_later_closed_unless_it_renews() -> None:
    house = House()
    keeps, lapses = house.enters(), house.enters()
    for who in (keeps, lapses):
        house.says(who, f'{{"type":"hello","token":"{PASS}"}}')
    house.sweeps_after(600 * SECOND)
    assert [who[2].told("message")[0]["data"]["code"] for who in (keeps, lapses)] == ["token_expired"] * 2
    newer = KEYS.sign_pass(Pass(SHOW, "ent_anna", 1, T0 + 3600 * SECOND))
    assert house.says(keeps, f'{{"type":"hello","token":"{newer}"}}') == ["welcome"]
    house.sweeps_after(59 * SECOND)
    assert lapses[2].is_open()
    house.sweeps_after(SECOND)
    assert lapses[2].closed == (4401, "token_expired")
    assert keeps[2].is_open()
    assert len(lapses[2].told("message")) == 1


def test_a_pass_that_was_taken_back_is_told_so_and_closed_and_is_good_for_nothing_meanwhile() -> None:
    house = House()
    anna, owner = house.enters(), house.enters()
    house.says(anna, f'{{"type":"hello","token":"{PASS}"}}')
    later = KEYS.sign_pass(Pass(SHOW, "ent_ben", 2, T0 + 600 * SECOND))
    house.says(owner, f'{{"type":"hello","token":"{later}"}}')
    house.store.least_waves = {SHOW: 2}
    house.sweeps_after(SECOND)
    hold = f'{{"type":"hold","id":"h","key":"k","body":{{"show":"{show_text(SHOW)}","seats":["A-1"]}}}}'
    assert house.says(anna, hold) == ["error"]
    assert anna[2].told("error")[-1]["data"]["code"] == "token_expired"
    house.sweeps_after(SECOND)
    assert [frame["data"]["code"] for frame in anna[2].told("message")] == ["token_expired"]
    house.sweeps_after(60 * SECOND)
    assert anna[2].closed == (4401, "token_expired")
    assert owner[2].is_open()
    assert owner[2].told("message") == []
    again = house.enters()
    assert house.says(again, f'{{"type":"hello","token":"{PASS}"}}') == ["error"]
    assert again[2].closed == (4401, "token_expired")


def test_who_says_no_hello_is_closed() -> None:
    house = House()
    who = house.enters()
    house.sweeps_after(10 * SECOND)
    assert who[2].is_open()
    house.sweeps_after(1)
    assert who[2].closed == (4408, "hello did not come")


def test_a_socket_that_takes_nothing_is_cut() -> None:
    house = House()
    who = house.enters()
    house.says(who, '{"type":"hello"}')
    who[2].slow = True
    house.happens(house.sale.hold("ent_anna", [0]))
    house.sweeps_after(SECOND)
    house.sweeps_after(8 * SECOND)
    assert not who[2].was_cut
    house.sweeps_after(1)
    assert who[2].closed == (4408, "nothing was read for too long")
    assert who[2].was_cut


def test_a_stuck_socket_is_cut_so_long_after_it_stopped_to_read_and_not_after_a_sweep_saw_it() -> None:
    house = House()
    who = house.enters()
    house.says(who, '{"type":"hello"}')
    who[2].busy = True
    house.reception.settle(who[0], who[1])
    house.sweeps_after(8 * SECOND)
    assert not who[2].was_cut
    house.sweeps_after(1)
    assert who[2].was_cut


def test_who_reads_again_in_time_is_not_stuck() -> None:
    house = House()
    who = house.enters()
    house.says(who, '{"type":"hello"}')
    for _ in range(3):
        who[2].busy = True
        house.reception.settle(who[0], who[1])
        house.sweeps_after(5 * SECOND)
        who[2].busy = False
        house.reception.settle(who[0], who[1])
    assert not who[2].was_cut


def test_unreadable_frames_are_told_and_hopeless_ones_close() -> None:
    house = House()
    who = house.enters()
    assert house.says(who, '{"type":"dance","id":"4"}') == ["error"]
    assert who[2].told()[-1]["data"] == {
        "code": "not_supported",
        "detail": "there is no client frame of type 'dance'",
        "reply_to": "4",
    }
    assert who[2].is_open()
    assert house.says(who, "dance") == ["error"]
    assert who[2].closed == (1008, "malformed_json")


def test_a_socket_tells_of_one_person() -> None:
    house = House()
    who = house.enters()
    house.says(who, f'{{"type":"hello","token":"{PASS}"}}')
    others = KEYS.sign_pass(Pass(SHOW, "ent_ben", 1, T0 + 600 * SECOND))
    assert house.says(who, f'{{"type":"hello","token":"{others}"}}') == ["error"]
    assert who[2].closed == (4409, "another account")
    again = house.enters()
    house.says(again, f'{{"type":"hello","token":"{PASS}"}}')
    assert house.says(again, '{"type":"hello"}') == ["error"]
    assert again[2].closed == (4409, "another account")


def test_an_orderly_stop_says_when_to_come_again_and_lets_nobody_in() -> None:
    house = House()
    public, silent, deaf = house.enters(), house.enters(), house.enters()
    house.says(public, '{"type":"hello"}')
    deaf[2].busy = True
    house.reception.farewell()
    for who in (public, silent):
        assert who[2].told()[-1]["data"] == {"reconnect_after_ms": 2_500}
        assert who[2].closed == (1001, "come again")
    assert deaf[2].closed == (1001, "come again")
    late = FakeWire()
    assert done(house.reception.enter(FACTS, late)) is None
    assert late.closed == (1001, "the server stops")


def test_who_speaks_too_much_is_closed_and_who_speaks_slowly_is_not() -> None:
    house = House()
    loud, calm = house.enters(), house.enters()
    for _ in range(Limits().client_frames_burst):
        house.says(loud, '{"type":"ping"}')
        house.says(calm, '{"type":"ping"}')
        house.clock.advance(0)
    assert loud[2].is_open()
    house.says(loud, '{"type":"ping"}')
    assert loud[2].closed == (4429, "too many frames")
    house.clock.advance(SECOND)
    assert house.says(calm, '{"type":"ping"}') == ["pong"]


def test_unsubscribed_hears_of_itself_only_and_a_new_subscription_begins_with_a_snapshot() -> None:
    house = House()
    who = house.enters()
    house.says(who, f'{{"type":"hello","token":"{PASS}"}}')
    assert house.says(who, '{"type":"unsubscribe"}') == []
    house.happens(house.sale.hold("ent_anna", [0]))
    assert [frame["type"] for frame in who[2].told()] == ["welcome", "snapshot", "request_decided"]
    assert house.says(who, '{"type":"subscribe"}') == ["snapshot"]


def test_beyond_the_bound_one_is_sent_away_and_room_is_made_by_leaving() -> None:
    house = House(Limits(sockets_max=1))
    first = house.enters()
    refused = FakeWire()
    assert done(house.reception.enter(FACTS, refused)) is None
    assert refused.closed is not None and refused.closed[0] == 1013
    house.reception.leave(first[0], first[1])
    house.enters()


def test_while_postgres_is_away_the_public_goes_on_and_keys_are_told_to_come_again() -> None:
    house = House()
    public = house.enters()
    house.says(public, '{"type":"hello"}')
    house.store.away = True
    partner = house.enters()
    assert house.says(partner, f'{{"type":"hello","token":"{ADMIN_KEY}"}}') == ["error", "goodbye"]
    assert partner[2].told("goodbye")[0]["data"] == {"reconnect_after_ms": 2500}
    assert partner[2].closed == (1013, "come again")
    house.outcomes.ready.append(batch(1, house.sale.hold("ent_anna", [0])))
    done(house.notifier.step())
    assert len(public[2].told("seat_status_changed")) == 1
