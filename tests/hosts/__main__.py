"""`python -m tests.hosts [word ...]`: a sale on three hosts, which are namespaces, and what becomes of it when they are
cut off from each other and lost; one JSON line each. `--quick` plays a part of it in less than two minutes.

Exit code 1 where a line is not ok, 2 where it cannot be played here.
"""

import asyncio
import os
import sys
from pathlib import Path

from tests.hosts.network import missing

IN_A_WORLD_OF_ITS_OWN = "--inside"
CAP_NET_ADMIN, CAP_SYS_ADMIN = 12, 21


def obstacle() -> str:
    """Why it cannot be played here; nothing where it can."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff:"))
    rights = int(line.split()[1], 16)
    if not all(rights >> right & 1 for right in (CAP_NET_ADMIN, CAP_SYS_ADMIN)):
        return "it takes root, or CAP_NET_ADMIN and CAP_SYS_ADMIN, to make network namespaces"
    lacking = missing()
    return f"not installed here: {lacking}" if lacking else ""


def main(words: list[str]) -> int:
    """The exit code."""
    if words[:1] == [IN_A_WORLD_OF_ITS_OWN]:
        from onsale.open_files import raise_open_files  # noqa: PLC0415 -- not needed to say why not
        from tests.hosts.play import run  # noqa: PLC0415 -- as above

        raise_open_files()
        return asyncio.run(run(words[1:]))
    if why := obstacle():
        print(f"make hosts cannot run here: {why}", file=sys.stderr)
        return 2
    command = ["unshare", "--net", "--", sys.executable, "-m", "tests.hosts", IN_A_WORLD_OF_ITS_OWN, *words]
    os.execvp(command[0], command)  # noqa: S606 -- the same program, in a namespace of its own


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
