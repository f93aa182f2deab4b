"""The limit on open files goes up as far as it may, and never down."""

import subprocess
import sys

TRY = """
import resource
from onsale.open_files import raise_open_files
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, 3000))
raise_open_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def limits_after(soft: int) -> str:
    """The soft and hard limit of a process that began with `soft` of 3000."""
    return subprocess.run(
        [sys.executable, "-c", TRY.format(soft=soft)], check=True, capture_output=True, text=True, timeout=30
    ).stdout.strip()


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    assert limits_after(256) == "3000 3000"
    assert limits_after(3000) == "3000 3000"
