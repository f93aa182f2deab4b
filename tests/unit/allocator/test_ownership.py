"""Shares end within one of even, whoever comes and goes, and nobody takes what somebody lives on."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from allocator.ownership import Plan, Seat, plan


class Table:
    """The partitions as the database has them; every member acts on what it sees, one after the other."""

    def __init__(self, partitions: int, members: list[str]) -> None:
        self.owners: dict[int, str | None] = dict.fromkeys(range(partitions))
        self.members = members

    def look(self) -> list[Seat]:
        return [Seat(part, owner, owner not in self.members) for part, owner in self.owners.items()]

    def owned(self, member: str) -> list[int]:
        return [part for part, owner in self.owners.items() if owner == member]

    def tick(self, order: list[str]) -> None:
        # All look before any acts, which is the worst they can do to each other.
        plans = {member: plan(member, self.look(), self.members, self.owned(member)) for member in order}
        for member, todo in plans.items():
            for part in todo.claim:
                if self.owners[part] not in self.members:
                    self.owners[part] = member
            if todo.give_back is not None:
                assert self.owners[todo.give_back] == member
                self.owners[todo.give_back] = None

    def shares(self) -> list[int]:
        return [len(self.owned(member)) for member in self.members]


def settle(table: Table, rng: random.Random) -> None:
    for _ in range(60):
        order = list(table.members)
        rng.shuffle(order)
        table.tick(order)


@settings(max_examples=150)
@given(st.integers(1, 24), st.integers(1, 7), st.lists(st.integers(-3, 3), max_size=4), st.integers())
def test_shares_end_within_one_of_even(partitions: int, members: int, changes: list[int], seed: int) -> None:
    rng = random.Random(seed)
    table = Table(partitions, [f"m{number}" for number in range(members)])
    settle(table, rng)
    for change in changes:
        if change < 0:
            table.members = table.members[: max(1, len(table.members) + change)]
        else:
            table.members = table.members + [f"n{len(table.members) + number}" for number in range(change)]
        settle(table, rng)
    assert None not in table.owners.values()
    assert set(table.owners.values()) <= set(table.members)
    assert max(table.shares()) - min(table.shares()) <= 1


def test_one_alone_takes_everything_that_is_free() -> None:
    seats = [Seat(part, None, True) for part in range(12)]
    assert plan("me", seats, ["me"], ()) == Plan(claim=tuple(range(12)))


def test_what_somebody_lives_on_is_left_alone() -> None:
    seats = [Seat(0, "you", False), Seat(1, "you", False), Seat(2, "you", False)]
    assert plan("me", seats, ["me", "you"], ()) == Plan()
    assert plan("you", seats, ["me", "you"], {0, 1, 2}) == Plan(give_back=2)


def test_two_that_wake_together_begin_at_different_places() -> None:
    seats = [Seat(part, None, True) for part in range(12)]
    first, second = (plan(me, seats, ["a", "b"], ()).claim for me in ("a", "b"))
    assert len(first) == len(second) == 6
    assert not set(first) & set(second)


def test_one_that_the_table_does_not_show_yet_counts_itself() -> None:
    seats = [Seat(part, "you", False) for part in range(3)] + [Seat(3, None, True)]
    assert plan("me", seats, ["you"], ()).claim == (3,)


def test_what_one_dropped_is_its_own_to_claim_at_once() -> None:
    seats = [Seat(0, "me", False), Seat(1, "me", False), Seat(2, "you", False)]
    assert plan("me", seats, ["me", "you"], {0, 1}) == Plan()
    assert plan("me", seats, ["me", "you"], {0}) == Plan(claim=(1,))
