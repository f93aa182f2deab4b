"""The browser is found, or it is said what to do."""

from pathlib import Path

import pytest

from bench.chromium import NoBrowser, find_browser

HERE = {"chromium": "/usr/bin/chromium", "google-chrome": "/opt/chrome", "/my/own": "/my/own"}


def test_debians_comes_first() -> None:
    assert find_browser({}, HERE.get) == Path("/usr/bin/chromium")


def test_the_one_that_is_named_is_taken() -> None:
    assert find_browser({"ONSALE_TEST_BROWSER": "/my/own"}, HERE.get) == Path("/my/own")


def test_a_name_that_leads_nowhere_is_not_passed_over() -> None:
    with pytest.raises(NoBrowser, match="/not/there"):
        find_browser({"ONSALE_TEST_BROWSER": "/not/there"}, HERE.get)


def test_without_any_it_is_said_how_to_get_one() -> None:
    with pytest.raises(NoBrowser, match="apt install chromium"):
        find_browser({}, lambda _name: None)
