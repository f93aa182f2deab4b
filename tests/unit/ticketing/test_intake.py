"""From a request to a command, or to the reason why not."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as changed
from pydantic import ValidationError

from tests.unit.allocator.stories import LAYOUT, POLICY
from tests.unit.allocator.test_whole_tables import SUPPER
from ticketing import intake, messages, wishes
from ticketing.asks import ConfirmBody, ExtendBody, HoldBody
from ticketing.intake import Caller, Rejection, Sent, ShowFacts
from ticketing.problems import PROBLEMS

T0 = 1_800_000_000_000
SHOW = 7
FACTS = ShowFacts(SHOW, 3, "ven_1", LAYOUT, POLICY)
FAN = Caller("ent_anna", False, frozenset(), SHOW)
PARTNER = Caller("key_agency", True, frozenset({"booking"}))
SENT = Sent("POST", "/api/holds", "k1", b"n" * 16, T0)
RESERVATION = b"r" * 16
CONTACT = {"name": "Anna", "email": "anna@example.com"}


def asked(caller: Caller = FAN, sent: Sent = SENT, **body: Any) -> messages.HoldSeats | Rejection:
    return wishes.hold(HoldBody(show="shw_0000000007", **body), FACTS, caller, sent)


def command(caller: Caller = FAN, sent: Sent = SENT, **body: Any) -> messages.HoldSeats:
    made = asked(caller, sent, **body)
    assert isinstance(made, messages.HoldSeats)
    return made


def refused(caller: Caller = FAN, **body: Any) -> str:
    made = asked(caller, **body)
    assert isinstance(made, Rejection)
    assert made.code in PROBLEMS
    return made.code


def test_labels_become_numbers_in_order() -> None:
    made = command(seats=["B-1", "A-2"], areas=[{"area": "floor", "quantity": 2}])
    assert (made.show, made.seats, made.areas) == (SHOW, (1, 4), ((0, 2),))
    assert (made.account, made.person, made.partner, made.sent_at_ms) == ("ent_anna", "ent_anna", False, T0)
    assert messages.decode_command(messages.encode(made)) == made


def test_best_is_passed_on() -> None:
    made = command(best={"quantity": 3, "category": "back", "adjacent": False})
    assert made.best == messages.Best(3, "back", "", False, False)


def test_a_partner_acts_for_customers_whose_names_stay_behind() -> None:
    made = command(PARTNER, seats=["A-1"], on_behalf_of="Anna Smith, 1 Main St", external_id="order-7")
    assert made.person.startswith("cus_") and "Anna" not in repr(made)
    assert (made.partner, made.external_id) == (True, "order-7")
    assert made.person == command(PARTNER, seats=["A-2"], on_behalf_of="Anna Smith, 1 Main St").person
    other = changed(PARTNER, account="key_other")
    assert made.person != command(other, seats=["A-1"], on_behalf_of="Anna Smith, 1 Main St").person
    assert command(PARTNER, seats=["A-1"]).person == ""
    assert command(FAN, seats=["A-1"], on_behalf_of="somebody").person == "ent_anna"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "nothing_asked_for"),
        ({"seats": ["Z-9"]}, "unknown_places"),
        ({"areas": [{"area": "roof", "quantity": 1}]}, "unknown_places"),
        ({"seats": ["A-1", "A-2", "A-3", "A-4", "B-1"]}, "too_many_seats"),
        ({"seats": ["A-1"], "areas": [{"area": "floor", "quantity": 4}]}, "too_many_seats"),
        ({"best": {"quantity": 5}}, "too_many_seats"),
        ({"seats": ["A-1", "A-1"]}, "invalid_request"),
        ({"areas": [{"area": "floor", "quantity": 1}, {"area": "floor", "quantity": 1}]}, "invalid_request"),
        ({"seats": ["A-1"], "hold_s": 59}, "hold_time_out_of_range"),
        ({"seats": ["A-1"], "hold_s": 121}, "hold_time_out_of_range"),
    ],
    ids=str,
)
def test_what_needs_no_stock_to_be_refused(body: dict[str, Any], code: str) -> None:
    assert refused(**body) == code


def test_all_unknown_places_are_named() -> None:
    made = asked(seats=["Z-1", "A-1", "Z-2"], areas=[{"area": "roof", "quantity": 1}])
    assert isinstance(made, Rejection)
    assert made.unknown == ("Z-1", "Z-2", "roof")


def test_limits_are_the_shows_and_the_callers() -> None:
    seats = ["A-1", "A-2", "A-3", "A-4", "B-1"]
    assert refused(FAN, seats=seats) == "too_many_seats"
    assert len(command(PARTNER, seats=seats).seats) == 5
    assert command(seats=["A-1"], hold_s=60).hold_s == 60
    assert command(seats=["A-1"], hold_s=120).hold_s == 120
    assert command(seats=["A-1"]).hold_s == 0


@pytest.mark.parametrize(
    "body",
    [
        {"seats": [""]},
        {"seats": ["A\0"]},
        {"seats": ["x" * 101]},
        {"seats": [7]},
        {"areas": [{"area": "floor", "quantity": 0}]},
        {"areas": [{"area": "floor", "quantity": -1}]},
        {"areas": [{"area": "floor", "quantity": 1.5}]},
        {"areas": [{"area": "floor"}]},
        {"best": {"quantity": 0}},
        {"best": {"quantity": 201}},
        {"hold_s": 0},
        {"external_id": "a\0b"},
        {"external_id": "x" * 201},
        {"seat": ["A-1"]},
    ],
    ids=str,
)
def test_what_has_not_the_form_is_not_a_request(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HoldBody.model_validate({"show": "shw_0000000007", **body})


def test_a_key_makes_the_command_the_same_each_time() -> None:
    first, again = command(seats=["A-1"]), command(sent=changed(SENT, nonce=b"m" * 16, at_ms=T0 + 1), seats=["A-1"])
    assert (first.key, first.fingerprint, first.keyed) == (again.key, again.fingerprint, True)
    other_body = command(seats=["A-2"])
    assert other_body.key == first.key and other_body.fingerprint != first.fingerprint
    others = [
        command(sent=changed(SENT, key="k2"), seats=["A-1"]),
        command(sent=changed(SENT, method="PUT"), seats=["A-1"]),
        command(sent=changed(SENT, path_template="/api/other"), seats=["A-1"]),
        command(changed(FAN, account="ent_ben"), seats=["A-1"]),
    ]
    assert len({first.key, *(other.key for other in others)}) == 5


def test_saying_a_default_aloud_is_the_same_request() -> None:
    assert command(seats=["A-1"]).fingerprint == command(seats=["A-1"], areas=[], best=None).fingerprint


def test_without_a_key_each_request_is_its_own() -> None:
    made = command(sent=changed(SENT, key=None), seats=["A-1"])
    assert (made.key, made.keyed) == (SENT.nonce, False)


def test_commands_about_a_reservation_have_keys_of_their_own() -> None:
    made = [
        intake.extend(ExtendBody(by_s=30), FACTS, RESERVATION, FAN, SENT),
        intake.release(FACTS, RESERVATION, FAN, changed(SENT, method="DELETE")),
        intake.cancel(FACTS, RESERVATION, FAN, changed(SENT, path_template="/api/bookings/{booking}")),
        intake.extend(ExtendBody(by_s=30), FACTS, b"s" * 16, FAN, SENT),
    ]
    assert [type(it).__name__ for it in made] == ["ExtendHold", "ReleaseHold", "CancelBooking", "ExtendHold"]
    keys = {it.key for it in made if not isinstance(it, Rejection)}
    assert len(keys) == 4
    assert isinstance(made[0], messages.ExtendHold) and made[0].by_s == 30
    assert isinstance(made[1], messages.ReleaseHold) and made[1].reservation == RESERVATION


def test_a_contact_stays_behind_and_only_its_hash_goes_on() -> None:
    body = ConfirmBody.model_validate({"reservation": "rsv_x", "contact": CONTACT, "notes": "by the door"})
    made = intake.confirm(body, FACTS, RESERVATION, FAN, SENT)
    assert isinstance(made, messages.ConfirmBooking)
    assert len(made.contact_hash) == 32 and made.payment is None
    assert b"anna@" not in messages.encode(made) and b"Anna" not in messages.encode(made)
    bare = intake.confirm(ConfirmBody(reservation="rsv_x"), FACTS, RESERVATION, FAN, SENT)
    assert isinstance(bare, messages.ConfirmBooking)
    assert bare.contact_hash == b"" and bare.key == made.key and bare.fingerprint != made.fingerprint


def test_partners_are_trusted_with_payments_and_fans_are_not() -> None:
    body = ConfirmBody.model_validate(
        {"reservation": "rsv_x", "payment": {"provider": "pay", "reference": "ref", "amount": 100}}
    )
    made = intake.confirm(body, FACTS, RESERVATION, PARTNER, SENT)
    assert isinstance(made, messages.ConfirmBooking)
    assert made.payment == messages.Payment("pay", "ref", 100)
    refused = intake.confirm(body, FACTS, RESERVATION, FAN, SENT)
    assert isinstance(refused, Rejection) and refused.code == "insufficient_scope"


@pytest.mark.parametrize(
    "body",
    [
        {"contact": {"name": "Anna", "email": "no address"}},
        {"contact": {"name": "Anna", "email": "a@b.c\0"}},
        {"contact": {"name": "", "email": "a@b.cd"}},
        {"payment": {"provider": "p", "reference": "r", "amount": -1}},
        {"payment": {"provider": "p", "reference": "r", "amount": 2**53}},
        {"notes": "x" * 2001},
        {"notes": "\0"},
        {"reservation": ""},
    ],
    ids=str,
)
def test_a_confirmation_has_a_form_too(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ConfirmBody.model_validate({"reservation": "rsv_x", **body})


def at_supper(**body: Any) -> messages.HoldSeats | Rejection:
    """Asked of the hall with tables: T1 and T2 of eight sold whole, S1 of three by the seat."""
    return wishes.hold(HoldBody(show="shw_0000000007", **body), replace(FACTS, layout=SUPPER), FAN, SENT)


def test_a_table_becomes_its_seats_and_counts_as_one() -> None:
    made = at_supper(tables=["T1"], seats=["A-2", "A-1"], partial=True)
    assert isinstance(made, messages.HoldSeats)
    assert (made.seats, made.partial) == ((0, 1, *SUPPER.tables[0].seats), True)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"tables": ["T9"]}, "unknown_places"),
        ({"tables": ["S1"]}, "table_not_sold_so"),
        ({"tables": ["T1"], "seats": ["T1-1"]}, "invalid_request"),
        ({"tables": ["T1"], "best": {"quantity": 5}}, "too_many_seats"),
    ],
    ids=str,
)
def test_what_is_wrong_with_tables(body: dict[str, Any], code: str) -> None:
    made = at_supper(**body)
    assert isinstance(made, Rejection)
    assert made.code == code


def test_who_may_hold_for_groups_may_have_two_hundred_of_the_best() -> None:
    group = changed(PARTNER, roles=PARTNER.roles | {"group"})
    made = command(group, best={"quantity": 200})
    assert (made.group, made.best) == (True, messages.Best(200))
    assert refused(PARTNER, best={"quantity": 200}) == "too_many_seats"
    assert refused(group, seats=[seat.label for seat in LAYOUT.seats]) == "too_many_seats"
    assert not command(PARTNER, seats=["A-1"]).group
