"""`python -m tests.hosts.table` writes the newest lines of `make hosts` into docs/hosts.md."""

from tests.faults.rooms import ROOT
from tests.faults.table import write
from tests.hosts.play import RESULTS

BEGIN = "<!-- what was seen: python -m tests.hosts.table -->"

if __name__ == "__main__":
    write(RESULTS, ROOT / "docs" / "hosts.md", BEGIN)
