"""The export of a show is plain JSON, complete, and enough for a stranger to find a double sale in it."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onsale.histories import Ids, Operation, Result, encode_operation
from onsale.verify import archive_file as lines
from onsale.verify.archive_file import AnyLine
from onsale.verify.export_command import COULD_NOT_RUN, DONE, export
from tests.unit.onsale.kept_show import SHOW, kept_lines, write
from tests.unit.onsale.outsider import documented_checker
from tests.unit.onsale.past_sale import crowded_room
from ticketing.messages import ReservationOutcome, decode_command, decode_outcomes
from ticketing.vocabulary import booking_text, reservation_text, show_text

pytestmark = pytest.mark.anyio

Line = dict[str, Any]
LIVE = ("held", "paying", "booked")


@pytest.fixture
async def kept() -> list[AnyLine]:
    return kept_lines(await crowded_room(3, rounds=30))


def told(kept: list[AnyLine]) -> list[Operation]:
    """A history in which everybody whose reservation was booked in the end was told so."""
    return [
        Operation(
            client=f"client-{number}",
            op="confirm",
            invoke_ms=number,
            end_ms=number + 1,
            result=Result.OK,
            status=201,
            ids=Ids(booking=booking_text(row.show_id, row.reservation_id)),
        )
        for number, row in enumerate(line for line in kept if isinstance(line, lines.Reserved))
        if row.status in ("booked", "cancelled")
    ]


def exported(kept: list[AnyLine], directory: Path, history: list[Operation] | None = None) -> list[Line]:
    """The lines of the export, read by nothing but json."""
    archive, file = write(kept, directory / "show.jsonl.gz"), directory / "show.jsonl"
    said: list[str] = []
    path = None
    if history is not None:
        path = directory / "told.jsonl"
        path.write_bytes(b"\n".join(map(encode_operation, history)))
    assert export(archive, file, path, said.append) == DONE, said
    return [json.loads(line) for line in file.read_text().splitlines()]


def judge(changed: list[Line], directory: Path) -> tuple[int, str]:
    """What the stranger says of these lines."""
    file = directory / "changed.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in changed))
    return documented_checker(file)


def of(found: list[Line], kind: str) -> list[Line]:
    return [line for line in found if line["line"] == kind]


async def test_every_command_and_outcome_of_the_show_is_in_it_and_no_other(kept: list[AnyLine], tmp_path: Path) -> None:
    found = exported(kept, tmp_path, told(kept))
    assert [line["line"] for line in found[:2]] == ["head", "layout"]
    assert found[-1] == {"line": "end", "lines": len(found) - 1}
    outcomes = [
        outcome
        for batch in kept
        if isinstance(batch, lines.Batch)
        for outcome in decode_outcomes(batch.payload)
        if outcome.show == SHOW
    ]
    assert [(line["offset"], line["kind"], line["seq"]) for line in of(found, "outcome")] == [
        (outcome.offset, type(outcome).__name__, outcome.seq) for outcome in outcomes
    ]
    reserved = [line for line in of(found, "outcome") if "reservation" in line]
    assert [line["reservation"]["id"] for line in reserved] == [
        outcome.reservation.id.hex() for outcome in outcomes if isinstance(outcome, ReservationOutcome)
    ]
    readable = {letter.log_offset for letter in kept if isinstance(letter, lines.DeadLetter)}
    asked = [line for line in kept if isinstance(line, lines.Command) and line.offset not in readable]
    ours = [line.offset for line in asked if decode_command(line.value).show == SHOW]
    assert [line["offset"] for line in of(found, "command") if line["offset"] not in readable] == ours
    assert {line["show"] for line in found if "show" in line} == {show_text(SHOW)}
    assert len(of(found, "operation")) == len(told(kept)) > 0


async def test_a_stranger_finds_nothing_wrong_with_it(kept: list[AnyLine], tmp_path: Path) -> None:
    found = exported(kept, tmp_path, told(kept))
    code, said = judge(found, tmp_path)
    assert (code, "nothing wrong" in said) == (0, True), said
    assert len({line["reservation"]["id"] for line in of(found, "outcome") if "reservation" in line}) > 10


def sell_a_seat_twice(found: list[Line]) -> None:
    owned: dict[int, str] = {}
    for line in of(found, "outcome"):
        now = line.get("reservation")
        if now is None or line.get("repeat"):
            continue
        stolen = next((seat for seat, owner in owned.items() if owner != now["id"]), None)
        if line["kind"] == "SeatsHeld" and now.get("seats") and stolen is not None:
            now["seats"] = [stolen]
            return
        owned = {seat: owner for seat, owner in owned.items() if owner != now["id"]}
        if now["status"] in LIVE:
            owned |= dict.fromkeys(now.get("seats", []), now["id"])


def overfill_an_area(found: list[Line]) -> None:
    capacity = of(found, "layout")[0]["areas"][0]["capacity"]
    line = next(line for line in of(found, "outcome") if line["kind"] == "SeatsHeld")
    line["reservation"]["areas"] = [[0, capacity + 1]]


def tell_a_lie(found: list[Line]) -> None:
    of(found, "operation")[0]["ids"]["booking"] = "bkg_" + "0" * 42


def cut_it_off(found: list[Line]) -> None:
    del found[-3]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (sell_a_seat_twice, "has two owners"),
        (overfill_an_area, "area 0 has"),
        (tell_a_lie, "was told ok to confirm"),
        (cut_it_off, "cut off"),
    ],
)
async def test_a_stranger_finds_what_is_wrong(
    kept: list[AnyLine], tmp_path: Path, change: Callable[[list[Line]], None], says: str
) -> None:
    found = exported(kept, tmp_path, told(kept))
    change(found)
    code, said = judge(found, tmp_path)
    assert code == 1
    assert says in said


async def test_what_others_were_told_is_left_out(kept: list[AnyLine], tmp_path: Path) -> None:
    (mine, *_) = told(kept)
    others = [Ids(show="shw_00000000ff"), Ids(reservation=reservation_text(SHOW + 1, bytes(16))), Ids()]
    mine_by_show = Operation("me", "read", 1, 2, Result.OK, ids=Ids(show=show_text(SHOW)), seq=3)
    strangers = [Operation("you", "read", 1, 2, Result.UNKNOWN, ids=ids) for ids in others]
    found = exported(kept, tmp_path, [mine, mine_by_show, *strangers])
    assert [line["client"] for line in of(found, "operation")] == [mine.client, "me"]


async def test_what_cannot_be_exported_leaves_no_file(kept: list[AnyLine], tmp_path: Path) -> None:
    archive, file = write(kept, tmp_path / "show.jsonl.gz"), tmp_path / "show.jsonl"
    cut = tmp_path / "cut.gz"
    cut.write_bytes(archive.read_bytes()[:-100])
    history = tmp_path / "told.jsonl"
    history.write_text('{"client": "a"}\n')
    for source, told_in, says in (
        (cut, None, "onsale verify --archive"),
        (archive, history, "line 1"),
        (tmp_path / "missing", None, "No such file"),
    ):
        said: list[str] = []
        assert export(source, file, told_in, said.append) == COULD_NOT_RUN
        assert says in said[0]
        assert sorted(os.listdir(tmp_path)) == ["cut.gz", "show.jsonl.gz", "told.jsonl"]
    file.write_text("mine")
    said = []
    assert export(archive, file, None, said.append) == COULD_NOT_RUN
    assert (file.read_text(), "is there already" in said[0]) == ("mine", True)
