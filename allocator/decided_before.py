"""When the commands of a log were decided that a restored database has to decide once more.

A hold lasts from the moment of its decision. Decided an hour later by the same clock it would outlive the `ExpireHolds`
that ended it the first time, and whoever bought the seat afterwards would be refused. So the moment is taken from the
outcomes that were published then; where these are gone, the log's own time stands for it, which is never later.
"""

from bisect import bisect_right
from collections.abc import Sequence

BY_THE_LOG = 0
"""The moment of a decision that nobody remembers: earlier than any record, so that the record's own time counts."""
ENDLESS = 2**63 - 1


class DecidedBefore:
    """`steps`: ascending `(first offset, moment in ms)`; a moment of None: from there on nothing was decided before."""

    def __init__(self, steps: Sequence[tuple[int, int | None]] = ()) -> None:
        self._steps = steps
        self._firsts = [first for first, _ in steps]

    def find(self, offset: int) -> tuple[int | None, int]:
        """The moment for the command at `offset`, and the offset at which another one begins."""
        at = bisect_right(self._firsts, offset)
        return self._steps[at - 1][1] if at else None, self._firsts[at] if at < len(self._firsts) else ENDLESS
