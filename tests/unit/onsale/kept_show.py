"""The archive of a show that desks in memory have sold, as lines that a test can change before they are written."""

import hashlib
from pathlib import Path
from typing import Any

from onsale.verify import archive_file as lines
from onsale.verify.archive_file import AnyLine, new_archive
from onsale.verify.archived import check_archive
from onsale.verify.history import CHAIN_START
from onsale.verify.reading import Reading
from tests.simulation.crowd import DOCUMENT, LAYOUT_ID, SHA256, SHOWS
from tests.unit.allocator.desk_room import Room
from ticketing.vocabulary import show_text

SHOW = SHOWS[1]
"""The one that takes bookings only with a payment."""
PART = 0


def kept_lines(room: Room, show: int = SHOW) -> list[AnyLine]:
    """What `archive_show` would write of a partition that began with the show."""
    tables = room.tables
    kept: list[AnyLine] = [
        lines.Head(
            version=lines.VERSION, show=show_text(show), part=PART, history_id="history", made_at_ms=0, batch_seq=0,
            log_gen=0, next_offset=0, chain=CHAIN_START, last_now_ms=0,
        ),
        lines.Layout(layout_id=LAYOUT_ID, sha256=SHA256, document=DOCUMENT),
        lines.Show(**_columns(tables.show[PART, show])),
    ]  # fmt: skip
    kept += [lines.Area(**_columns(row)) for row in tables.area.values() if row["show_id"] == show]
    for row in tables.dead_letter.values():
        digest = hashlib.sha256(row["raw"]).digest()
        letter = lines.DeadLetter(log_gen=row["log_gen"], log_offset=row["log_offset"], code=row["code"], sha256=digest)
        kept.append(letter)
    for row in tables.outcome_log.values():
        records = room.commands.records[row["first_offset"] : row["next_offset"]]
        kept += [lines.Command(offset=one.offset, append_ms=one.timestamp_ms, value=one.value) for one in records]
        kept.append(lines.Batch(**_columns(row), commands=len(records)))
    kept += [lines.Seat(**_columns(row)) for row in tables.seat_taken.values() if row["show_id"] == show]
    kept += [lines.Reserved(**_columns(row)) for row in tables.reservation.values() if row["show_id"] == show]
    kept += [lines.Paid(**_columns(row)) for row in tables.payment.values() if row["show_id"] == show]
    return kept


def _columns(row: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items() if name != "part"}


def write(kept: list[AnyLine], path: Path) -> Path:
    """A well-formed file of these lines."""
    with new_archive(path) as writer:
        for line in kept:
            writer.write(line)
    return path


def check(kept: list[AnyLine], directory: Path) -> Reading:
    """What the checker says of a file of these lines."""
    return check_archive(write(kept, directory / "show.jsonl.gz"))
