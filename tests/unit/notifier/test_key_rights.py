"""What a partner's key or token gives at a socket: no more than it gives over HTTP."""

import json
from typing import Any

import pytest

from notifier.audience import Denied, Right, right_of_key
from notifier.ports import KeyFound
from tests.unit.notifier.buyers import granted
from tests.unit.notifier.house import ADMIN_KEY, KEYS, House
from tests.unit.notifier.theatre import SECOND, SHOW, T0, VENUE, FakeWire
from ticketing.key_limits import NOWHERE_IN_PARTICULAR, Limits, read_networks
from ticketing.messages import HoldRefused, HoldSeats
from ticketing.tokens import PartnerToken, api_key_hash
from ticketing.vocabulary import show_text

HOME = "192.0.2.1"
READS, SELLS = frozenset({"read"}), frozenset({"read", "booking"})
Who = tuple[Any, Any, FakeWire]


def right(found: KeyFound | None, *permissions: str, address: str = HOME) -> Right | Denied:
    token = PartnerToken("key_p", permissions, T0 + SECOND) if permissions else None
    return right_of_key(found, venue=VENUE, show=SHOW, address=address, now_ms=T0, token=token)


def key(
    *gives: str, limits: Limits = NOWHERE_IN_PARTICULAR, revoked: bool = False, ends_at_ms: int | None = None
) -> KeyFound:
    return KeyFound("key_p", frozenset(gives), revoked, limits, ends_at_ms)


def test_a_key_gives_what_it_has_for_as_long_as_it_is_good() -> None:
    assert right(key("read", "booking")) == Right("key_p", key_id="key_p", roles=SELLS)
    assert right(key("read", ends_at_ms=T0 + 1)) == Right("key_p", T0 + 1, key_id="key_p", roles=READS)
    assert right(key("read", ends_at_ms=T0)) == Denied("token_invalid")
    assert right(key("read", revoked=True)) == Denied("key_revoked")
    assert right(None) == Denied("token_invalid")


def test_a_token_gives_what_was_asked_for_and_the_key_still_has() -> None:
    assert right(key("read", "booking"), "read") == Right(
        "key_p", T0 + SECOND, key_id="key_p", roles=frozenset({"read"})
    )
    assert right(key("read"), "read", "booking") == Right(
        "key_p", T0 + SECOND, key_id="key_p", roles=frozenset({"read"})
    )
    assert right(key("admin"), "booking") == Right("key_p", T0 + SECOND, key_id="key_p", roles=SELLS - READS)


@pytest.mark.parametrize(
    ("limits", "gives"),
    [
        (Limits(shows=frozenset({SHOW})), SELLS),
        (Limits(venues=frozenset({VENUE})), SELLS),
        (Limits(shows=frozenset({SHOW + 1})), frozenset()),
        (Limits(venues=frozenset({"ven_other"}), shows=frozenset({SHOW + 1})), frozenset()),
    ],
)
def test_a_key_for_other_shows_may_watch_this_one_and_no_more(limits: Limits, gives: frozenset[str]) -> None:
    assert right(key("read", "booking", limits=limits)) == Right("key_p", key_id="key_p", roles=gives)


def test_a_key_is_good_from_its_own_addresses_alone() -> None:
    limits = Limits(networks=read_networks(["192.0.2.0/24"]))
    assert isinstance(right(key("read", limits=limits)), Right)
    for address in ("198.51.100.7", "2001:db8::1", ""):
        assert right(key("read", limits=limits), address=address) == Denied("insufficient_scope")


def hello(house: House, token: str, address: str = HOME) -> Who:
    who = house.enters(address)
    house.says(who, json.dumps({"type": "hello", "token": token}))
    return who


def holds(house: House, who: Who, *more: str) -> list[str]:
    body = {"show": show_text(SHOW), "seats": ["A-1", *more]}
    return house.says(who, json.dumps({"type": "hold", "id": "h", "key": "k", "body": body}))


def test_with_a_token_of_its_key_a_partner_sells_until_the_token_ends() -> None:
    house = House()
    house.store.keys[api_key_hash("osk_live_p")] = key("read", "booking")
    sells = hello(house, KEYS.sign_partner(PartnerToken("key_p", ("booking",), T0 + SECOND)))
    reads = hello(house, KEYS.sign_partner(PartnerToken("key_p", ("read",), T0 + SECOND)))
    assert holds(house, sells) == []
    assert holds(house, reads) == ["error"]
    assert [command.account for command in house.log.commands] == ["key_p"]
    house.sweeps_after(SECOND)
    assert holds(house, sells) == ["error"]
    house.sweeps_after(60 * SECOND)
    assert sells[2].closed == (4401, "token_expired")


def test_a_token_is_closed_with_its_key_and_an_unknown_keys_token_is_none() -> None:
    house = House()
    token = KEYS.sign_partner(PartnerToken("key_office", ("admin",), T0 + 600 * SECOND))
    office, stranger = hello(house, token), hello(house, KEYS.sign_partner(PartnerToken("key_x", ("read",), T0 + 1)))
    assert stranger[2].closed == (4401, "token_invalid")
    assert office[2].is_open()
    house.store.revoked_ids = {"key_office"}
    house.sweeps_after(10 * SECOND)
    assert office[2].closed == (4401, "key_revoked")


