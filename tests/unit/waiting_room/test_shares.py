"""The rate of a room among its lines."""

from hypothesis import given
from hypothesis import strategies as st

from waiting_room.shares import split

SHARES = {"general": 80, "accessible": 15, "presale": 5}


def test_each_line_gets_its_share_while_people_wait_in_all() -> None:
    assert split(1_000, SHARES, {"general": 9, "accessible": 1, "presale": 5}) == {
        "general": 800,
        "accessible": 150,
        "presale": 50,
    }


def test_a_line_without_people_leaves_its_part_to_the_others() -> None:
    assert split(950, SHARES, {"general": 9, "accessible": 1, "presale": 0}) == {
        "general": 800,
        "accessible": 150,
        "presale": 0,
    }
    assert split(950, SHARES, {"general": 0, "accessible": 0, "presale": 3})["presale"] == 950


def test_where_nobody_waits_everybody_has_their_share() -> None:
    assert split(1_000, SHARES, dict.fromkeys(SHARES, 0)) == {"general": 800, "accessible": 150, "presale": 50}


def test_a_line_without_a_share_is_served_once_the_others_are_empty() -> None:
    assert split(600, {"general": 100}, {"general": 4, "presale": 7}) == {"general": 600, "presale": 0}
    assert split(601, {"general": 0}, {"general": 4, "presale": 7}) == {"general": 301, "presale": 300}


@given(
    st.integers(0, 1_000_000),
    st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 1_000), st.integers(0, 9)), min_size=1),
)
def test_nothing_of_the_rate_is_lost_and_nothing_added(rate: int, lines: dict[str, tuple[int, int]]) -> None:
    shares = {name: share for name, (share, _) in lines.items()}
    found = split(rate, shares, {name: waiting for name, (_, waiting) in lines.items()})
    assert found.keys() == lines.keys()
    assert sum(found.values()) == rate
    assert min(found.values()) >= 0
