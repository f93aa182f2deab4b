"""`python -m tests.browser [--short] [ARGUMENTS OF PYTEST]`: the stories, in the browser that is found here.

`--short`: what is looked at in each language is looked at in those two alone of which axe has something to say.

Exit codes are pytest's; 4, with the reason, where there is no browser or what speaks to it is not installed.
"""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from bench.chromium import VARIABLE, NoBrowser, find_browser

STORIES = Path(__file__).parent / "stories"
SHORT = "--short"
NEEDED = ("playwright", "axe_playwright_python", "zxingcpp", "PIL")


def main(arguments: list[str]) -> int:
    """Runs them; what the arguments name, else all."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(f"not installed: {', '.join(missing)}; `make browser` installs requirements/browser.txt", file=sys.stderr)
        return int(pytest.ExitCode.USAGE_ERROR)
    try:
        browser = find_browser()
    except NoBrowser as error:
        print(error, file=sys.stderr)
        return int(pytest.ExitCode.USAGE_ERROR)
    os.environ[VARIABLE] = str(browser)
    if SHORT in arguments:
        arguments = [*(word for word in arguments if word != SHORT), "-m", "not thorough"]
    named = [word for word in arguments if not word.startswith("-") and Path(word.partition("::")[0]).exists()]
    return int(pytest.main([*arguments, *([] if named else [str(STORIES)])]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
