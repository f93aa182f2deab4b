"""Holding and giving back by socket."""

import pytest

from notifier.selling import ASK_MS_MAX, NotPlaced
from tests.unit.notifier.buyers import asks, complaint, enters, fields, gives_back, granted
from tests.unit.notifier.house import ADMIN_KEY, ASKS_EACH_MAX, ASKS_MAX, KEYS, LAG_MAX_MS, House
from tests.unit.notifier.theatre import SECOND, SHOW, T0
from ticketing.asks import HoldBody
from ticketing.intake import Caller, Sent, ShowFacts
from ticketing.messages import (
    AnyOutcome,
    HoldRefused,
    HoldReleased,
    HoldSeats,
    ReleaseHold,
)
from ticketing.tokens import Pass, ReservationToken
from ticketing.vocabulary import reservation_text, show_text
from ticketing.wishes import hold


def test_a_hold_is_put_on_the_log_and_its_verdict_comes_to_who_asked_with_a_token_to_finish_it() -> None:
    house = House()
    anna, tab, ben = enters(house), enters(house), enters(house, KEYS.sign_pass(Pass(SHOW, "ent_ben", 1, T0 + SECOND)))
    assert asks(house, anna, "A-1", "A-2") == []
    (command,) = house.log.commands
    assert isinstance(command, HoldSeats)
    assert (command.account, command.person, command.seats, command.partner) == ("ent_anna", "ent_anna", (0, 1), False)
    house.happens(granted(house, [0, 1]))
    (mine,), (others) = anna[2].told("request_decided"), tab[2].told("request_decided")
    assert mine["data"]["reply_to"] == "h1"
    assert mine["data"]["status"] == "granted"
    token = mine["data"]["outcome"].pop("reservation_token")
    right = KEYS.read_reservation(token, T0)
    assert (right.reservation, right.account) == (reservation_text(SHOW, command.key), "ent_anna")
    assert [frame["data"]["outcome"] for frame in others] == [mine["data"]["outcome"]], "the same, without the token"
    assert "reply_to" not in others[0]["data"]
    assert others[0]["id"] == mine["id"]
    assert ben[2].told("request_decided") == []


def test_the_same_key_means_the_same_command_by_socket_and_over_http() -> None:
    house = House()
    asks(house, enters(house), "A-1", key="same")
    sent = Sent(method="POST", path_template="/api/reservations", key="same", nonce=b"", at_ms=T0)
    facts: ShowFacts = next(iter(house.halls)).facts
    fan = Caller("ent_anna", partner=False, roles=frozenset(), show=SHOW)
    assert house.log.commands == [hold(HoldBody(show=show_text(SHOW), seats=["A-1"]), facts, fan, sent)]


def test_a_repeat_is_answered_to_who_repeats_and_to_nobody_else() -> None:
    house = House()
    anna, tab = enters(house), enters(house)
    asks(house, anna, "A-1")
    house.happens(granted(house, [0]))
    asks(house, tab, "A-1", reply_to="again")
    before = len(anna[2].frames)
    house.happens(granted(house, [0], offset=2, repeat=True))
    answer = tab[2].told("request_decided")[-1]["data"]
    assert (answer["reply_to"], answer["replayed"]) == ("again", True)
    assert len(anna[2].frames) == before


def test_losing_is_a_verdict_with_the_problem_that_http_tells() -> None:
    house = House()
    anna = enters(house)
    asks(house, anna, "A-1")
    command = house.log.commands[0]
    lost: AnyOutcome = house.sale.refused(HoldRefused, "ent_anna", code="sold_out", key=command.key)
    house.happens(lost)
    (answer,) = anna[2].told("request_decided")
    assert answer["data"]["status"] == "rejected"
    assert answer["data"]["outcome"]["code"] == "sold_out"
    assert answer["data"]["reply_to"] == "h1"


def test_a_verdict_that_comes_before_the_log_has_said_where_is_told_once_it_has() -> None:
    house = House()
    house.log.at_once = False
    anna, tab = enters(house), enters(house)
    asks(house, anna, "A-1")
    house.happens(granted(house, [0]))
    assert anna[2].told("request_decided") == []
    assert len(tab[2].told("request_decided")) == 1
    house.log.answers()
    assert [frame["data"]["reply_to"] for frame in anna[2].told("request_decided")] == ["h1"]


