"""How fair a sale was, from what its room has kept."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onsale.cli import app
from onsale.fairness.command import FAIR, INVERTED, tell
from onsale.fairness.judging import Act, Claim, Sale, inversions, rank_correlation, report
from onsale.fairness.page import page
from waiting_room.records import Moment

T0 = 1_800_000_000_000


def moment(second: int, serving: int) -> Moment:
    return Moment(T0 + second * 1_000, "open", {"general": (100, serving)}, 0, 0, 5, 0, 0, 600, "operator", 0)


def claim(place: int, second: float, joined_s: int = -60) -> Claim:
    return Claim("general", place, T0 + joined_s * 1_000, T0 + round(second * 1_000))


SALE = Sale(
    name="A <First> Night",
    opens_at_ms=T0,
    joined={"general": 100},
    given_up=3,
    claims=[claim(10, 2), claim(20, 6), claim(15, 7), claim(30, 8, joined_s=5)],
    track=[moment(0, 0), moment(5, 20), moment(10, 40)],
    tallies={
        "refused": {"rate_limited": 7},
        "cleared": {"work": 5},
        "waited_phone": {"10": 6, "60": 3, "more": 1},
        "network": {"a1": 60, "b2": 30, "others": 10},
        "eta": {"hit": 84, "missed": 16},
    },
    acts=[Act(T0, "pause", "a <breath>")],
)


def test_a_sale_in_order_has_no_inversions() -> None:
    assert inversions(SALE) == (0, 0)


def test_whoever_was_let_in_before_the_line_came_to_them_is_found() -> None:
    assert inversions(replace(SALE, claims=[*SALE.claims, claim(21, 4), claim(41, 9.9)])) == (2, 0)
    assert inversions(replace(SALE, claims=[replace(claim(1, 2), line="unknown")])) == (1, 0)


def test_what_nothing_was_kept_of_is_not_judged_and_said() -> None:
    assert inversions(replace(SALE, claims=[claim(90, 11)])) == (0, 1)
    opened = replace(SALE, claims=[claim(90, 3), claim(90, 7)], acts=[Act(T0, "fail-open", "it burns", T0 + 5_000)])
    assert inversions(opened) == (1, 1)


@pytest.mark.parametrize(
    ("times", "found"),
    [([1, 2, 3, 4], 1.0), ([4, 3, 2, 1], -1.0), ([1, 1, 1, 1], None), ([1], None), ([], None), ([1, 3, 2, 4], 0.8)],
)
def test_rank_correlation_is_that_of_the_textbook(times: list[int], found: float | None) -> None:
    told = rank_correlation([claim(place, at) for place, at in enumerate(times, 1)])
    assert told == (None if found is None else pytest.approx(found))


def test_equal_ranks_share_their_mean() -> None:
    # Ranks of the times are 1.5, 1.5, 3: the correlation with 1, 2, 3 is 1.5 / sqrt(2 * 1.5).
    assert rank_correlation([claim(1, 5), claim(2, 5), claim(3, 6)]) == pytest.approx(1.5 / (2 * 1.5) ** 0.5)


def test_a_report_says_all_that_a_fan_could_ask() -> None:
    told = report(SALE)
    assert told["rank_correlation"] == {"general": 0.8}
    assert told["waits"] == {"general": {"p50_s": 6.0, "p90_s": 7.0, "longest_s": 7.0}}
    assert told["waits_by_device"] == {"phone": {"let_in": 10, "p50_within_s": 10, "p90_within_s": 60}}
    assert told["networks"] == {"known": 2, "largest_part": 0.6, "ten_largest_part": 0.9}
    assert (told["eta_hit_rate"], told["refused"], told["cleared"]) == (0.84, {"rate_limited": 7}, {"work": 5})
    text = page(told)
    assert "A &lt;First&gt; Night" in text and "a &lt;breath&gt;" in text
    assert "84.0%" in text and "http" not in text and "<script" not in text


def test_a_sale_to_which_nobody_came_has_a_report() -> None:
    nobody = Sale("nothing", T0, {}, 0, [], [], {}, [])
    told = report(nobody)
    assert (told["let_in"], told["eta_hit_rate"], told["inversions"]) == (0, None, 0)
    assert page(told)


def test_the_command_writes_both_and_its_exit_code_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    json_file, html = tmp_path / "fair.json", tmp_path / "fair.html"
    assert tell(SALE, json_file, html) == FAIR
    assert json.loads(json_file.read_text()) == report(SALE)
    assert html.read_text() == page(report(SALE))
    assert "(must be 0): 0" in capsys.readouterr().out
    assert tell(replace(SALE, claims=[claim(99, 1)]), None, None) == INVERTED
    assert CliRunner().invoke(app, ["fairness", "nothing"]).exit_code == 2
