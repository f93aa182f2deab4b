"""docs/api/sandbox.md names the labels that there are."""

import re
from pathlib import Path

from tests.unit.ingress.stage import SHOW_TEXT
from ticketing.asks import HoldBody
from ticketing.sandbox import SHORT, SLOW, TWICE, Asked, Forced, forced

PAGE = (Path(__file__).parents[3] / "docs" / "api" / "sandbox.md").read_text()


def test_each_label_on_the_page_forces_something_and_none_is_missing() -> None:
    labels = set(re.findall(r"`(test:[a-z_0-9]+)`", PAGE))
    assert labels >= {SHORT, SLOW, TWICE}
    for label in labels:
        said = forced(HoldBody(show=SHOW_TEXT, seats=[label]))
        assert isinstance(said, Asked) or said.code == label.removeprefix("test:"), label
    nothing = forced(HoldBody(show=SHOW_TEXT, seats=["test:nothing"]))
    assert isinstance(nothing, Forced)
    there = set(re.findall(r"test:[a-z_0-9]+", nothing.detail)) - {"test:nothing"}
    assert there <= labels
