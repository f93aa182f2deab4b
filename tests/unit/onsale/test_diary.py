"""What fans were told is written down as the paper on histories says, and as the checker reads it."""

import asyncio
from pathlib import Path

import pytest

from onsale.crowd.diary import open_diary
from onsale.crowd.http import Answer
from onsale.crowd.sale import Desk
from onsale.histories import Operation, Result, decode_operation
from tests.unit.onsale.test_crowd_sale import NOW, sale

pytestmark = pytest.mark.anyio

SHOW = "shw_0000000001"


async def write(path: Path, desk: Desk, *, look: bool = False) -> list[Operation]:
    """One hold, perhaps after a look."""
    with open_diary(path, SHOW) as diary:
        desk.sale.diary = diary
        if look:
            await desk.sale.availability()
        await desk.ask("hold repeated", "POST", "/api/reservations", {}, "key-1")
    return read(path)


def read(path: Path) -> list[Operation]:
    return [decode_operation(line) for line in path.read_bytes().splitlines()]


async def test_a_granted_command_is_ok_with_its_ids(tmp_path: Path) -> None:
    desk, _ = sale(Answer(201, {}, b'{"reservation": "rsv_1", "message": "held"}'))
    (written,) = await write(tmp_path / "told", desk)
    assert (written.op, written.key, written.result, written.status) == ("hold", "key-1", Result.OK, 201)
    assert (written.ids.show, written.ids.reservation, written.ids.booking) == (SHOW, "rsv_1", "")
    assert written.invoke_ms <= written.end_ms
    assert written.client not in {"", "token"}


async def test_a_refusal_is_a_fail_with_its_code(tmp_path: Path) -> None:
    desk, _ = sale(Answer(409, {}, b'{"code": "sold_out"}'))
    (written,) = await write(tmp_path / "told", desk)
    assert (written.result, written.status, written.code) == (Result.FAIL, 409, "sold_out")


async def test_an_acknowledgement_is_written_before_the_verdict(tmp_path: Path) -> None:
    later = Answer(202, NOW | {"location": "/api/requests/req_1"}, b'{"request": "req_1"}')
    granted = Answer(200, {}, b'{"status": "granted", "outcome": {"status": "held", "reservation": "rsv_1"}}')
    desk, _ = sale(later, granted)
    acknowledged, decided = await write(tmp_path / "told", desk)
    assert (acknowledged.result, acknowledged.status, acknowledged.ids.request) == (Result.UNKNOWN, 202, "req_1")
    assert (decided.result, decided.ids.reservation, decided.client) == (Result.OK, "rsv_1", acknowledged.client)


async def test_a_command_that_is_given_up_is_unknown(tmp_path: Path) -> None:
    desk, script = sale(None)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):  # it would be sent again after 0.2 s
            await write(tmp_path / "told", desk)
    assert len(script.sent) == 1
    (written,) = read(tmp_path / "told")
    assert (written.result, written.status) == (Result.UNKNOWN, 0)


async def test_what_all_look_at_is_a_client_of_its_own(tmp_path: Path) -> None:
    shown = Answer(200, {}, b'{"seq": 12, "available_seats": 3}')
    desk, _ = sale(shown, Answer(201, {}, b'{"reservation": "rsv_1"}'))
    looked, _ = await write(tmp_path / "told", desk, look=True)
    assert (looked.client, looked.op, looked.seq, looked.ids.show) == ("availability", "read", 12, SHOW)


def test_without_a_file_nothing_is_written(tmp_path: Path) -> None:
    with open_diary(None, SHOW) as diary:
        assert diary is None
    assert list(tmp_path.iterdir()) == []