def test_a_rotated_secret_that_ends_is_told_and_closed_like_any_token() -> None:
    house = House()
    house.store.keys[api_key_hash(ADMIN_KEY)] = key("admin", ends_at_ms=T0 + SECOND)
    office = hello(house, ADMIN_KEY)
    house.sweeps_after(SECOND)
    assert office[2].told("message")[0]["data"]["code"] == "token_expired"
    house.sweeps_after(60 * SECOND)
    assert office[2].closed == (4401, "token_expired")


def test_from_a_wrong_address_the_socket_is_closed_as_forbidden() -> None:
    house = House()
    house.store.keys[api_key_hash(ADMIN_KEY)] = key("admin", limits=Limits(networks=read_networks(["10.0.0.0/8"])))
    assert hello(house, ADMIN_KEY)[2].closed == (4403, "insufficient_scope")
    assert hello(house, ADMIN_KEY, "10.1.2.3")[2].is_open()


def test_a_key_has_as_many_requests_under_way_as_its_terms_say() -> None:
    house = House()
    found = KeyFound("key_p", SELLS, False, selling_at_once_max=1)
    house.store.keys[api_key_hash("osk_live_p")] = found
    one, other = (
        hello(house, "osk_live_p"),
        hello(house, KEYS.sign_partner(PartnerToken("key_p", ("booking",), T0 + 1))),
    )
    assert holds(house, one) == []
    assert holds(house, other) == ["error"]
    assert other[2].told("error")[-1]["data"]["code"] == "rate_limited"
    command = house.log.commands[0]
    house.happens(house.sale.refused(HoldRefused, "key_p", code="sold_out", key=command.key))
    assert holds(house, other) == []


def test_a_sandbox_key_forces_what_it_wants_to_see_and_nobody_else_does() -> None:
    house = House()
    house.store.keys[api_key_hash("osk_test_s")] = KeyFound("key_s", SELLS, False, sandbox=True)
    house.store.keys[api_key_hash("osk_live_p")] = key("read", "booking")
    tries, live = hello(house, "osk_test_s"), hello(house, "osk_live_p")
    assert holds(house, tries, "test:seats_unavailable") == ["request_decided"]
    lost = tries[2].told("request_decided")[-1]["data"]
    assert (lost["status"], lost["reply_to"], lost["outcome"]["code"]) == ("rejected", "h", "seats_unavailable")
    assert lost["outcome"]["conflicts"] == [{"label": "A-1", "reason": "held"}]
    assert holds(house, tries, "test:busy") == ["error"]
    assert tries[2].told("error")[-1]["data"]["code"] == "busy"
    assert holds(house, live, "test:sold_out") == ["error"]
    assert live[2].told("error")[-1]["data"]["code"] == "unknown_places"
    assert house.log.commands == []
    assert holds(house, tries, "test:expires_in_5s") == ["error"], "a show that is no test is not held for so short"
    assert tries[2].told("error")[-1]["data"]["code"] == "hold_time_out_of_range"
    assert live[2].told("request_decided") == []


def test_a_decision_that_a_sandbox_key_wants_slow_is_asked_for_later() -> None:
    house = House()
    house.store.keys[api_key_hash("osk_test_s")] = KeyFound("key_s", SELLS, False, sandbox=True)
    house.store.keys[api_key_hash("osk_live_p")] = key("read", "booking")
    tries, live = hello(house, "osk_test_s"), hello(house, "osk_live_p")
    assert holds(house, tries, "test:slow_decision") == []
    assert house.log.commands == []
    ((seconds, act),) = house.later
    act()
    (command,) = house.log.commands
    assert (seconds, command.account) == (3, "key_s")
    house.happens(granted(house, [0]))
    (told,) = tries[2].told("request_decided")
    assert (told["data"]["status"], told["data"]["reply_to"]) == ("granted", "h")
    house.paused = True
    holds(house, tries, "test:slow_decision")
    house.later[-1][1]()
    assert tries[2].told("error")[-1]["data"]["code"] == "sales_paused", "as late as its verdict"
    assert holds(house, live, "test:slow_decision") == ["error"]
    assert live[2].told("error")[-1]["data"]["code"] == "unknown_places"


def test_a_webhook_that_a_sandbox_key_wants_twice_is_known_by_the_external_id_of_its_reservation() -> None:
    house = House()
    house.store.keys[api_key_hash("osk_test_s")] = KeyFound("key_s", SELLS, False, sandbox=True)
    tries = hello(house, "osk_test_s")
    assert holds(house, tries, "test:duplicate_webhook") == []
    (command,) = house.log.commands
    assert isinstance(command, HoldSeats)
    assert (command.external_id, command.seats) == ("test:duplicate_webhook", (0,))
