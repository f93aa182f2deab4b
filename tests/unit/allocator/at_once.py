"""What whoever loses what others have just lost is told at once; asked without a trace, unlike a desk does."""

from collections.abc import Sequence

from allocator.losing import lose_again
from allocator.stock import PartitionState
from runtime.kafka.records import Record
from ticketing.messages import AnyCommand, AnyOutcome


def said_at_once(state: PartitionState, command: AnyCommand, at: int, offset: int) -> Sequence[AnyOutcome]:
    """What can be said of a command that was appended `at` a moment (ms); none: it is to be decided."""
    show, by_key = state.shows.get(command.show), state.refusals.by_key
    if show is None:
        return []
    known = dict(by_key)
    outcomes = lose_again(state, show, [(Record(state.part, offset, at, None, b"", ()), command)], offset)
    by_key.clear()
    by_key.update(known)
    return outcomes
