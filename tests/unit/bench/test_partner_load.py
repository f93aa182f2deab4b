"""Partners of the bench: what they count, and that they come back when they are told to."""

import asyncio
import random

import msgspec
import pytest

from bench.partner_load import Desk, Partner, PartnerPlan, Seller
from tests.unit.ingress.stage import SHOW_TEXT

pytestmark = pytest.mark.anyio

PLAN = PartnerPlan(SHOW_TEXT, ["A-1"], [Partner("key_1", "osk_live_x", 1)], books_each=10**9, seed=1)


class Wire(asyncio.WriteTransport):
    """What a seller says."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[bytes] = []
        self.closed = False
        self.asked_again = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.said.append(bytes(data))
        if len(self.said) > 1:
            self.asked_again.set()

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def answer(status: int, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} x", *headers, "content-length: 2", "", "{}"]).encode()


async def test_who_is_told_to_come_back_asks_the_same_then_and_waits_are_of_what_was_decided() -> None:
    desk, wire = Desk(PLAN, PLAN.partners[0], random.Random(1)), Wire()
    seller = Seller(desk)
    seller.connection_made(wire)
    seller.data_received(answer(503, "retry-after: 0"))
    assert len(wire.said) == 1
    await wire.asked_again.wait()
    assert wire.said[1] == wire.said[0]
    seller.data_received(answer(409))
    seller.data_received(answer(201))
    assert wire.said[3].startswith(b"DELETE /api/reservations/rsv_")
    saw = desk.saw()
    assert (saw.granted, saw.lost, saw.refused, saw.others) == (1, 1, 1, {})
    assert (len(desk.latencies_s), saw.refused_share) == (2, 1 / 3)
    assert msgspec.json.decode(msgspec.json.encode(saw)) == msgspec.structs.asdict(saw) | {"others": {}}
    desk.stopped = True
    seller.data_received(answer(200))
    assert wire.closed


def test_a_pause_is_what_was_asked_for_and_a_part_that_doubles_and_has_an_end() -> None:
    desk, told = Desk(PLAN, PLAN.partners[0], random.Random(1)), answer(503, "retry-after: 2")
    pauses = {times: [desk.pause_s(told, times) - 2 for _ in range(200)] for times in (1, 2, 9)}
    assert all(pause >= 0 for each in pauses.values() for pause in each)
    assert max(pauses[1]) <= 0.2 < max(pauses[2]) <= 0.4
    assert 4 < max(pauses[9]) <= 5
    flood = Desk(PLAN, msgspec.structs.replace(PLAN.partners[0], heeds=False), random.Random(1))
    assert flood.pause_s(told, 9) == 0
