"""Removes the beginning of partitions' logs once their shows are kept in archives.

The batches of a partition are chained whole, so only a beginning can go: up to the first batch of a show that must
stay. What goes is in the archives, which are judged before, and the chain that they end with is that of the table.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onsale.verify import archive_file as lines
from onsale.verify.archive_file import read_archive
from onsale.verify.archived import check_archive
from onsale.verify.history import LoggedBatch, Stand
from onsale.verify.reading import BATCHES, BATCHES_PER_FETCH, Connection, gone_from, stand_of
from ticketing.messages import ShowClosed, decode_outcomes
from ticketing.vocabulary import parse_show, show_text

NO_SHOW = 0
"""What outcomes name that answer a record which nobody could read."""

CURSORS = "SELECT part, published_seq, log_gen, next_offset FROM allocator_cursor ORDER BY part"
STARTS = "SELECT show_id, starts_at_ms FROM show WHERE part = $1"
NOTE = """
INSERT INTO log_pruned (part, batch_seq, log_gen, next_offset, chain, last_now_ms, pruned_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (part) DO UPDATE
SET batch_seq = EXCLUDED.batch_seq, log_gen = EXCLUDED.log_gen, next_offset = EXCLUDED.next_offset,
    chain = EXCLUDED.chain, last_now_ms = EXCLUDED.last_now_ms, pruned_at_ms = EXCLUDED.pruned_at_ms
"""
NOTE_SHOW = "INSERT INTO show_pruned (part, show_id, archive_sha256) VALUES ($1, $2, $3)"
REMOVE = "DELETE FROM outcome_log WHERE part = $1 AND batch_seq <= $2"
REMOVE_LETTERS = "DELETE FROM dead_letter WHERE part = $1 AND (log_gen, log_offset) < ($2, $3)"


class NotAnArchive(Exception):
    """A file is no archive, or not a whole and true one."""


@dataclass(frozen=True, slots=True)
class Archived:
    """What one archive proves: its show, and the last batch that it holds. `sha256`: of the file."""

    show: int
    part: int
    batch_seq: int
    chain: bytes
    sha256: bytes


@dataclass(slots=True)
class Span:
    """The batches that speak of one show."""

    first_seq: int
    last_seq: int
    last_at_ms: int
    closed_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed of one partition, and why not more."""

    part: int
    batches: int
    stand: Stand
    kept_for: tuple[str, ...]
    """Shows that must stay, and why."""
    commands_before: int
    """Records of `commands` below this offset are not needed any more. 0 where the log has lost its end since."""


@dataclass
class Scan:
    """One partition's log, read once: the spans of its shows."""

    spans: dict[int, Span] = field(default_factory=dict)
    chains: dict[int, bytes] = field(default_factory=dict)
    """Of the batches that archives end with."""

    def see(self, batch: LoggedBatch, archived: Iterable[Archived]) -> None:
        """The next batch. Raises `Undecodable`."""
        if any(one.batch_seq == batch.batch_seq for one in archived):
            self.chains[batch.batch_seq] = batch.chain
        for outcome in decode_outcomes(batch.payload):
            if outcome.show == NO_SHOW:
                continue
            span = self.spans.setdefault(outcome.show, Span(batch.batch_seq, batch.batch_seq, outcome.at_ms))
            span.last_seq, span.last_at_ms = batch.batch_seq, outcome.at_ms
            if isinstance(outcome, ShowClosed) and not outcome.repeat:
                span.closed_at_ms = outcome.at_ms


def read_proof(file: Path) -> Archived:
    """What an archive proves, once it has passed every check. Raises `NotAnArchive`, OSError."""
    findings = check_archive(file).findings
    if findings.total:
        raise NotAnArchive(f"{file} is not whole and true: onsale verify --archive {file} says what is wrong")
    head: lines.Head | None = None
    last: lines.Batch | None = None
    for line in read_archive(file):
        if isinstance(line, lines.Head):
            head = line
        elif isinstance(line, lines.Batch):
            last = line
    if head is None or last is None:
        raise NotAnArchive(f"{file} holds no batch")
    with file.open("rb") as raw:
        digest = hashlib.file_digest(raw, "sha256").digest()
    return Archived(parse_show(head.show), head.part, last.batch_seq, last.chain, digest)


def why_kept(
    span: Span, archived: Archived | None, chain: bytes | None, starts_at_ms: int | None, before_ms: int
) -> str:
    """Why a show's log must stay; empty if it may go.

    `chain`: of the batch that its archive ends with, by the table. `starts_at_ms` None: there is no such show, somebody
    asked for one. `before_ms`: what is older is old enough.
    """
    if starts_at_ms is None:
        return "" if span.last_at_ms <= before_ms else "asked for lately, though there is no such show"
    if span.closed_at_ms is None:
        return "not closed"
    if max(span.closed_at_ms, starts_at_ms) > before_ms:
        # Until it has begun its bookings can be cancelled.
        return "over not long enough ago"
    if archived is None:
        return "no archive of it was named"
    if archived.chain != chain:
        return "its archive does not end with this log's chain"
    if archived.batch_seq < span.last_seq:
        return "it went on after it was archived: archive it again"
    return ""


def last_to_go(spans: Mapping[int, Span], staying: Iterable[int], end_seq: int) -> int:
    """The last batch that may go: no later one speaks of a show that it or one before it speaks of."""
    staying = set(staying)
    going = {show: span for show, span in spans.items() if show not in staying}
    kept_from = min([end_seq + 1, *(spans[show].first_seq for show in staying)])
    while cut := [span.first_seq for span in going.values() if span.first_seq < kept_from <= span.last_seq]:
        kept_from = min(cut)
    return kept_from - 1


async def prune(connection: Connection, archives: Sequence[Archived], now_ms: int, *, kept_ms: int) -> list[Pruned]:
    """Remove what may go of every partition, in one transaction. `connection`: of the database's owner.

    Raises `asyncpg.PostgresError`, OSError, `Undecodable`.
    """
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        return [
            await _prune_part(connection, cursor, archives, now_ms, kept_ms)
            for cursor in await connection.fetch(CURSORS)
        ]


async def _prune_part(
    connection: Connection, cursor: Any, archives: Sequence[Archived], now_ms: int, kept_ms: int
) -> Pruned:
    part = cursor["part"]
    archived = {one.show: one for one in archives if one.part == part}
    scan = Scan()
    async for row in connection.cursor(BATCHES, part, prefetch=BATCHES_PER_FETCH):
        scan.see(LoggedBatch(*row.values()), archived.values())
    starts = {row["show_id"]: row["starts_at_ms"] for row in await connection.fetch(STARTS, part)}
    # Somebody may still ask about a show that is gone; that is no reason to keep anything.
    gone = await gone_from(connection, part)
    spans = {show: span for show, span in scan.spans.items() if show not in gone}
    staying: dict[int, str] = {}
    for show, span in spans.items():
        proof = archived.get(show)
        chain = scan.chains.get(proof.batch_seq) if proof else None
        if why := why_kept(span, proof, chain, starts.get(show), now_ms - kept_ms):
            staying[show] = f"{show_text(show)}: {why}"
    before = await stand_of(connection, part)
    last_seq = last_to_go(spans, staying, cursor["published_seq"])
    kept_for = tuple(staying.values())
    if last_seq <= before.batch_seq:
        return Pruned(part, 0, before, kept_for, _commands_before(before, cursor))
    stand = await _stand_after(connection, part, before, last_seq)
    going = [one for show, one in archived.items() if show in spans and spans[show].last_seq <= last_seq]
    await connection.execute(
        NOTE, part, stand.batch_seq, stand.log_gen, stand.next_offset, stand.chain, stand.last_now_ms, now_ms
    )
    await connection.executemany(NOTE_SHOW, [(part, one.show, one.sha256) for one in going])
    await connection.execute(REMOVE, part, last_seq)
    await connection.execute(REMOVE_LETTERS, part, stand.log_gen, stand.next_offset)
    return Pruned(part, last_seq - before.batch_seq, stand, kept_for, _commands_before(stand, cursor))


def _commands_before(stand: Stand, cursor: Any) -> int:
    next_offset: int = cursor["next_offset"]
    if stand.log_gen != cursor["log_gen"]:
        return 0
    # The record before the cursor stays: with it the next owner sees whether the log is the one that was decided.
    return min(stand.next_offset, max(0, next_offset - 1))


async def _stand_after(connection: Connection, part: int, before: Stand, last_seq: int) -> Stand:
    stand = before
    async for row in connection.cursor(BATCHES, part, prefetch=BATCHES_PER_FETCH):
        batch = LoggedBatch(*row.values())
        if batch.batch_seq > last_seq:
            break
        stand = stand.after(batch, decode_outcomes(batch.payload))
    return stand
