"""Every alert leads to what it means, and is about something that is really counted."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.sources import shipped

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "alerts.md"
RULES = sorted((ROOT / "infra" / "prometheus" / "rules").glob("*.yml"))
OURS = re.compile(r"\b(?:onsale|runtime|room|allocator|staff)_[a-z0-9_]+")


def rules() -> Iterator[dict[str, Any]]:
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


ALERTS = [rule for rule in rules() if "alert" in rule]


def test_each_alert_has_its_place_on_the_page_and_nothing_else_has_one() -> None:
    headings = re.findall(r"^### (\w+)$", PAGE.read_text(), flags=re.MULTILINE)
    assert sorted(headings) == sorted(rule["alert"] for rule in ALERTS)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{rule['alert'].lower()}"
    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_what_alerts_look_at_is_counted_by_some_room() -> None:
    counted = {
        found
        for module in shipped()
        for found in re.findall(r'"((?:onsale|runtime|room|allocator|staff)_[a-z0-9_]+)"', module.path.read_text())
    }
    asked = {found for rule in rules() for found in OURS.findall(str(rule["expr"]))}
    assert asked
    plain = {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked}
    assert plain - counted == set()
