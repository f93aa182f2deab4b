"""Which partition is in which cluster of Postgres, and how a room stands that serves several."""

import pytest
from pydantic import SecretStr, ValidationError

from runtime.cluster_map import read_cluster_map
from runtime.clusters import Standing
from runtime.settings import ServerSettings

FIRST, SECOND, THIRD = (f"postgresql://postgres:secret-{n}@10.0.0.{n}:5432/onsale" for n in (1, 2, 3))


def test_what_is_not_named_is_in_the_first() -> None:
    places = read_cluster_map(FIRST, "")
    assert places.urls == (FIRST,)
    assert {places.number_of(part) for part in range(1024)} == {0}


def test_partitions_are_named_one_by_one_and_from_to_and_a_url_twice_is_one_cluster() -> None:
    places = read_cluster_map(FIRST, f"12-14={SECOND} 3,20-21={THIRD} 7={SECOND}")
    assert places.urls == (FIRST, SECOND, THIRD)
    assert places.parts_of(1) == {7, 12, 13, 14}
    assert places.parts_of(2) == {3, 20, 21}
    assert [places.number_of(part) for part in (0, 3, 7, 14, 15, 21)] == [0, 2, 1, 1, 0, 2]
    assert [places.has(1)(part) for part in (7, 8)] == [True, False]


@pytest.mark.parametrize(
    "text, why",
    [
        ("12-23", "PARTITIONS=URL"),
        (f"x={SECOND}", "PARTITIONS=URL"),
        ("12-23=postgresql://host:5432", "PARTITIONS=URL"),  # whose database?
        (f"12-14={SECOND} 14={THIRD}", "partition 14 is named twice"),
        (f"14-12={SECOND}", "from the lower to the higher"),
        (f"1024={SECOND}", "at most 1023"),
        (f"4={FIRST}", "the first cluster has whatever is not named"),
    ],
)
def test_a_map_that_is_wrong_is_refused_and_the_password_in_it_not_told(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_cluster_map(FIRST, text)
    with pytest.raises(ValidationError, match=why) as refused:
        ServerSettings(
            _env_file=None, postgres_url=FIRST, postgres_clusters=text, redis_url="redis://127.0.0.1/0",
            kafka_bootstrap="127.0.0.1:9092", secret=SecretStr("only-for-tests-only-for-tests"),
        )  # fmt: skip
    assert "secret-" not in str(refused.value)


def test_a_room_is_ready_while_it_serves_any_cluster_and_says_which_it_does_not() -> None:
    reasons: list[list[str]] = [[], []]
    standing = Standing([lambda: reasons[0], lambda: reasons[1]])
    assert (standing.ready(), standing.degraded()) == ([], [])
    reasons[1] = ["a server is away"]
    assert (standing.ready(), standing.degraded()) == ([], ["cluster 1: a server is away"])
    reasons[0] = ["so is this one"]
    assert standing.ready() == ["cluster 0: so is this one", "cluster 1: a server is away"]
    assert standing.degraded() == []


def test_with_one_cluster_nothing_is_said_of_clusters() -> None:
    reasons = ["a server is away"]
    standing = Standing([lambda: reasons])
    assert (standing.ready(), standing.degraded()) == (["a server is away"], [])
    reasons.clear()
    assert (standing.ready(), standing.degraded()) == ([], [])
