"""Which requests are traced, and what of them reaches the log."""

import dataclasses
from itertools import count

import pytest
from structlog.testing import capture_logs

from ingress.rows import open_api
from ingress.tracing import FOLLOWED_PER_S_MAX, Tracing
from runtime.tracing import Tracer
from tests.unit.ingress.holds import grant, hold
from tests.unit.ingress.stage import SHOW_TEXT, Stage
from tests.unit.ingress.tales import SHOW
from tests.unit.ingress.test_direct import knock
from ticketing.messages import AnyCommand, AnyOutcome
from ticketing.trace_context import TRACE_BYTES, traceparent

pytestmark = pytest.mark.anyio

HOLD = {"show": SHOW_TEXT, "seats": ["A-1"]}
THEIRS = "4bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b7"
SAMPLED = traceparent(bytes.fromhex(THEIRS)) or ""
NOT_SAMPLED = SAMPLED.removesuffix("01") + "00"


def traced(*, ratio: float = 0.5, chance: float = 0.9, **how: object) -> Stage:
    """A room that traces a share of all; `chance`: where each request stands."""
    stage = Stage(**({"decide": grant} | how))  # type: ignore[arg-type]
    numbers = count(1)
    tracer = Tracer(now_ms=stage.clock.now_ms, entropy=lambda size: next(numbers).to_bytes(size))
    stage.ports = dataclasses.replace(stage.ports, tracing=Tracing(tracer, ratio=ratio, chance=lambda: chance))
    stage.api = open_api(stage.ports, stage.settings)
    return stage


async def told_on_the_log(stage: Stage, headers: dict[str, str] | None = None) -> bytes:
    await hold(stage, key=f"k{len(stage.commands)}", headers=headers or {})
    return stage.commands[-1].trace


async def test_a_room_that_traces_nothing_follows_nobody() -> None:
    assert await told_on_the_log(Stage(decide=grant), {"traceparent": SAMPLED}) == b""


async def test_a_share_of_all_requests_is_traced() -> None:
    assert len(await told_on_the_log(traced(chance=0.49))) == TRACE_BYTES
    assert await told_on_the_log(traced(chance=0.5)) == b""


async def test_a_caller_who_records_a_trace_is_followed_and_one_who_does_not_is_counted_like_all() -> None:
    followed = await told_on_the_log(traced(), {"traceparent": SAMPLED})
    assert followed[:16].hex() == THEIRS[:32]
    assert followed[16:].hex() != THEIRS[32:], "what comes later stands below our span, not beside it"
    assert await told_on_the_log(traced(), {"traceparent": NOT_SAMPLED}) == b""
    chosen = await told_on_the_log(traced(chance=0.1), {"traceparent": NOT_SAMPLED})
    assert chosen[:16].hex() == THEIRS[:32]
    assert await told_on_the_log(traced(), {"traceparent": "00-nonsense"}) == b""


async def test_callers_cannot_have_everything_recorded() -> None:
    stage = traced()
    assert stage.ports.tracing is not None

    def followed() -> int:
        headers = {b"traceparent": SAMPLED.encode()}
        begun = [stage.ports.tracing and stage.ports.tracing.begin(headers) for _ in range(FOLLOWED_PER_S_MAX * 2)]
        return sum(span is not None for span in begun)

    assert followed() == FOLLOWED_PER_S_MAX
    stage.clock.advance(1_000)
    assert followed() == FOLLOWED_PER_S_MAX


async def test_the_direct_way_traces_the_same() -> None:
    stage = traced()
    await stage.ports.shelf.show(SHOW)
    headers = {"authorization": f"Bearer {stage.fan()}", "idempotency-key": "k1", "traceparent": SAMPLED}
    with capture_logs() as lines:
        taken, caller = knock(stage, headers, HOLD)
    assert taken and caller.replies[0].status == 201
    (span,) = [line for line in lines if line["event"] == "span"]
    assert (span["trace_id"], span["parent_id"]) == (THEIRS[:32], THEIRS[32:])
    assert (span["name"], span["status"], span["failed"]) == ("hold", 201, False)
    assert stage.commands[0].trace.hex() == span["trace_id"] + span["span_id"]


async def test_a_client_that_leaves_ends_its_span() -> None:
    stage = traced(decide=None)
    await stage.ports.shelf.show(SHOW)
    headers = {"authorization": f"Bearer {stage.fan()}", "idempotency-key": "k1", "traceparent": SAMPLED}
    with capture_logs() as lines:
        taken, caller = knock(stage, headers, HOLD)
        assert taken and caller.on_gone is not None
        caller.on_gone()
    assert [(line["status"], line["trace_id"]) for line in lines if line["event"] == "span"] == [(0, THEIRS[:32])]
    assert len(stage.waiters) == 0


async def test_a_line_about_a_failure_has_the_ids_of_its_trace() -> None:
    def break_down(_command: AnyCommand, _offset: int) -> list[AnyOutcome]:
        raise ValueError("a bug")

    with capture_logs() as lines:
        await hold(traced(decide=break_down), headers={"traceparent": SAMPLED, "x-request-id": "mine-1"})
        await hold(traced(decide=break_down), headers={"x-request-id": "mine-2"})
    bugs = [(line["request_id"], line.get("trace_id")) for line in lines if line["event"] == "ingress.bug"]
    assert bugs == [("mine-1", THEIRS[:32]), ("mine-2", None)]
    (span,) = [line for line in lines if line["event"] == "span"]
    assert (span["failed"], span["status"]) == (True, 500)
