"""What comes of a button of the sandbox's page, and of the amounts that press one by themselves."""

import re
from pathlib import Path

import pytest

from payments.provider import State
from payments.sandbox.choices import LATE_MS, WORDS, Choice, made_by, plan, state_now

NOW, LAPSES, AMOUNT = 1_000_000, 1_180_000, 5_000
PAGE = Path(__file__).parents[3] / "docs" / "api" / "sandbox.md"


@pytest.mark.parametrize(
    ("choice", "state", "amounts", "notices"),
    [
        (Choice.PAY, State.PAID, (5_000,), 2),
        (Choice.DECLINE, State.DECLINED, (), 1),
        (Choice.LATE, State.PAID, (5_000,), 1),
        (Choice.TWICE, State.PAID, (5_000, 5_000), 1),
        (Choice.LESS, State.PAID, (4_999,), 1),
        (Choice.SILENT, State.PAID, (5_000,), 0),
    ],
)
def test_a_button_does_what_it_says(choice: Choice, state: State, amounts: tuple[int, ...], notices: int) -> None:
    made = plan(choice, AMOUNT, LAPSES, NOW)
    assert (made.state, made.amounts, made.notices) == (state, amounts, notices)
    assert made.at_ms == (LAPSES + LATE_MS if choice is Choice.LATE else NOW)


def test_what_was_chosen_counts_from_its_moment_on_and_who_does_not_choose_in_time_cannot() -> None:
    late = plan(Choice.LATE, AMOUNT, LAPSES, NOW)
    assert state_now(late.state, late.at_ms, LAPSES, late.at_ms - 1) is State.OPEN
    assert state_now(late.state, late.at_ms, LAPSES, late.at_ms) is State.PAID
    assert state_now(State.OPEN, 0, LAPSES, LAPSES - 1) is State.OPEN
    assert state_now(State.OPEN, 0, LAPSES, LAPSES) is State.LAPSED


def test_some_amounts_press_a_button_by_themselves_and_the_page_of_the_documents_names_them() -> None:
    listed = dict(re.findall(r"^\| (99\d\d) \| (.+) \|$", PAGE.read_text(), re.MULTILINE))
    made = {str(amount): made_by(amount) for amount in range(9_900, 10_001)}
    assert {end: WORDS[choice][0] for end, choice in made.items() if choice is not None} == listed
    assert made_by(109_902) is Choice.DECLINE
    assert [made_by(amount) for amount in (0, 1, 5_000, 99_01_00, 10_000)] == [None] * 5
