"""Ids and keys: what goes in comes out, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing import vocabulary
from ticketing.vocabulary import (
    LIVE_STATUSES,
    NEW,
    RESERVATION_EDGES,
    UNPAID_STATUSES,
    Malformed,
    ReservationStatus,
    booking_text,
    command_key,
    event_text,
    fingerprint,
    new_show_id,
    parse_booking,
    parse_request,
    parse_reservation,
    parse_show,
    request_text,
    reservation_text,
    show_text,
)

SHOWS = st.integers(1, 2**40 - 1)
IDS = st.binary(min_size=16, max_size=16)


@given(SHOWS, IDS)
def test_ids_come_back_as_they_went(show: int, reservation: bytes) -> None:
    assert parse_show(show_text(show)) == show
    assert parse_reservation(reservation_text(show, reservation)) == (show, reservation)
    assert parse_booking(booking_text(show, reservation)) == (show, reservation)


@given(st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1), st.integers(0, 2**48 - 1))
def test_a_request_names_its_place_in_the_log(part: int, log_gen: int, offset: int) -> None:
    assert parse_request(request_text(part, log_gen, offset)) == (part, log_gen, offset)


def test_ids_look_as_documented() -> None:
    assert show_text(7) == "shw_0000000007"
    assert reservation_text(255, bytes(16)) == "rsv_00000000ff" + 32 * "0"
    assert booking_text(255, bytes(16)) == "bkg_00000000ff" + 32 * "0"
    assert request_text(3, 1, 4711) == "req_00030001000000001267"
    assert event_text(3, 1, 4711, 2) == "evt_000300010000000012670002"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shw_",
        "shw_0",
        "shw_00000000071",
        "SHW_0000000007",
        "shw_000000000G",
        "shw_000000000A",
        "rsv_0000000007",
        " shw_0000000007",
        "shw_0000000007\n",
        "shw_\u0660000000007",
    ],
)
def test_what_is_not_an_id_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_show(text)


def test_one_kind_of_id_is_not_another() -> None:
    reservation = reservation_text(7, bytes(16))
    with pytest.raises(Malformed):
        parse_booking(reservation)
    with pytest.raises(Malformed):
        parse_request(reservation)
    with pytest.raises(Malformed):
        parse_reservation(reservation.replace("rsv", "bkg"))


@given(st.binary(min_size=5, max_size=12))
def test_a_new_show_has_a_number_in_range(entropy: bytes) -> None:
    assert 1 <= new_show_id(entropy) < 2 ** (8 * vocabulary.SHOW_BYTES)


def test_no_entropy_at_all_is_still_a_number() -> None:
    assert new_show_id(bytes(5)) == 1


WHAT = {"account": "a", "method": "POST", "path_template": "/api/holds", "show": 7, "key": "k", "item": ""}


def test_the_same_request_has_the_same_key_and_any_other_another() -> None:
    first = command_key(**WHAT)  # type: ignore[arg-type]
    assert first == command_key(**WHAT)  # type: ignore[arg-type]
    assert len(first) == vocabulary.DIGEST_BYTES
    others = {
        command_key(**{**WHAT, name: other})  # type: ignore[arg-type]
        for name, other in {
            "account": "b",
            "method": "PUT",
            "path_template": "/api/x",
            "show": 8,
            "key": "l",
            "item": "i",
        }.items()
    }
    assert len(others | {first}) == 7


@given(st.text(), st.text(), st.text(), st.text())
def test_parts_do_not_run_together(account: str, method: str, moved: str, key: str) -> None:
    one = command_key(account=account + moved, method=method, path_template="", show=1, key=key)
    two = command_key(account=account, method=moved + method, path_template="", show=1, key=key)
    assert (one == two) == (moved == "")


def test_a_fingerprint_is_eight_bytes_of_the_body() -> None:
    assert len(fingerprint(b"")) == vocabulary.FINGERPRINT_BYTES
    assert fingerprint(b"a") == fingerprint(b"a") != fingerprint(b"b")


def test_the_table_of_edges_knows_every_state() -> None:
    assert set(RESERVATION_EDGES) == {NEW, *ReservationStatus}
    assert set().union(*RESERVATION_EDGES.values()) == set(ReservationStatus)
    assert UNPAID_STATUSES < LIVE_STATUSES
    assert RESERVATION_EDGES["released"] == RESERVATION_EDGES["cancelled"] == frozenset()
    assert RESERVATION_EDGES["expired"] == {"booked"}
