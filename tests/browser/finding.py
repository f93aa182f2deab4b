"""Which browser the stories are told in: Debian's Chromium, or another one of its family."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

VARIABLE = "ONSALE_TEST_BROWSER"
RUNNING = "ONSALE_TEST_UP"
"""A file with the line that `onsale up --json` printed: the stories are told there, and nothing is started."""
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
        "the browser stories need Chromium: on Debian and Ubuntu, apt install chromium; elsewhere set "
        f"{VARIABLE} to the path of one"
    )


if __name__ == "__main__":
    try:
        print(f"browser: {find_browser()}")
    except NoBrowser as error:
        sys.exit(str(error))
