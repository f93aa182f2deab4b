"""Replays partitions as their batches are read: fetches the commands, and what the tables keep of lost ones."""

from typing import Any

import msgspec

from onsale.verify.command_log import CommandLog, CommandMissing
from onsale.verify.findings import Check, Findings
from onsale.verify.history import LoggedBatch
from onsale.verify.log_range import Generation, LogRange, Replayed
from onsale.verify.reading import ROWS_PER_FETCH, Connection, gone_from, stand_of
from onsale.verify.replay import DeadLetters, Kept, Layouts, PartReplay
from ticketing import messages
from ticketing.layout import decode_layout
from ticketing.messages import Undecodable

LAYOUTS = """
SELECT DISTINCT s.layout_id, s.layout_sha256, l.document FROM show s JOIN layouts l USING (layout_id) WHERE s.part = $1
"""
# A dead letter may be as large as a record; its digest does for a comparison.
DEAD_LETTERS = "SELECT log_gen, log_offset, code, sha256(raw) AS digest FROM dead_letter WHERE part = $1"
GENERATIONS = """
SELECT log_gen, min(first_offset) AS first_offset, max(next_offset) AS next_offset
FROM outcome_log WHERE part = $1 GROUP BY log_gen
"""
CURSOR = "SELECT log_gen, next_offset FROM allocator_cursor WHERE part = $1"
OPENINGS = """
SELECT show_id, layout_id, layout_sha256, currency, starts_at_ms, opens_at_ms, closes_at_ms, prices::text AS prices,
       policy::text AS policy, orders
FROM show WHERE part = $1
"""
RESERVATIONS = "SELECT show_id, reservation_id, fingerprint, recent FROM reservation WHERE part = $1"


class Replaying:
    """See `reading.Companion`. `replayed` says in the end which offsets were decided again."""

    def __init__(self, commands: CommandLog, findings: Findings, only_show: int | None = None) -> None:
        self.replayed = Replayed()
        self._commands = commands
        self._findings = findings
        self._only_show = only_show
        self._kept: Kept | None = None
        self._stopped = ""

    async def begin_part(self, connection: Connection, part: int) -> None:
        """Raises `runtime.kafka.LogError`."""
        layouts = await layouts_of(connection, part)
        self._part = PartReplay(part, self._findings, layouts, self._only_show)
        self._part.gone = await gone_from(connection, part)
        self._part.state.last_now_ms = (await stand_of(connection, part)).last_now_ms
        self._dead = await dead_letters_of(connection, part)
        self._range, self._kept, self._stopped = await range_of(connection, self._commands, part), None, ""
        self.replayed.undecided += self._range.undecided

    async def read_batch(self, connection: Connection, batch: LoggedBatch) -> None:
        """Raises `runtime.kafka.LogError`."""
        why_not = self._stopped or self._range.why_not(batch)
        before = self._part.commands
        try:
            if not why_not:
                records = await self._commands.read(batch.part, batch.first_offset, batch.next_offset)
                self._stopped = self._part.decide_again(batch, records, self._dead)
            elif not self._stopped:
                self._kept = self._kept or await kept_of(connection, batch.part)
                self._stopped = self._part.adopt(batch, self._kept)
        except CommandMissing as error:
            self._findings.add(Check.REPLAY, batch.name, str(error))
            why_not = self._stopped = str(error)
        except Undecodable:
            why_not = self._stopped = f"the payload of batch {batch.batch_seq} cannot be read"
        self.replayed.commands += self._part.commands - before
        self.replayed.note(batch, why_not)

    async def finish(self, connection: Connection) -> None:
        """Nothing is left to do."""

    def conclude(self) -> None:
        """Nothing is left to do."""


async def layouts_of(connection: Connection, part: int) -> Layouts:
    """Those of the partition's shows. One that cannot be read is left out (and found by check `layout`)."""
    found: dict[tuple[str, bytes], Any] = {}
    for row in await connection.fetch(LAYOUTS, part):
        try:
            found[row["layout_id"], row["layout_sha256"]] = decode_layout(row["document"], row["layout_sha256"])
        except ValueError:
            continue
    return found


async def dead_letters_of(connection: Connection, part: int) -> DeadLetters:
    """All of one partition's."""
    rows = await connection.fetch(DEAD_LETTERS, part)
    return {(row["log_gen"], row["log_offset"]): (row["code"], row["digest"]) for row in rows}


async def range_of(connection: Connection, commands: CommandLog, part: int) -> LogRange:
    """What can be decided again of one partition. Raises `runtime.kafka.LogError`."""
    generations = {
        row["log_gen"]: Generation(row["first_offset"], row["next_offset"])
        for row in await connection.fetch(GENERATIONS, part)
    }
    cursor = await connection.fetchrow(CURSOR, part)
    begin, end = await commands.bounds(part)
    if cursor is not None:
        at = cursor["next_offset"]
        generations.setdefault(cursor["log_gen"], Generation(at, at))
    return LogRange(begin, end, generations, undecided=0 if cursor is None else max(0, end - cursor["next_offset"]))


async def kept_of(connection: Connection, part: int) -> Kept:
    """What the tables keep of commands that the log has lost."""
    kept = Kept()
    for row in await connection.fetch(OPENINGS, part):
        kept.openings[row["show_id"]] = opening(row)
        kept.remember_orders(row["show_id"], row["orders"])
    async for row in connection.cursor(RESERVATIONS, part, prefetch=ROWS_PER_FETCH):
        kept.remember(*row.values())
    return kept


def opening(row: Any) -> messages.OpenShow:
    """The command that opened a show, from what its row says of its terms."""
    return messages.OpenShow(
        show=row["show_id"],
        key=bytes(16),
        sent_at_ms=0,
        account="",
        layout=row["layout_id"],
        layout_sha256=row["layout_sha256"],
        currency=row["currency"],
        starts_at_ms=row["starts_at_ms"],
        opens_at_ms=row["opens_at_ms"],
        closes_at_ms=row["closes_at_ms"],
        prices=msgspec.json.decode(row["prices"], type=dict[str, int]),
        policy=msgspec.json.decode(row["policy"], type=messages.Policy),
    )
