"""What the log knows of the time since a backup: where it leads on from, when it was decided, what cannot come back."""

from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from allocator.decided_before import BY_THE_LOG
from onsale.backup.earlier import Earlier, RestoredCursor, read_earlier
from onsale.backup.history import what_is_lost
from runtime.kafka import Record
from tests.simulation.crowd import LAYOUT_ID, SHA256, SHOWS, opening
from ticketing import messages, topics

pytestmark = pytest.mark.anyio

T0 = 1_800_000_000_000
PART = 3
CURSOR = RestoredCursor(PART, 1, 100)


class Commands:
    """Topic `commands` from `begin` on."""

    def __init__(self, begin: int, values: Iterable[bytes]) -> None:
        self.begin = begin
        self.values = list(values)

    async def bounds(self, part: int) -> tuple[int, int]:
        return self.begin, self.begin + len(self.values)

    async def read(self, part: int, first: int, end: int) -> list[Record]:
        return [Record(part, at, T0, None, self.values[at - self.begin], ()) for at in range(first, end)]


class Outcomes:
    """Topic `outcomes`: one record a batch."""

    topic = "outcomes"

    def __init__(self, *batches: Record) -> None:
        self._batches = batches

    async def begins(self, parts: Iterable[int]) -> dict[int, int]:
        return dict.fromkeys(parts, 0)

    async def ends(self, parts: Iterable[int]) -> dict[int, int]:
        return dict.fromkeys(parts, len(self._batches))

    async def fetch(self, part: int, offset: int, records_max: int, timeout_s: float) -> list[Record]:
        found = self._batches[offset : offset + 2]
        return [replace(record, offset=offset + at) for at, record in enumerate(found)]

    async def release(self, parts: Iterable[int]) -> None: ...


def batch(moment_ms: int, *offsets: int, log_gen: int = 1) -> Record:
    outcomes: list[Any] = [
        messages.CommandRejected(show=1, seq=0, at_ms=T0, offset=offset, key=b"", account="", code="x")
        for offset in offsets
    ]
    headers = (
        (topics.HEADER_LOG_GEN, b"%d" % log_gen), (topics.HEADER_DECIDED_AT_MS, b"%d" % moment_ms),
    )  # fmt: skip
    return Record(PART, 0, T0, None, messages.encode_outcomes(outcomes), headers)


async def earlier(commands: Commands, *batches: Record) -> Earlier:
    return await read_earlier(CURSOR, commands, Outcomes(*batches))  # type: ignore[arg-type]


async def test_each_batch_of_then_gives_its_moment_to_what_it_decided() -> None:
    found = await earlier(
        Commands(0, [b"x"] * 120),
        batch(5, 99), batch(6, 100, 101), batch(7), batch(8, 105), batch(8, 105),
        batch(9, 110, 111), batch(99, 113, log_gen=0), Record(PART, 0, T0, None, b"\xc1", ()),
    )  # fmt: skip
    # 112 and what follows were not decided: they wait, as any backlog does.
    assert found.steps == [(100, 6), (105, 8), (110, 9), (112, None)]
    assert (found.commands, found.missing) == (20, "")


async def test_what_a_restore_before_this_one_decided_once_more_counts_as_well() -> None:
    found = await earlier(
        Commands(0, [b"x"] * 120), batch(6, 100, 103), batch(8, 104), batch(6, 98, 103), batch(8, 104), batch(20, 110)
    )
    assert found.steps == [(100, 6), (104, 8), (110, 20), (111, None)]


async def test_of_what_the_log_has_lost_since_nothing_is_remembered() -> None:
    found = await earlier(
        Commands(0, [b"x"] * 120), batch(6, 100), batch(8, 105), batch(9, 108), batch(20, 104, 106, log_gen=2)
    )
    assert found.steps == [(100, 6), (104, 20), (107, None)]


async def test_what_nobody_remembers_is_decided_by_the_logs_time() -> None:
    found = await earlier(Commands(0, [b"x"] * 120), batch(8, 110))
    assert found.steps == [(100, BY_THE_LOG), (110, 8), (111, None)]
    assert (await earlier(Commands(0, [b"x"] * 120))).steps == [(100, BY_THE_LOG), (120, None)]


async def test_where_nothing_came_since_nothing_is_to_be_known() -> None:
    found = await earlier(Commands(0, [b"x"] * 100))
    assert (found.steps, found.commands, found.missing) == ([], 0, "")


@pytest.mark.parametrize("commands", [Commands(101, [b"x"] * 9), Commands(0, [b"x"] * 99)])
async def test_a_log_that_does_not_lead_on_from_the_backup_is_named(commands: Commands) -> None:
    found = await earlier(commands)
    assert "the backup ends at 100" in found.missing
    assert [line for line in what_is_lost([found], set()) if "partition 3" in line]


async def test_a_show_whose_layout_is_not_in_the_backup_is_named() -> None:
    found = await earlier(Commands(99, [b"x", messages.encode(opening(SHOWS[0], T0)), b"x"]))
    assert [command.show for command in found.opened] == [SHOWS[0]]
    (line,) = what_is_lost([found], set())
    assert "opened after the backup" in line
    assert what_is_lost([found], {(LAYOUT_ID, SHA256)}) == []
