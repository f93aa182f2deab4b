"""The new history of a database that was put back."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from onsale.backup.earlier import Earlier, RestoredCursor, read_earlier
from onsale.verify.command_log import open_commands
from runtime.kafka import PartitionReader
from runtime.postgres import connect
from ticketing import topics
from ticketing.vocabulary import show_text

CURSORS = "SELECT part, log_gen, next_offset FROM allocator_cursor ORDER BY part"
LAYOUTS = "SELECT layout_id, sha256 FROM layouts"
BEGIN_HISTORY = "SELECT begin_history($1, $2, $3, $4)"
STOOD = "SELECT part, batch_seq FROM allocator_cursor"
# An event that is taken twice is told once, by its id.
TAKE_AGAIN = """
UPDATE caller_event_cursor c SET batch_seq = LEAST(c.batch_seq, s.batch_seq)
FROM unnest($1::int[], $2::bigint[]) AS s (part, batch_seq) WHERE c.part = s.part
"""
WRITE_S_MAX = 120.0
"""Each batch since the backup is a row."""


class LosesSales(Exception):
    """What was sold since the backup would not all be sold again; the text says why."""


@dataclass
class NewHistory:
    """What has begun. `commands`: how many are decided once more; `lost`: what was accepted by force."""

    history_id: str
    commands: int
    lost: list[str] = field(default_factory=list)


async def begin_history(postgres_url: str, bootstrap: str, topic_prefix: str, *, force: bool) -> NewHistory:
    """Begin it. No allocator may run; readers may.

    Raises `LosesSales` (nothing has been changed, unless by `force`), `LogError`, `CommandMissing`, and what asyncpg
    raises. `postgres_url` is the superuser's.
    """
    async with AsyncExitStack() as stack:
        connection = await connect(postgres_url, application_name="onsale restore", statement_timeout_s=WRITE_S_MAX)
        stack.push_async_callback(connection.close)
        commands = await stack.enter_async_context(open_commands(bootstrap, topic_prefix))
        outcomes = await stack.enter_async_context(
            PartitionReader(bootstrap, topics.OUTCOMES.full_name(topic_prefix), client_id="onsale-restore")
        )
        cursors = [RestoredCursor(**row) for row in await connection.fetch(CURSORS)]
        parts = [await read_earlier(cursor, commands, outcomes) for cursor in cursors]
        layouts = {(row["layout_id"], row["sha256"]) for row in await connection.fetch(LAYOUTS)}
        lost = what_is_lost(parts, layouts)
        if lost and not force:
            raise LosesSales("\n".join(lost))
        steps = [(part.part, part.log_gen, *step) for part in parts for step in part.steps]
        columns = list(zip(*steps, strict=True)) or [(), (), (), ()]
        history_id: str = await connection.fetchval(BEGIN_HISTORY, *columns)
    return NewHistory(history_id, sum(part.commands for part in parts), lost)


async def take_events_again(first_url: str, restored_url: str) -> None:
    """How far partners' feeds were taken stands in the first cluster, which was not restored: let it be as far as the
    restored one has decided, since batches after that are numbered anew. Raises what asyncpg raises."""
    async with AsyncExitStack() as stack:
        first, restored = [await connect(url, application_name="onsale restore") for url in (first_url, restored_url)]
        for connection in (first, restored):
            stack.push_async_callback(connection.close)
        rows = await restored.fetch(STOOD)
        await first.execute(TAKE_AGAIN, [row["part"] for row in rows], [row["batch_seq"] for row in rows])


def what_is_lost(parts: Sequence[Earlier], layouts: set[tuple[str, bytes]]) -> list[str]:
    """In words, what the log cannot bring back to a database that knows these layouts."""
    lost = [f"partition {part.part}: {part.missing}" for part in parts if part.missing]
    for part in parts:
        lost += [
            f"show {show_text(command.show)} was opened after the backup, which does not have its layout"
            for command in part.opened
            if (command.layout, command.layout_sha256) not in layouts
        ]
    return lost
