"""The archive of a show is judged without a server; each thing that is changed in it by hand is seen by its check."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from onsale.verify import archive_file as lines
from onsale.verify.archive_file import AnyLine, new_archive, read_archive
from onsale.verify.archived import check_archive
from onsale.verify.findings import Check
from tests.unit.onsale.kept_show import SHOW, check, kept_lines, write
from tests.unit.onsale.past_sale import crowded_room
from ticketing.messages import SeatsHeld, decode_outcomes

pytestmark = pytest.mark.anyio

L = TypeVar("L", bound=lines.Line)
Breakage = Callable[[list[AnyLine]], None]


@pytest.fixture
async def kept() -> list[AnyLine]:
    return kept_lines(await crowded_room(3, rounds=30))


def first(kept: list[AnyLine], kind: type[L]) -> tuple[int, L]:
    return next((at, line) for at, line in enumerate(kept) if isinstance(line, kind))


def change(kept: list[AnyLine], kind: type[L], **fields: object) -> None:
    at, line = first(kept, kind)
    kept[at] = msgspec.structs.replace(line, **fields)  # type: ignore[call-overload]


async def test_a_show_that_was_kept_whole_passes(kept: list[AnyLine], tmp_path: Path) -> None:
    reading = check(kept, tmp_path)
    assert [found.what for name in Check for found in reading.findings.examples[name]] == []
    assert reading.batches >= 30
    assert reading.reservations > 10
    assert reading.replayed is not None
    assert 50 < reading.replayed.commands < sum(isinstance(line, lines.Command) for line in kept)
    assert [covered.why_not for covered in reading.replayed.ranges] == [""]
    kinds = {type(line) for line in kept}
    assert kinds == {lines.Head, lines.Layout, lines.Show, lines.Area, lines.DeadLetter, lines.Command, lines.Batch,
                     lines.Seat, lines.Reserved, lines.Paid}  # fmt: skip


async def test_what_is_read_is_what_was_written(kept: list[AnyLine], tmp_path: Path) -> None:
    assert list(read_archive(write(kept, tmp_path / "one"))) == kept
    write(kept, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


async def test_commands_that_the_log_had_lost_are_told_and_the_rest_is_compared(
    kept: list[AnyLine], tmp_path: Path
) -> None:
    lost = [at for at, line in enumerate(kept) if isinstance(line, lines.Command) and line.offset < 60]
    for at in reversed(lost):
        del kept[at]
    begin = None
    for at, line in enumerate(kept):
        if isinstance(line, lines.Batch) and line.first_offset < 60:
            left = max(0, line.next_offset - 60)
            begin = line.next_offset
            kept[at] = msgspec.structs.replace(line, commands=left)
    reading = check(kept, tmp_path)
    assert reading.findings.total == 0
    assert reading.replayed is not None
    assert [(one.first_offset, one.why_not) for one in reading.replayed.ranges] == [
        (0, "the log had lost them"),
        (begin, ""),
    ]


def a_batch_is_gone(kept: list[AnyLine]) -> None:
    at, _ = first(kept, lines.Batch)
    del kept[at]


def a_batch_begins_later(kept: list[AnyLine]) -> None:
    change(kept, lines.Batch, first_offset=1)


def a_payload_differs(kept: list[AnyLine]) -> None:
    _, batch = first(kept, lines.Batch)
    change(kept, lines.Batch, payload=batch.payload.replace(b"EUR", b"USD"))


def a_payload_is_cut(kept: list[AnyLine]) -> None:
    _, batch = first(kept, lines.Batch)
    change(kept, lines.Batch, payload=batch.payload[:-9])


def the_head_has_another_chain(kept: list[AnyLine]) -> None:
    change(kept, lines.Head, chain=b"x" * 32)


def a_command_asks_for_something_else(kept: list[AnyLine]) -> None:
    held = next(
        outcome.offset
        for line in kept
        if isinstance(line, lines.Batch)
        for outcome in decode_outcomes(line.payload)
        if isinstance(outcome, SeatsHeld) and outcome.show == SHOW and not outcome.repeat
    )
    at = next(at for at, line in enumerate(kept) if isinstance(line, lines.Command) and line.offset == held)
    opening = next(line for line in kept if isinstance(line, lines.Command))
    kept[at] = msgspec.structs.replace(opening, offset=held)


def a_command_is_gone(kept: list[AnyLine]) -> None:
    at, _ = first(kept, lines.Command)
    del kept[at]


def the_archive_is_of_another_version(kept: list[AnyLine]) -> None:
    change(kept, lines.Head, version=99)


def the_head_is_gone(kept: list[AnyLine]) -> None:
    del kept[0]


def the_show_is_no_show(kept: list[AnyLine]) -> None:
    change(kept, lines.Head, show="shw_?")


def a_show_has_sold_more(kept: list[AnyLine]) -> None:
    _, show = first(kept, lines.Show)
    change(kept, lines.Show, seq=show.seq + 1)


def an_area_counts_one_less(kept: list[AnyLine]) -> None:
    _, area = first(kept, lines.Area)
    change(kept, lines.Area, taken=area.taken - 1)


def an_area_is_larger(kept: list[AnyLine]) -> None:
    change(kept, lines.Area, capacity=13)


def a_layout_is_gone(kept: list[AnyLine]) -> None:
    at, _ = first(kept, lines.Layout)
    del kept[at]


def a_seat_has_another_owner(kept: list[AnyLine]) -> None:
    change(kept, lines.Seat, reservation_id=bytes(16))


def a_reservation_costs_less(kept: list[AnyLine]) -> None:
    change(kept, lines.Reserved, amount=1)


def a_payment_is_gone(kept: list[AnyLine]) -> None:
    at, _ = first(kept, lines.Paid)
    del kept[at]


@pytest.mark.parametrize(
    ("breakage", "expected"),
    [
        (a_batch_is_gone, Check.BATCH_SEQ),
        (a_batch_begins_later, Check.OFFSETS),
        (a_payload_differs, Check.CHAIN),
        (a_payload_is_cut, Check.PAYLOAD),
        (the_head_has_another_chain, Check.CHAIN),
        (a_command_asks_for_something_else, Check.REPLAY),
        (a_command_is_gone, Check.ARCHIVE_FORM),
        (the_archive_is_of_another_version, Check.ARCHIVE_FORM),
        (the_head_is_gone, Check.ARCHIVE_FORM),
        (the_show_is_no_show, Check.ARCHIVE_FORM),
        (a_show_has_sold_more, Check.SHOW_TABLE),
        (an_area_counts_one_less, Check.AREA_TABLE),
        (an_area_is_larger, Check.LAYOUT),
        (a_layout_is_gone, Check.LAYOUT),
        (a_seat_has_another_owner, Check.SEAT_TABLE),
        (a_reservation_costs_less, Check.RESERVATION_TABLE),
        (a_payment_is_gone, Check.PAYMENT_TABLE),
    ],
)
async def test_a_line_that_was_changed_is_seen_by_its_check(
    kept: list[AnyLine], tmp_path: Path, breakage: Breakage, expected: Check
) -> None:
    breakage(kept)
    assert expected in check(kept, tmp_path).findings.failed


def cut(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


def one_byte_changed(raw: bytes) -> bytes:
    return gzip.compress(gzip.decompress(raw).replace(b'"history_id":"history"', b'"history_id":"mystery"', 1))


def the_last_line_cut_off(raw: bytes) -> bytes:
    return gzip.compress(gzip.decompress(raw).rsplit(b"\n", 2)[0] + b"\n")


def one_line_less(raw: bytes) -> bytes:
    first_line, _, rest = gzip.decompress(raw).partition(b"\n")
    return gzip.compress(first_line + b"\n" + rest.partition(b"\n")[2])


def one_line_more(raw: bytes) -> bytes:
    text = gzip.decompress(raw)
    return gzip.compress(text + text.partition(b"\n")[0] + b"\n")


def no_gzip_at_all(raw: bytes) -> bytes:
    return b"hello"


def a_line_of_nonsense(raw: bytes) -> bytes:
    return gzip.compress(gzip.decompress(raw).replace(b'"line":"batch"', b'"line":"witch"', 1))


@pytest.mark.parametrize(
    "damage",
    [cut, one_byte_changed, the_last_line_cut_off, one_line_less, one_line_more, no_gzip_at_all, a_line_of_nonsense],
)
async def test_a_file_that_is_not_whole_is_seen(
    kept: list[AnyLine], tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = write(kept, tmp_path / "show.jsonl.gz")
    path.write_bytes(damage(path.read_bytes()))
    assert Check.ARCHIVE_FORM in check_archive(path).findings.failed


def test_an_archive_that_could_not_be_finished_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "show.jsonl.gz"
    with pytest.raises(ZeroDivisionError), new_archive(path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError), new_archive(path):
        raise AssertionError("it must not be begun")
    assert path.read_bytes() == b"precious"
