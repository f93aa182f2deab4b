"""`python -m tests.faults.newer_allocator`: the allocator as it is, with the next version of the decider."""

import sys

from allocator import office, service
from allocator.__main__ import main
from allocator.seating import DECIDER_VERSION

if __name__ == "__main__":
    for module in (office, service):
        vars(module)["DECIDER_VERSION"] = DECIDER_VERSION + 1
    sys.exit(main())
