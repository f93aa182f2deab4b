"""Writes the archive of a closed show, from one snapshot of Postgres and from topic `commands`.

The batches of a partition are chained whole, whichever shows they speak of. So that each link can be checked, all
batches from the show's first to its last are kept, with the commands and outcomes of other shows that stand between.
"""

from dataclasses import dataclass
from typing import Any

from onsale.verify import archive_file as lines
from onsale.verify.archive_file import ArchiveWriter
from onsale.verify.command_log import CommandLog
from onsale.verify.history import LoggedBatch, Stand
from onsale.verify.reading import (
    BATCHES,
    BATCHES_PER_FETCH,
    ROWS_PER_FETCH,
    Connection,
    ShowPruned,
    UnknownShow,
    gone_from,
    stand_of,
)
from onsale.verify.replaying import range_of
from ticketing.messages import decode_outcomes
from ticketing.vocabulary import ShowStatus, show_text

SHOW = """
SELECT part, show_id, status, seq, layout_id, layout_sha256, currency, starts_at_ms, opens_at_ms, closes_at_ms,
       prices::text AS prices, policy::text AS policy, opened_at_ms, allocations::text AS allocations,
       orders
FROM show WHERE show_id = $1
"""
HISTORY_ID = "SELECT history_id FROM installation"
LAYOUT = "SELECT layout_id, sha256, document FROM layouts WHERE layout_id = $1"
AREAS = "SELECT show_id, area_no, capacity, taken FROM area WHERE part = $1 AND show_id = $2 ORDER BY area_no"
SEATS = "SELECT show_id, seat_no, reservation_id FROM seat_taken WHERE part = $1 AND show_id = $2 ORDER BY seat_no"
RESERVATIONS = """
SELECT show_id, reservation_id, status, version, account, person, seats, areas, prices, amount, held_at_ms,
       expires_at_ms, hold_s, booked_at_ms, external_id, payment_until_ms, fingerprint, recent, noted, bound
FROM reservation WHERE part = $1 AND show_id = $2 ORDER BY reservation_id
"""
PAYMENTS = """
SELECT show_id, provider, reference, reservation_id, amount, accepted, refund_due
FROM payment WHERE part = $1 AND show_id = $2 ORDER BY provider, reference
"""
DEAD_LETTERS = """
SELECT log_gen, log_offset, code, sha256(raw) AS sha256 FROM dead_letter
WHERE part = $1 AND (log_gen, log_offset) >= ($2, $3) AND (log_gen, log_offset) < ($4, $5)
ORDER BY log_gen, log_offset
"""


class StillOpen(Exception):
    """The show is on sale: what would be kept is not all of it."""


@dataclass
class Stretch:
    """The batches of a show: where its partition stood before the first, and the last."""

    before: Stand
    last: LoggedBatch | None = None


async def archive_show(
    connection: Connection, commands: CommandLog, show: int, writer: ArchiveWriter, made_at_ms: int
) -> Stretch:
    """Write everything about a closed show.

    Raises:
        UnknownShow, StillOpen, ShowPruned: there is nothing to keep, or not yet, or not any more.
        runtime.kafka.LogError, CommandMissing, OSError, asyncpg.PostgresError, Undecodable: it could not be read.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        row = await connection.fetchrow(SHOW, show)
        if row is None:
            raise UnknownShow
        if row["status"] == ShowStatus.OPEN:
            raise StillOpen
        part = row["part"]
        stretch = await _find(connection, part, show)
        if show in await gone_from(connection, part):
            raise ShowPruned
        history_id = await connection.fetchval(HISTORY_ID)
        writer.write(
            lines.Head(
                version=lines.VERSION,
                show=show_text(show),
                part=part,
                history_id=history_id,
                made_at_ms=made_at_ms,
                batch_seq=stretch.before.batch_seq,
                log_gen=stretch.before.log_gen,
                next_offset=stretch.before.next_offset,
                chain=stretch.before.chain,
                last_now_ms=stretch.before.last_now_ms,
            )
        )
        for layout in await connection.fetch(LAYOUT, row["layout_id"]):
            writer.write(lines.Layout(**_fields(layout)))
        writer.write(lines.Show(**_fields(row, without="part")))
        for area in await connection.fetch(AREAS, part, show):
            writer.write(lines.Area(**_fields(area)))
        await _write_log(connection, commands, part, stretch, writer)
        async for seat in connection.cursor(SEATS, part, show, prefetch=ROWS_PER_FETCH):
            writer.write(lines.Seat(**_fields(seat)))
        async for reservation in connection.cursor(RESERVATIONS, part, show, prefetch=ROWS_PER_FETCH):
            writer.write(lines.Reserved(**_fields(reservation)))
        async for payment in connection.cursor(PAYMENTS, part, show, prefetch=ROWS_PER_FETCH):
            writer.write(lines.Paid(**_fields(payment)))
    return stretch


async def _find(connection: Connection, part: int, show: int) -> Stretch:
    """The batches that speak of the show, and the log's time before them."""
    stretch = Stretch(await stand_of(connection, part))
    async for row in connection.cursor(BATCHES, part, prefetch=BATCHES_PER_FETCH):
        batch = LoggedBatch(*row.values())
        outcomes = decode_outcomes(batch.payload)
        if any(outcome.show == show for outcome in outcomes):
            stretch.last = batch
        elif stretch.last is None:
            stretch.before = stretch.before.after(batch, outcomes)
    return stretch


async def _write_log(
    connection: Connection, commands: CommandLog, part: int, stretch: Stretch, writer: ArchiveWriter
) -> None:
    if stretch.last is None:
        return
    last = stretch.last
    span = (stretch.before.log_gen, stretch.before.next_offset, last.log_gen, last.next_offset)
    async for letter in connection.cursor(DEAD_LETTERS, part, *span, prefetch=ROWS_PER_FETCH):
        writer.write(lines.DeadLetter(**_fields(letter)))
    log_range = await range_of(connection, commands, part)
    async for row in connection.cursor(BATCHES, part, prefetch=BATCHES_PER_FETCH):
        batch = LoggedBatch(*row.values())
        if not stretch.before.batch_seq < batch.batch_seq <= last.batch_seq:
            continue
        records = []
        if not log_range.why_lost(batch):
            records = await commands.read(part, batch.first_offset, batch.next_offset)
        for record in records:
            writer.write(lines.Command(offset=record.offset, append_ms=record.timestamp_ms, value=record.value))
        writer.write(lines.Batch(**_fields(row, without="part"), commands=len(records)))


def _fields(row: Any, *, without: str = "") -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != without}
