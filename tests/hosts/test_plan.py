"""Who lives where, and who is deaf to whom."""

from itertools import combinations

import pytest

from tests.hosts.plan import (
    HOSTS,
    IN_A_SALE,
    MODES,
    POSTGRES,
    ROOMS,
    SANDBOX,
    TALKING,
    WE,
    Part,
    between_hosts,
    between_kinds,
    network_of,
    pairs_of_hosts,
    parts,
)

EVERYTHING = parts()


def named(*names: str) -> list[Part]:
    return [part for part in EVERYTHING if part.name in names]


def test_each_host_has_a_broker_and_one_of_each_room_and_nobody_shares_an_address() -> None:
    for host in HOSTS:
        kinds = [part.kind for part in EVERYTHING if part.host == host]
        assert {"kafka", *ROOMS} <= set(kinds)
        assert len(kinds) == len(set(kinds))
        assert all(
            part.address.startswith(network_of(host).removesuffix("0/24")) for part in EVERYTHING if part.host == host
        )
    taken = [part.address for part in EVERYTHING] + [WE, POSTGRES]
    assert len(taken) == len(set(taken))


def test_each_pair_of_hosts_is_there_once() -> None:
    assert pairs_of_hosts() == [("a", "b"), ("a", "c"), ("b", "c")]


def test_of_two_hosts_one_way_only_the_second_is_deaf_and_to_nobody_else() -> None:
    deaf = between_hosts(EVERYTHING, "b", "c", "to")
    assert {each.part for each in deaf} == {part for part in EVERYTHING if part.host == "c"}
    assert {each.sender for each in deaf} == {network_of("b")}


def test_the_address_that_moves_is_cut_with_the_host_that_has_it() -> None:
    assert {each.sender for each in between_hosts(EVERYTHING, "a", "b", "to", "a")} == {network_of("a"), POSTGRES}
    assert {each.sender for each in between_hosts(EVERYTHING, "a", "b", "to", "b")} == {network_of("a")}
    assert {each.sender for each in between_hosts(EVERYTHING, "a", "b", "from", "b")} == {network_of("b"), POSTGRES}


@pytest.mark.parametrize(("one", "other"), (*TALKING, *IN_A_SALE))
def test_both_ways_is_one_way_and_the_other(one: str, other: str) -> None:
    to, back, both = (set(between_kinds(EVERYTHING, one, other, mode)) for mode in MODES)
    assert to and back
    assert to | back == both
    assert not to & back


def test_rooms_that_are_cut_off_from_postgres_do_not_hear_it_at_any_address() -> None:
    deaf = between_kinds(EVERYTHING, "ingress", "postgres", "from")
    (first, *_) = named("ingress-a")
    heard_from = {each.sender for each in deaf if each.part == first}
    assert heard_from == {POSTGRES, *(part.address for part in named("postgres-a", "postgres-b"))}


def test_of_one_kind_the_first_is_cut_off_from_its_fellows_which_still_hear_each_other() -> None:
    deaf = between_kinds(EVERYTHING, "kafka", "kafka", "both")
    first, second, third = named("kafka-a", "kafka-b", "kafka-c")
    pairs = {(each.part, each.sender) for each in deaf}
    assert pairs == {
        *((first, fellow.address) for fellow in (second, third)),
        *((fellow, first.address) for fellow in (second, third)),
    }


def test_all_that_talk_are_cut_off_and_nobody_else() -> None:
    kinds = {part.kind for part in EVERYTHING}
    pairs = [frozenset(pair) for pair in (*TALKING, *IN_A_SALE)]
    assert {kind for pair in pairs for kind in pair} == kinds - {"staff", "web", SANDBOX}
    assert len(set(pairs)) == len(pairs)
    assert not {frozenset(pair) for pair in combinations(ROOMS, 2)} & set(pairs)
