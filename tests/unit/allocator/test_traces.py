"""A trace decides nothing: outcomes carry it, and are otherwise the same."""

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from allocator.metrics import MeteredObserver
from runtime.tracing import Tracer
from tests.unit.allocator.desk_room import SHOW, T0, Room, hold, settle
from ticketing import messages
from ticketing.messages import AnyOutcome

pytestmark = pytest.mark.anyio

TRACE = bytes(range(24))


async def decided(*commands: messages.AnyCommand) -> list[AnyOutcome]:
    room = Room()
    room.say(*commands)
    await settle(await room.desk())
    return room.outcomes()[1:]


@pytest.mark.parametrize("seats", [(1,), (2,), (3,)])
async def test_what_is_traced_is_decided_alike(seats: tuple[int, ...]) -> None:
    """Granted; refused; and refused as many before, which others are told at once."""
    before = [hold(n, 2) for n in range(1, 4)] + [hold(4, 3)]
    plain = await decided(*before, hold(9, *seats))
    traced = await decided(*before, replace(hold(9, *seats), trace=TRACE))
    assert [outcome.trace for outcome in traced] == [b""] * 4 + [TRACE]
    assert [replace(outcome, trace=b"") for outcome in traced] == plain


async def test_a_repeat_belongs_to_the_trace_of_whoever_repeats() -> None:
    lost = replace(hold(2, 1), trace=TRACE)
    won, again = hold(1, 1), replace(hold(1, 1), trace=TRACE[::-1])
    outcomes = await decided(won, lost, hold(2, 1), again)
    assert [outcome.trace for outcome in outcomes] == [b"", TRACE, b"", TRACE[::-1]]
    assert [outcome.repeat for outcome in outcomes] == [False, False, True, True]


async def test_each_traced_command_has_a_span_of_its_batch() -> None:
    room = Room()
    room.say(hold(1, 1), replace(hold(2, 2), trace=TRACE), replace(hold(3, 2), trace=TRACE[::-1]))
    desk = await room.desk()
    tracer = Tracer(now_ms=lambda: T0, entropy=bytes)
    desk._observer = MeteredObserver(tracer)
    with capture_logs() as lines:
        await settle(desk)
        room.say(hold(4, 4))
        await settle(desk)
    spans = [line for line in lines if line["event"] == "span"]
    assert [line["trace_id"] + line["parent_id"] for line in spans] == [TRACE.hex(), TRACE[::-1].hex()]
    assert {(line["name"], line["part"], line["batch_seq"], line["records"]) for line in spans} == {
        ("apply_batch", 0, 1, 4)
    }
    assert desk.state.shows[SHOW].seq == 4
