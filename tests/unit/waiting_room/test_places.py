"""Who a place belongs to."""

import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.tokens import PASS_LIFE_S, TokenKeys, secret_hash
from ticketing.vocabulary import Malformed
from waiting_room.places import (
    GENERAL,
    JOIN_BUCKETS,
    entry_of,
    entry_text,
    join_slot,
    leaf_of,
    parse_entry,
    pass_for,
    ticket_for,
)
from waiting_room.ports import Line

CLIENT = UUID("00000000-0000-4000-8000-000000000001")
HASH = secret_hash("a secret of enough length")
KEYS = TokenKeys(["a secret of the server"])


def test_a_client_has_one_entry_in_each_show_and_it_does_not_tell_the_client() -> None:
    assert entry_of(1, CLIENT) == entry_of(1, CLIENT)
    assert entry_of(1, CLIENT) != entry_of(2, CLIENT)
    assert CLIENT.bytes not in entry_of(1, CLIENT)


@given(st.binary(min_size=16, max_size=16))
def test_an_entry_is_read_back_from_its_text(entry: bytes) -> None:
    assert parse_entry(entry_text(entry)) == entry


@pytest.mark.parametrize("text", ["", "ent_", "ent_" + "0" * 31, "rsv_" + "0" * 32, "ent_" + "G" * 32])
def test_anything_else_is_no_entry(text: str) -> None:
    with pytest.raises(Malformed):
        parse_entry(text)


def test_the_hash_of_a_secret_is_what_a_browser_computes() -> None:
    assert hashlib.sha256(b"onsale-entry-secret" + b"a secret of enough length").hexdigest() == HASH


def test_a_leaf_fixes_number_entry_and_secret() -> None:
    entry = entry_of(1, CLIENT)
    leaves = {
        leaf_of(1, entry, HASH),
        leaf_of(2, entry, HASH),
        leaf_of(1, entry_of(2, CLIENT), HASH),
        leaf_of(1, entry, secret_hash("another secret")),
    }
    assert len(leaves) == 4
    assert {len(leaf) for leaf in leaves} == {32}


@given(st.binary(min_size=16, max_size=16))
def test_a_join_has_its_slot(entry: bytes) -> None:
    bucket, field = join_slot(entry)
    assert 0 <= bucket < JOIN_BUCKETS
    assert len(field) == 10


def test_ticket_and_pass_are_the_same_bytes_each_time() -> None:
    ticket = ticket_for(Line(7, GENERAL), 3, entry_of(7, CLIENT), 1_000, HASH)
    assert KEYS.sign_ticket(ticket) == KEYS.sign_ticket(ticket)
    assert KEYS.read_ticket(KEYS.sign_ticket(ticket)) == ticket
    granted = pass_for(ticket, 2, 5_000)
    assert KEYS.sign_pass(granted) == KEYS.sign_pass(pass_for(ticket, 2, 5_000))
    assert granted.expires_at_ms == 5_000 + PASS_LIFE_S * 1000
    assert KEYS.read_pass(KEYS.sign_pass(granted), 5_000) == granted
