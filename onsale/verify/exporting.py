"""What stands in the archive of a show, as plain JSON lines that anybody can read (`docs/histories.md`)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from onsale.histories import LINE_BYTES_MAX, Ids, Operation, decode_operation
from onsale.verify import archive_file as lines
from onsale.verify.archive_file import ArchiveUnreadable, read_archive
from ticketing.layout import Layout
from ticketing.messages import AnyOutcome, Undecodable, decode_command, decode_outcomes
from ticketing.vocabulary import parse_show, request_text, show_text

VERSION = 1

Line = dict[str, Any]


class HistoryUnreadable(Exception):
    """A line of the client history has not the form of one."""


def exported(archive: Path, history: Path | None) -> Iterator[Line]:
    """Every line but the last. Raises `ArchiveUnreadable`, `HistoryUnreadable`, OSError."""
    head: lines.Head | None = None
    show = 0
    commands: list[lines.Command] = []
    for line in read_archive(archive):
        match line:
            case lines.Head():
                head, show = line, parse_show(line.show)
                yield _head(line)
            case lines.Layout():
                yield _layout(line)
            case lines.Command():
                commands.append(line)
            case lines.Batch() if head is not None:
                yield from _commands(commands, line.log_gen, show)
                commands.clear()
                yield from _outcomes(line, head.part, show)
            case _:
                continue
    if history is not None:
        yield from _operations(history, show_text(show))


def _head(line: lines.Head) -> Line:
    return {
        "line": "head",
        "version": VERSION,
        "show": line.show,
        "part": line.part,
        "history_id": line.history_id,
        "archived_at_ms": line.made_at_ms,
    }


def _layout(line: lines.Layout) -> Line:
    layout = msgspec.json.decode(line.document, type=Layout)
    return {
        "line": "layout",
        "seats": [seat.label for seat in layout.seats],
        "areas": [{"label": area.label, "capacity": area.capacity} for area in layout.areas],
    }


def _commands(commands: list[lines.Command], log_gen: int, show: int) -> Iterator[Line]:
    for record in commands:
        try:
            command = decode_command(record.value)
        except Undecodable:
            # Of no show that anybody could name; its outcome says that it was rejected.
            continue
        if command.show == show:
            place = {"line": "command", "log_gen": log_gen, "offset": record.offset, "append_ms": record.append_ms}
            yield place | plain(command)


def _outcomes(batch: lines.Batch, part: int, show: int) -> Iterator[Line]:
    try:
        outcomes: list[AnyOutcome] = decode_outcomes(batch.payload)
    except Undecodable as error:
        raise ArchiveUnreadable(f"the payload of batch {batch.batch_seq} cannot be read: {error}") from error
    for outcome in outcomes:
        if outcome.show == show:
            request = request_text(part, batch.log_gen, outcome.offset)
            place = {"line": "outcome", "log_gen": batch.log_gen, "batch_seq": batch.batch_seq, "request": request}
            yield place | plain(outcome)


def _operations(history: Path, show: str) -> Iterator[Line]:
    with history.open("rb") as file:
        number = 0
        while raw := file.readline(LINE_BYTES_MAX):
            number += 1
            if not raw.strip():
                continue
            try:
                operation = decode_operation(raw)
            except msgspec.DecodeError as error:
                raise HistoryUnreadable(f"{history} line {number}: {error}") from None
            if _is_about(operation, show):
                yield {"line": "operation"} | msgspec.to_builtins(operation)


def _is_about(operation: Operation, show: str) -> bool:
    """The ids of reservations and bookings begin with their show's."""
    ids: Ids = operation.ids
    number = show.partition("_")[2]
    return ids.show == show or any(
        text.partition("_")[2].startswith(number) for text in (ids.reservation, ids.booking) if text
    )


def plain(message: msgspec.Struct) -> Line:
    """A message as JSON has it: bytes in hexadecimal, the show by its id, what has its default left out."""
    fields: Line = _plain(msgspec.to_builtins(message, builtin_types=(bytes,)))
    return fields | {"show": show_text(fields["show"])}


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return value.hex()
        case Mapping():
            return {name: _plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return value
