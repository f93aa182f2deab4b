"""`python -m onsale.standby PACKAGE`: a room's process that has read all its code, and begins when it is told to.

Half of what a restart takes is Python reading code. A child that is kept ready takes over without that: it waits for
one line on its standard input, and leaves when that ends instead.
"""

import importlib
import sys


def main() -> int:
    """The exit code of the room's own `main`; 0 when it was never needed."""
    package = sys.argv[1]
    room = importlib.import_module(f"{package}.__main__")
    if not sys.stdin.buffer.readline():
        return 0
    sys.argv = [package]
    code: int = room.main()
    return code


if __name__ == "__main__":
    sys.exit(main())
