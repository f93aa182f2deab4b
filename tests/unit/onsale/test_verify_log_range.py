"""What a replay can cover is stated, never guessed; a log with a hole is not read past it."""

from typing import cast

import msgspec
import pytest

from allocator.seating import DECIDER_VERSION
from onsale.histories import Ids, Operation
from onsale.verify import archive_file
from onsale.verify.command_log import CommandLog, CommandMissing
from onsale.verify.history import LoggedBatch
from onsale.verify.log_range import Generation, LogRange, Replayed
from runtime.kafka import LogUnavailable, PartitionReader, Record
from tests.house.sources import ROOT

pytestmark = pytest.mark.anyio

ONE = {0: Generation(0, 100)}


def batch(first: int, following: int, log_gen: int = 0, version: int = DECIDER_VERSION, part: int = 0) -> LoggedBatch:
    return LoggedBatch(part, 1, log_gen, first, following, b"", b"", 0, version)


@pytest.mark.parametrize(
    ("held", "asked", "why_not"),
    [
        (LogRange(0, 100, ONE), batch(0, 100), ""),
        (LogRange(0, 120, ONE), batch(90, 100), ""),
        (LogRange(10, 100, ONE), batch(9, 20), "the log no longer has them"),
        (LogRange(10, 100, ONE), batch(10, 20), ""),
        (LogRange(0, 99, ONE), batch(90, 100), "the log ends before them"),
        # The tail was lost at 80, and written anew.
        (LogRange(0, 200, {**ONE, 1: Generation(80, 200)}), batch(70, 80), ""),
        (
            LogRange(0, 200, {**ONE, 1: Generation(80, 200)}),
            batch(79, 81),
            "lost with the log of an earlier generation",
        ),
        (LogRange(0, 200, {**ONE, 1: Generation(80, 200)}), batch(80, 90, 1), ""),
        # Another log altogether, longer than the first when it was met.
        (LogRange(0, 200, {**ONE, 1: Generation(150, 200)}), batch(0, 5), "lost with the log of an earlier generation"),
        (LogRange(0, 200, {**ONE, 1: Generation(100, 200)}), batch(0, 5), "lost with the log of an earlier generation"),
    ],
)
def test_a_batch_can_be_decided_again_if_the_log_still_has_its_commands(
    held: LogRange, asked: LoggedBatch, why_not: str
) -> None:
    assert held.why_not(asked) == why_not
    assert held.why_lost(asked) == why_not


def test_another_deciders_batch_is_not_compared() -> None:
    old = batch(0, 10, version=DECIDER_VERSION - 1)
    assert "decided by version" in LogRange(0, 100, ONE).why_not(old)
    assert LogRange(0, 100, ONE).why_lost(old) == ""


def test_ranges_that_touch_are_told_as_one() -> None:
    covered = Replayed()
    for one, why_not in (
        (batch(0, 10), "gone"),
        (batch(10, 20), ""),
        (batch(20, 30), ""),
        (batch(30, 40, log_gen=1), ""),
        (batch(0, 5, part=1), ""),
    ):
        covered.note(one, why_not)
    assert [(one.part, one.log_gen, one.first_offset, one.next_offset, one.why_not) for one in covered.ranges] == [
        (0, 0, 0, 10, "gone"),
        (0, 0, 10, 30, ""),
        (0, 1, 30, 40, ""),
        (1, 0, 0, 5, ""),
    ]


class FakeReader:
    """A log of given offsets, handed out a few at a time."""

    def __init__(self, *offsets: int) -> None:
        self.offsets = offsets
        self.released: list[int] = []

    async def begins(self, parts: list[int]) -> dict[int, int]:
        return {part: self.offsets[0] for part in parts}

    async def ends(self, parts: list[int]) -> dict[int, int]:
        return {part: self.offsets[-1] + 1 for part in parts}

    async def release(self, parts: list[int]) -> None:
        self.released += parts

    async def fetch(self, part: int, offset: int, records_max: int, timeout_s: float) -> list[Record]:
        found = [one for one in self.offsets if one >= offset][: min(2, records_max)]
        return [Record(part, one, 0, None, b"", ()) for one in found]


def command_log(reader: FakeReader) -> CommandLog:
    return CommandLog(cast(PartitionReader, reader))


async def test_exactly_the_offsets_that_were_asked_for_are_read() -> None:
    reader = FakeReader(*range(3, 20))
    log = command_log(reader)
    assert await log.bounds(0) == (3, 20)
    assert [record.offset for record in await log.read(0, 5, 12)] == list(range(5, 12))
    assert [record.part for record in await log.read(1, 3, 4)] == [1]
    assert reader.released == [0]


async def test_a_hole_in_the_log_is_told() -> None:
    with pytest.raises(CommandMissing, match="offset 6 is missing"):
        await command_log(FakeReader(4, 5, 7, 8)).read(0, 4, 9)


async def test_a_log_that_falls_silent_is_not_waited_for_for_ever() -> None:
    with pytest.raises(LogUnavailable, match="says nothing after offset 6"):
        await command_log(FakeReader(4, 5)).read(0, 4, 9)


def test_the_papers_name_every_field_and_every_kind_of_line() -> None:
    histories, archive = ((ROOT / "docs" / name).read_text() for name in ("histories.md", "archive.md"))
    fields = [field.name for kind in (Operation, Ids) for field in msgspec.structs.fields(kind)]
    assert [name for name in fields if f"`{name}`" not in histories] == []
    kinds = [kind.__struct_config__.tag for kind in archive_file.Line.__subclasses__()]
    assert len(kinds) == 11
    assert [kind for kind in kinds if f"`{kind}`" not in archive] == []
    head = [field.name for field in msgspec.structs.fields(archive_file.Head)]
    assert [name for name in head if f"`{name}`" not in archive] == []
