"""Many joins from one place: slowed, told so, and never shut out."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.waiting_room.hall import NOW_MS, Hall, open_hall
from waiting_room.doorstep import Doorstep


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall() as found:
        yield found


async def test_too_many_from_one_address_are_slowed_and_others_are_not(hall: Hall) -> None:
    answers = [await hall.join(client, address="93.184.216.34") for client in range(6)]
    assert [answer.status_code for answer in answers] == [201] * 5 + [429]
    slowed = answers[-1]
    assert slowed.json()["code"] == "rate_limited"
    assert "nobody is shut out" in slowed.json()["detail"]
    assert slowed.json()["retry_after_s"] == int(slowed.headers["retry-after"]) == 12
    assert (await hall.join(7, address="93.184.217.34")).status_code == 201
    hall.clock.advance(12_000)
    assert (await hall.join(5, address="93.184.216.34")).status_code == 201
    # Nobody's place has moved: who was slowed has taken none.
    assert (await hall.join(8, address="93.184.217.34")).json()["n"] == 8


async def test_only_what_our_own_proxy_says_counts(hall: Hall) -> None:
    for client in range(6):
        assert (await hall.join(client)).status_code == 201
    # The client writes the first part itself; the last one is the proxy's.
    answers = [await hall.join(client, address=f"9.9.9.{client}, 93.184.216.34") for client in range(10, 16)]
    assert [answer.status_code for answer in answers] == [201] * 5 + [429]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "192.168.0.7", "::1", "fd00::1", "nonsense", ""])
def test_addresses_that_say_nothing_are_not_counted(address: str) -> None:
    step = Doorstep(address_per_min=1, network_per_min=1)
    assert [step.wait_s(address, NOW_MS) for _ in range(50)] == [0] * 50


def test_a_network_is_counted_over_its_addresses() -> None:
    step = Doorstep(address_per_min=10, network_per_min=20)
    waits = [step.wait_s(f"93.184.216.{host}", NOW_MS) for host in range(1, 22)]
    assert waits == [0] * 20 + [3]
    assert step.wait_s("93.184.215.1", NOW_MS) == 0


def test_a_line_of_ipv6_is_one_address_and_mapped_ones_are_what_they_map() -> None:
    step = Doorstep(address_per_min=2, network_per_min=0)
    assert [step.wait_s(f"2606:2800:220:1::{host}", NOW_MS) for host in range(3)] == [0, 0, 30]
    assert step.wait_s("2606:2800:220:2::1", NOW_MS) == 0
    assert [step.wait_s(text, NOW_MS) for text in ("93.184.216.34", "::ffff:93.184.216.34")] == [0, 0]
    assert step.wait_s("93.184.216.34", NOW_MS) == 30


def test_nothing_is_counted_where_operators_do_not_want_it() -> None:
    step = Doorstep(address_per_min=0, network_per_min=0)
    assert [step.wait_s("93.184.216.34", NOW_MS) for _ in range(1_000)] == [0] * 1_000


def test_memory_is_bounded() -> None:
    step = Doorstep(address_per_min=1, network_per_min=0, keys_max=100)
    for host in range(5_000):
        assert step.wait_s(f"93.{host // 256}.{host % 256}.1", NOW_MS) == 0
    assert len(step) == 100


@given(st.lists(st.integers(0, 20_000), max_size=200), st.integers(1, 60))
def test_within_any_minute_no_more_join_than_twice_the_limit_and_waiting_as_told_is_enough(
    gaps_ms: list[int], limit: int
) -> None:
    step, now_ms = Doorstep(address_per_min=limit, network_per_min=0), NOW_MS
    joined: list[int] = []
    for gap_ms in gaps_ms:
        now_ms += gap_ms
        wait_s = step.wait_s("93.184.216.34", now_ms)
        if wait_s == 0:
            joined.append(now_ms)
        else:
            now_ms += wait_s * 1_000
            assert step.wait_s("93.184.216.34", now_ms) == 0
            joined.append(now_ms)
    for first in joined:
        assert sum(first <= at_ms < first + 60_000 for at_ms in joined) <= 2 * limit