@pytest.mark.parametrize("turned", [True, False])
def test_two_commands_with_one_key_have_each_the_verdict_at_their_own_place(turned: bool) -> None:
    house = House()
    house.log.at_once = False
    anna = enters(house)
    asks(house, anna, "A-1", reply_to="one")
    asks(house, anna, "A-2", reply_to="two")
    held = granted(house, [0])
    reused = house.sale.refused(HoldRefused, "ent_anna", code="idempotency_key_reused", key=held.key)
    assert reused.offset == 2
    house.happens(held, reused)
    if turned:
        house.log.waiting.reverse()
    house.log.answers()
    answers = {frame["data"]["reply_to"]: frame["data"]["status"] for frame in anna[2].told("request_decided")}
    assert answers == {"one": "granted", "two": "rejected"}
    assert len(anna[2].told("request_decided")) == 2


def test_what_turns_out_to_answer_somebody_else_is_told_like_any_news() -> None:
    house = House()
    house.log.at_once = False
    house.log.next_offset = 2
    anna = enters(house)
    asks(house, anna, "A-1")
    house.happens(granted(house, [0]))
    assert anna[2].told("request_decided") == []
    house.log.answers()
    (news,) = anna[2].told("request_decided")
    assert "reply_to" not in news["data"]
    assert news["data"]["status"] == "granted"


def test_giving_back_with_the_pass_or_with_the_reservations_own_token() -> None:
    house = House()
    held = house.sale.hold("ent_anna", [0])
    house.store.commit(held)
    house.outcomes.seen[3] = 1
    text = reservation_text(SHOW, held.reservation.id)
    own = KEYS.sign_reservation(ReservationToken(SHOW, text, "ent_anna", T0 + SECOND))
    for anna in (enters(house), enters(house, own)):
        assert gives_back(house, anna, text) == []
    for command in house.log.commands:
        assert isinstance(command, ReleaseHold)
        assert (command.reservation, command.account, command.keyed) == (held.reservation.id, "ent_anna", False)
    released = house.sale.release(1)
    house.happens(HoldReleased(**{**fields(released), "key": house.log.commands[1].key, "offset": 2}))
    answer = anna[2].told("request_decided")[-1]["data"]
    assert (answer["reply_to"], answer["outcome"]["status"]) == ("r1", "released")
    other = reservation_text(SHOW, bytes(16))
    assert gives_back(house, anna, other) == ["error"]
    assert complaint(anna)["code"] == "not_yours"
    assert asks(house, anna, "A-1") == ["error"]
    assert complaint(anna)["code"] == "insufficient_scope"


def test_some_seats_of_a_reservation_are_given_back() -> None:
    house = House()
    anna = enters(house)
    text = reservation_text(SHOW, bytes(16))
    assert gives_back(house, anna, text, seats=["A-2", "A-1"]) == []
    assert [command.seats for command in house.log.commands if isinstance(command, ReleaseHold)] == [(0, 1)]
    assert gives_back(house, anna, text, seats=["Z-9"]) == ["error"]
    assert complaint(anna)["code"] == "unknown_places"
    assert gives_back(house, anna, text, seats=[]) == ["error"], "no seats are not all of them"
    assert complaint(anna)["code"] == "invalid_request"
    assert len(house.log.commands) == 1


def test_what_never_reaches_the_log_is_an_error_with_the_code_that_http_has() -> None:
    house = House()
    anna = enters(house)
    for wish, code in (
        ({"seats": ["Z-9"]}, "unknown_places"),
        ({"seats": []}, "nothing_asked_for"),
        ({"seats": ["A-1", "A-1"]}, "invalid_request"),
        ({"seats": "A-1"}, "invalid_request"),
        ({"show": show_text(SHOW + 1), "seats": ["A-1"]}, "wrong_show"),
        ({"seats": ["A-1"], "hold_s": 1}, "hold_time_out_of_range"),
        ({"areas": [{"area": "floor", "quantity": 11}]}, "too_many_seats"),
    ):
        assert asks(house, anna, reply_to="7", **wish) == ["error"], wish
        assert (complaint(anna)["code"], complaint(anna)["reply_to"]) == (code, "7")
    assert gives_back(house, anna, "rsv_nonsense") == ["error"]
    assert complaint(anna)["code"] == "reservation_not_found"
    assert gives_back(house, anna, reservation_text(SHOW + 1, bytes(16))) == ["error"]
    assert complaint(anna)["code"] == "wrong_show"
    assert asks(house, anna, "Z-9") == ["error"]
    assert complaint(anna)["conflicts"] == [{"label": "Z-9", "reason": "unknown"}]
    assert house.log.commands == []


def test_the_public_readers_and_expired_passes_hold_nothing() -> None:
    house = House()
    public, short = house.enters(), enters(house, KEYS.sign_pass(Pass(SHOW, "ent_anna", 1, T0 + SECOND)))
    assert asks(house, public, "A-1") == ["error"]
    assert complaint(public)["code"] == "unauthenticated"
    house.clock.advance(SECOND)
    assert asks(house, short, "A-1") == ["error"]
    assert complaint(short)["code"] == "token_expired"
    for roles, taken in (({"read"}, False), ({"booking"}, True)):
        found = next(iter(house.store.keys.values()))
        house.store.keys = {key: type(found)(found.key_id, frozenset(roles), False) for key in house.store.keys}
        partner = enters(house, ADMIN_KEY)
        assert asks(house, partner, "A-1") == ([] if taken else ["error"])
    assert [command.account for command in house.log.commands] == ["key_office"]


