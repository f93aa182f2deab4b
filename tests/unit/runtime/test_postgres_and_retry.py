"""Addresses, passwords, what a failure means, and how long to wait after one."""

import random

import asyncpg
import pytest

from runtime.postgres import Failure, classify, role_password, room_url
from runtime.retry import Backoff


@pytest.mark.parametrize(
    ("base", "host_and_more"),
    [
        ("postgresql://postgres:s%40cret@127.0.0.1:5432/onsale", "@127.0.0.1:5432/onsale"),
        ("postgresql://h/onsale?sslmode=require", "@h/onsale?sslmode=require"),
        ("postgresql://u:p@[::1]:5432,other:5433/onsale", "@[::1]:5432,other:5433/onsale"),
        ("postgresql://u@/onsale?host=/run/pg", "@/onsale?host=/run/pg"),
    ],
)
def test_a_room_goes_to_the_same_place_as_its_own_role(base: str, host_and_more: str) -> None:
    password = role_password("secret one", "onsale_allocator")
    assert room_url(base, "onsale_allocator", "secret one") == (
        f"postgresql://onsale_allocator:{password}{host_and_more}"
    )


def test_a_password_belongs_to_one_role_and_one_secret() -> None:
    passwords = {role_password(secret, role) for secret in ("a", "b") for role in ("ingress", "notifier")}
    assert len(passwords) == 4
    assert {len(password) for password in passwords} == {64}
    assert role_password("new, old", "ingress") == role_password("new", "ingress")


@pytest.mark.parametrize(
    ("failure", "meaning"),
    [
        (asyncpg.NumericValueOutOfRangeError("x"), "data"),
        (asyncpg.DataError("an argument of the wrong type"), "data"),
        (asyncpg.UniqueViolationError("x"), "integrity"),
        (asyncpg.CheckViolationError("x"), "integrity"),
        (asyncpg.PostgresError.new({"C": "XX001", "M": "counts differ"}), "integrity"),
        (asyncpg.InternalServerError("x"), "infrastructure"),
        (asyncpg.QueryCanceledError("x"), "infrastructure"),
        (asyncpg.AdminShutdownError("x"), "infrastructure"),
        (asyncpg.LockNotAvailableError("x"), "infrastructure"),
        (asyncpg.SerializationError("x"), "infrastructure"),
        (asyncpg.InterfaceError("x"), "infrastructure"),
        (ConnectionResetError(), "infrastructure"),
        (TimeoutError(), "infrastructure"),
    ],
)
def test_a_failure_means_one_of_three_things(failure: Exception, meaning: Failure) -> None:
    assert classify(failure) == meaning


def test_waits_grow_stay_bounded_and_begin_again() -> None:
    longest = Backoff(lambda: 0.0, first_s=0.1, longest_s=1.0)
    assert [round(longest.next_wait_s(), 3) for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert longest.failures == 6
    longest.reset()
    assert longest.next_wait_s() == 0.1
    any_wait = Backoff(random.Random(7).random, first_s=0.1, longest_s=1.0)
    waits_s = [any_wait.next_wait_s() for _ in range(2_000)]
    assert all(0 < wait_s <= 1.0 for wait_s in waits_s)
    assert len(set(waits_s)) > 1_900
