"""Checks the archive of one show: no server is asked, everything that is judged stands in the file."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from onsale.verify import archive_file as lines
from onsale.verify.archive_file import ArchiveUnreadable, read_archive
from onsale.verify.findings import ARCHIVED, Check, Findings
from onsale.verify.history import LoggedBatch, PartHistory, Stand
from onsale.verify.log_range import Replayed, other_decider
from onsale.verify.reading import Reading, pairs
from onsale.verify.replay import DeadLetters, Kept, Layouts, PartReplay
from onsale.verify.tables import AreaRow, PaymentRow, ShowRow, TableComparison
from ticketing import messages
from ticketing.layout import decode_layout
from ticketing.messages import Undecodable
from ticketing.vocabulary import Malformed, parse_show


@dataclass
class _Gathered:
    """What must be known before the log is read: everything but the log itself, seats and payments."""

    head: lines.Head
    show: int
    shows: list[lines.Show] = field(default_factory=list)
    areas: list[lines.Area] = field(default_factory=list)
    documents: dict[str, lines.Layout] = field(default_factory=dict)
    dead: DeadLetters = field(default_factory=dict)
    kept: Kept = field(default_factory=Kept)

    def take(self, line: lines.AnyLine) -> None:
        match line:
            case lines.Show():
                self.shows.append(line)
                self.kept.remember_orders(line.show_id, line.orders)
                with suppress(msgspec.DecodeError):
                    self.kept.openings[line.show_id] = _opening(line)
            case lines.Area():
                self.areas.append(line)
            case lines.Layout():
                self.documents[line.layout_id] = line
            case lines.DeadLetter():
                self.dead[line.log_gen, line.log_offset] = (line.code, line.sha256)
            case lines.Reserved():
                self.kept.remember(line.show_id, line.reservation_id, line.fingerprint, line.recent)
            case _:
                return

    def layouts(self) -> Layouts:
        found = {}
        for document in self.documents.values():
            # One that cannot be read is found by check `layout`.
            with suppress(ValueError):
                found[document.layout_id, document.sha256] = decode_layout(document.document, document.sha256)
        return found


def check_archive(path: Path) -> Reading:
    """Every check that one file can be put to. Raises OSError."""
    reading = Reading(Findings(ARCHIVED), replayed=Replayed())
    gathered = _gather(path, reading.findings)
    if gathered is None:
        return reading
    capacities = {(area.show_id, area.area_no): area.capacity for area in gathered.areas}
    history = PartHistory(gathered.head.part, reading.findings, capacities, gathered.show)
    head = gathered.head
    history.begin_after(Stand(head.batch_seq, head.log_gen, head.next_offset, head.chain, head.last_now_ms))
    _read_log(path, gathered, history, reading)
    tables = TableComparison(history)
    _compare_rows(path, gathered, tables)
    reading.parts, reading.outcomes, reading.reservations = 1, history.outcomes, tables.reservations
    return reading


def _gather(path: Path, findings: Findings) -> _Gathered | None:
    """The first pass: is the file whole, and what stands in it beside the log."""
    gathered: _Gathered | None = None
    try:
        for line in read_archive(path):
            if gathered is not None:
                gathered.take(line)
            elif isinstance(line, lines.Head) and line.version == lines.VERSION:
                gathered = _Gathered(line, parse_show(line.show))
            else:
                raise ArchiveUnreadable(f"it does not begin with the head of an archive of version {lines.VERSION}")
    except (ArchiveUnreadable, Malformed) as error:
        findings.add(Check.ARCHIVE_FORM, path.name, str(error))
    return gathered


def _legible(path: Path) -> Iterator[lines.AnyLine]:
    """The lines as far as they can be read; the first pass has told what is wrong with the others."""
    with suppress(ArchiveUnreadable):
        yield from read_archive(path)


def _read_log(path: Path, gathered: _Gathered, history: PartHistory, reading: Reading) -> None:
    """The second pass: the history of the log, and the commands decided again."""
    assert reading.replayed is not None
    part, findings = gathered.head.part, reading.findings
    replay = PartReplay(part, findings, gathered.layouts(), gathered.show)
    replay.state.last_now_ms = gathered.head.last_now_ms
    commands: list[lines.Command] = []
    stopped = ""
    for line in _legible(path):
        if isinstance(line, lines.Command):
            commands.append(line)
        if not isinstance(line, lines.Batch):
            continue
        batch = LoggedBatch(
            part, line.batch_seq, line.log_gen, line.first_offset, line.next_offset, line.chain, line.payload,
            line.decided_at_ms, line.decider_version,
        )  # fmt: skip
        history.read(batch)
        reading.batches += 1
        if len(commands) != line.commands:
            said = f"{line.commands} commands should stand before it, there are {len(commands)}"
            findings.add(Check.ARCHIVE_FORM, batch.name, said)
        complete = [command.offset for command in commands] == list(range(batch.first_offset, batch.next_offset))
        why_not = stopped or other_decider(batch) or ("" if complete else "the log had lost them")
        try:
            if not why_not:
                stopped = replay.decide_again(batch, commands, gathered.dead)
            elif not stopped:
                stopped = replay.adopt(batch, gathered.kept)
        except Undecodable:
            why_not = stopped = f"the payload of batch {batch.batch_seq} cannot be read"
        reading.replayed.note(batch, why_not)
        commands.clear()
    reading.replayed.commands = replay.commands


def _compare_rows(path: Path, gathered: _Gathered, tables: TableComparison) -> None:
    """The third pass: where the log ends, against the rows."""
    for show in gathered.shows:
        row = ShowRow(
            show.show_id,
            show.status,
            show.seq,
            show.layout_id,
            show.layout_sha256,
            show.currency,
            show.policy,
            show.prices,
            show.allocations,
        )
        layout = gathered.documents.get(show.layout_id)
        tables.show_row(row, None if layout is None else layout.document)
    for area in gathered.areas:
        tables.area_row(AreaRow(area.show_id, area.area_no, area.capacity, area.taken))
    for line in _legible(path):
        match line:
            case lines.Seat():
                tables.seat_row(line.show_id, line.seat_no, line.reservation_id)
            case lines.Reserved():
                tables.reservation_row(line.show_id, _reservation(line))
            case lines.Paid():
                paid = line.provider, line.reference, line.reservation_id, line.amount, line.accepted, line.refund_due
                tables.payment_row(PaymentRow(line.show_id, *paid))
            case _:
                continue
    tables.finish()


def _reservation(line: lines.Reserved) -> messages.Reservation:
    return messages.Reservation(
        id=line.reservation_id,
        status=line.status,
        version=line.version,
        account=line.account,
        person=line.person,
        seats=line.seats,
        areas=pairs(line.areas),
        prices=line.prices,
        amount=line.amount,
        held_at_ms=line.held_at_ms,
        expires_at_ms=line.expires_at_ms,
        hold_s=line.hold_s,
        booked_at_ms=line.booked_at_ms,
        external_id=line.external_id,
        payment_until_ms=line.payment_until_ms,
        noted=line.noted,
        bound=line.bound,
    )


def _opening(line: lines.Show) -> messages.OpenShow:
    return messages.OpenShow(
        show=line.show_id,
        key=bytes(16),
        sent_at_ms=0,
        account="",
        layout=line.layout_id,
        layout_sha256=line.layout_sha256,
        currency=line.currency,
        starts_at_ms=line.starts_at_ms,
        opens_at_ms=line.opens_at_ms,
        closes_at_ms=line.closes_at_ms,
        prices=msgspec.json.decode(line.prices, type=dict[str, int]),
        policy=msgspec.json.decode(line.policy, type=messages.Policy),
    )