def test_a_log_that_takes_nothing_is_told_and_forgotten() -> None:
    house = House()
    house.log.refuses = NotPlaced("log_unavailable", "away")
    anna = enters(house)
    for _ in range(ASKS_MAX + 1):
        assert asks(house, anna, "A-1") == ["error"]
        assert (complaint(anna)["code"], complaint(anna)["retryable"]) == ("log_unavailable", True)


def test_while_no_verdicts_can_be_heard_nothing_is_asked_for() -> None:
    house = House()
    anna = enters(house)
    house.paused = True
    assert asks(house, anna, "A-1") == gives_back(house, anna, reservation_text(SHOW, bytes(16))) == ["error"]
    assert (complaint(anna)["code"], complaint(anna)["retryable"]) == ("sales_paused", True)
    house.paused = False
    assert asks(house, anna, "A-1") == []
    assert len(house.log.commands) == 1


def test_a_show_whose_allocator_says_nothing_takes_no_new_holds_and_lets_go_of_what_is_held() -> None:
    house = House()
    anna, ben = enters(house), enters(house)
    assert asks(house, anna, "A-1") == []
    house.passes(LAG_MAX_MS)
    assert asks(house, ben, "A-2", key="b") == []
    house.passes(1)
    assert asks(house, ben, "A-3", key="c") == ["error"]
    assert (complaint(ben)["code"], complaint(ben)["retryable"]) == ("busy", True)
    assert gives_back(house, ben, reservation_text(SHOW, bytes(16))) == []
    assert len(house.log.commands) == 3
    house.happens(granted(house, [0]))
    assert asks(house, ben, "A-3", key="c") == [], "who waits longest now has not waited long"


@pytest.mark.parametrize("by_ms", [3_600 * SECOND, -3_600 * SECOND])
def test_a_clock_that_is_set_makes_no_show_lag_and_forgets_nobody_who_waits(by_ms: int) -> None:
    house = House()
    anna, ben = enters(house), enters(house, KEYS.sign_pass(Pass(SHOW, "ent_ben", 1, T0 + 7_200 * SECOND)))
    assert asks(house, anna, "A-1") == []
    house.clock.advance(by_ms)
    assert asks(house, ben, "A-2", key="b") == []
    house.sweeps_after(0)
    house.happens(granted(house, [0]))
    assert len(anna[2].told("request_decided")) == 1


def test_only_so_many_wait_of_one_person_and_of_all_and_after_a_while_nobody_does() -> None:
    house = House()
    anna, tab = enters(house), enters(house)
    ben = enters(house, KEYS.sign_pass(Pass(SHOW, "ent_ben", 1, T0 + 600 * SECOND)))
    for number in range(ASKS_EACH_MAX):
        assert asks(house, anna, "A-1", key=str(number)) == []
    assert asks(house, tab, "A-1", key="more") == ["error"], "her other socket is hers, too"
    assert (complaint(tab)["code"], complaint(tab)["retryable"]) == ("rate_limited", True)
    for number in range(ASKS_MAX - ASKS_EACH_MAX):
        assert asks(house, ben, "A-1", key=str(number)) == []
    assert asks(house, ben, "A-1", key="more") == ["error"]
    assert complaint(ben)["code"] == "busy"
    assert len(house.log.commands) == ASKS_MAX
    house.sweeps_after(ASK_MS_MAX + 1)
    assert asks(house, anna, "A-1", key="more") == asks(house, ben, "A-1", key="more") == []


@pytest.mark.parametrize("leaves", [True, False])
def test_who_has_left_is_told_nothing_and_still_makes_room(leaves: bool) -> None:
    house = House()
    for number in range(ASKS_MAX * 2):
        anna = enters(house)
        assert asks(house, anna, "A-1", key=str(number)) == []
        if leaves:
            house.reception.leave(anna[0], anna[1])
        house.happens(granted(house, [0], offset=number + 1))
        house.happens(house.sale.release(house.sale.last()))
        assert len(anna[2].told("request_decided")) == (0 if leaves else 2)


def test_a_dismissed_hall_leaves_nobody_waiting() -> None:
    house = House()
    anna = enters(house)
    for number in range(ASKS_EACH_MAX):
        asks(house, anna, "A-1", key=str(number))
    house.notifier.follow(house.outcomes)
    again = enters(house)
    assert asks(house, again, "A-1") == []
