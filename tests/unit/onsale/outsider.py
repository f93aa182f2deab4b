"""Somebody who has our export, our page about it, and Python; nothing of ours."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "histories.md"


def documented_checker(file: Path) -> tuple[int, str]:
    """Exit code and words of the checker that stands on the page, run on an export."""
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    done = subprocess.run(
        # Neither our environment nor installed packages: the standard library must do.
        [sys.executable, "-I", "-S", "-W", "error", "-c", program, str(file)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr
