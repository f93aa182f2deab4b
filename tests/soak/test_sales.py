"""The crowds of a sale, before any server runs."""

import random

from tests.soak.sales import crowds_of

SEED = 5


def test_no_two_crowds_are_the_same_people() -> None:
    """What one has bought the other would ask for again, and be refused: each refusal is remembered for 15 minutes."""
    crowds = [crowd for seed in (SEED, SEED + 1) for crowd in crowds_of(seed, ports=(8001, 8002))]
    assert [port for port, _ in crowds] == [8001, 8002, 8001, 8002]
    first_keys = {random.Random(seed).getrandbits(128) for _, seed in crowds}
    assert len(first_keys) == 4


def test_the_same_seed_is_the_same_sale() -> None:
    assert crowds_of(SEED, ports=(1, 2)) == crowds_of(SEED, ports=(1, 2))
