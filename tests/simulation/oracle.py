"""The sequential oracle: what was committed, decided again one by one by a memory that never crashed."""

from allocator.answer import Moment, log_time
from allocator.draft import Draft
from allocator.seating import decide
from allocator.stock import PartitionState
from tests.simulation import picture
from tests.simulation.committed import Committed
from tests.simulation.crowd import COSTLY_SHOW, LAYOUT, LAYOUT_ID, SHA256
from tests.simulation.world import World
from ticketing import messages
from ticketing.messages import AnyOutcome

FORCED = frozenset({"data_refused", "internal_error"})
"""Rejections that are taken as given: the store's verdict is not the decider's."""


def differences(world: World) -> list[str]:
    """Where the committed outcomes, or the tables in the end, are not what the oracle says."""
    return [problem for part in world.parts for problem in _differences(world, part)]


def _differences(world: World, part: int) -> list[str]:
    state = PartitionState(part)
    state.layouts[LAYOUT_ID, SHA256] = LAYOUT
    found: list[str] = []
    for committed in world.committed:
        if committed.batch.at.part == part:
            found += _replay(state, committed)
        if found:
            return found
    tables, wanted = picture.of_tables(world.tables, part), picture.of_stock(state)
    found += [f"table {name} is not what the oracle's memory says" for name in wanted if tables[name] != wanted[name]]
    if world.tables.cursor[part]["last_now_ms"] != state.last_now_ms:
        found.append("the log's time is not the oracle's")
    return found


def _replay(state: PartitionState, committed: Committed) -> list[str]:
    batch = committed.batch
    by_offset: dict[int, list[AnyOutcome]] = {}
    for outcome in committed.outcomes:
        by_offset.setdefault(outcome.offset, []).append(outcome)
    draft = Draft(batch.at.next_offset)
    for record, command in zip(committed.records, committed.commands, strict=True):
        outcomes = by_offset.pop(record.offset, [])
        first = outcomes[0] if outcomes else None
        if command is None or (isinstance(first, messages.CommandRejected) and first.code in FORCED):
            if len(outcomes) != 1 or not isinstance(first, messages.CommandRejected):
                return [f"offset {record.offset} could not be decided, and was not rejected"]
            if command is None and first.code != "malformed":
                return [f"offset {record.offset} is malformed, and was called {first.code}"]
            if first.code == "data_refused" and (command is None or command.show != COSTLY_SHOW):
                return [f"offset {record.offset} was refused for its data, which is as good as any"]
            continue
        state.last_now_ms = log_time(state.last_now_ms, record.timestamp_ms, command.sent_at_ms)
        wanted = decide(state, command, Moment(state.last_now_ms, batch.decided_at_ms, record.offset))
        if wanted != outcomes:
            return [f"offset {record.offset}: {type(command).__name__} gave {outcomes}, the oracle says {wanted}"]
        for outcome in wanted:
            state.evolve(command, outcome, draft)
    return [f"batch {batch.at.batch_seq + 1} has outcomes of other offsets: {sorted(by_offset)}"] if by_offset else []
