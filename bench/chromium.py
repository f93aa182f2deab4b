"""Which browser pages are measured and their stories told in: Debian's Chromium, or another one of its family."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

VARIABLE = "ONSALE_TEST_BROWSER"
OPTIONS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run")
"""For Playwright. As root a browser needs to be told that it may run without its own sandbox."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoBrowser(Exception):
    """There is none; the text says what to do about it."""


def find_browser(
    environment: Mapping[str, str] = os.environ, which: Callable[[str], str | None] = shutil.which
) -> Path:
    """The one that `ONSALE_TEST_BROWSER` names, else the first that is installed. Raises `NoBrowser`."""
    named = environment.get(VARIABLE)
    if named:
        found = which(named)
        if found is None:
            raise NoBrowser(f"{VARIABLE} names {named}, which is no program here")
        return Path(found)
    for name in NAMES:
        if (found := which(name)) is not None:
            return Path(found)
    raise NoBrowser(
        f"this needs Chromium: on Debian and Ubuntu, apt install chromium; elsewhere set {VARIABLE} to the path of one"
    )


if __name__ == "__main__":
    try:
        print(f"browser: {find_browser()}")
    except NoBrowser as error:
        sys.exit(str(error))
