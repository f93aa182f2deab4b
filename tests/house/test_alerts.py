"""Every alert leads to what it means, and is about something that is really counted."""

import re
from typing import Any

import pytest

from tests.house.measured import asked, counted, rules, unknown_labels
from tests.house.sources import ROOT

STORIES = sorted((ROOT / "infra" / "prometheus" / "tests").glob("*.yml"))
PAGE = ROOT / "docs" / "alerts.md"
ALERTS = [rule for rule in rules() if "alert" in rule]


def test_each_alert_has_its_place_on_the_page_and_nothing_else_has_one() -> None:
    headings = re.findall(r"^### (\w+)$", PAGE.read_text(), flags=re.MULTILINE)
    assert sorted(headings) == sorted(rule["alert"] for rule in ALERTS)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{rule['alert'].lower()}"
    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_each_alert_has_a_story_in_which_it_fires() -> None:
    told = {name for path in STORIES for name in re.findall(r'exp_samples: .*alertname="(\w+)"', path.read_text())}
    assert told == {rule["alert"] for rule in ALERTS}


def test_rules_look_at_what_some_room_counts() -> None:
    assert {name for rule in rules() for name in asked(rule["expr"])} - counted().keys() == set()
    assert {label for rule in rules() for label in unknown_labels(rule["expr"])} == set()
