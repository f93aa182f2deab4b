"""What the database took, batch by batch: the history that a finished sale is judged by."""

from collections.abc import Iterator
from dataclasses import dataclass

from allocator.netting import Batch
from allocator.ports import LogRecord
from tests.simulation.places import Sent
from ticketing.messages import AnyCommand, AnyOutcome, Undecodable, decode_command, decode_outcomes


@dataclass(frozen=True)
class Committed:
    """One batch: when it was taken (true time), and the records that it was decided from."""

    batch: Batch
    records: tuple[LogRecord, ...]
    at_ms: int
    commands: tuple[AnyCommand | None, ...]
    """What the records say; None: nothing that can be read."""
    outcomes: tuple[AnyOutcome, ...]

    def names(self) -> Iterator[str]:
        """What happened, for the table of coverage."""
        for command in self.commands:
            yield f"command: {'unreadable' if command is None else type(command).__name__}"
        for outcome in self.outcomes:
            name = f"outcome: {type(outcome).__name__}"
            yield f"{name}, repeated" if outcome.repeat else name
            code = getattr(outcome, "code", "")
            if code and not outcome.repeat:
                yield f"refusal: {type(outcome).__name__} {code}"


def committed(sent: Sent, at_ms: int) -> Committed:
    """The history's entry of a batch that was just taken."""
    outcomes = tuple(decode_outcomes(sent.batch.payload))
    return Committed(sent.batch, sent.records, at_ms, tuple(map(command_of, sent.records)), outcomes)


def command_of(record: LogRecord) -> AnyCommand | None:
    """The command in a record, if there is one."""
    try:
        return decode_command(record.value)
    except Undecodable:
        return None
