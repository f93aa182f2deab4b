"""One trace through all rooms, as OpenTelemetry sees it: a call, the log, the batch, the socket, the webhook."""

import dataclasses
import os
from ipaddress import ip_address

import httpx
import msgspec
import pytest
from msgspec.structs import replace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from allocator.metrics import MeteredObserver
from ingress.rows import open_api
from ingress.tracing import Tracing
from notifier import bodies
from notifier.outbox.events import Taken, caller_events
from notifier.outbox.ports import Due
from notifier.outbox.wire import Address, HttpWire
from runtime.otel import OtelExporter
from runtime.tracing import Tracer
from tests.simulation.crowd import LAYOUT
from tests.unit.allocator.desk_room import SHOW, T0, Room, settle
from tests.unit.ingress.holds import grant, hold
from tests.unit.ingress.stage import PARTNER_KEY, Stage
from ticketing import messages
from ticketing.messages import HoldRefused, SeatsHeld
from ticketing.telling import Where
from ticketing.trace_context import traceparent

pytestmark = pytest.mark.anyio

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
WHERE = Where(SHOW, "ven_" + "1" * 32, "EUR", LAYOUT)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def asked(tracer: Tracer) -> messages.HoldSeats:
    """The command that a partner's call becomes, who says which trace it belongs to."""
    stage = Stage(decide=grant)
    tracing = Tracing(tracer, ratio=0.01, chance=lambda: 0.9)
    stage.ports = dataclasses.replace(stage.ports, tracing=tracing)
    stage.api = open_api(stage.ports, stage.settings)
    reply = await hold(stage, token=PARTNER_KEY, headers={"traceparent": f"00-{TRACE_ID}-{SPAN_ID}-01"})
    assert reply.status == 201
    (command,) = stage.commands
    assert isinstance(command, messages.HoldSeats)
    return replace(command, show=SHOW, seats=(1,), areas=(), account="key_partner", sent_at_ms=T0)


async def decided(tracer: Tracer, *commands: messages.AnyCommand) -> list[messages.AnyOutcome]:
    """What an allocator makes of them."""
    room = Room()
    room.say(*commands)
    desk = await room.desk()
    desk._observer = MeteredObserver(tracer)
    await settle(desk)
    return room.outcomes()[1:]


async def delivered(tracer: Tracer, outcome: messages.AnyOutcome) -> httpx.Request:
    """The webhook that tells of it."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    async def look_up(host: str, port: int) -> list[Address]:
        return [ip_address("93.184.216.34")]

    (event,) = caller_events([Taken(outcome, 0, 0, T0)], {SHOW: WHERE})
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    wire = HttpWire(http, private_allowed=False, tracer=tracer, resolve=look_up)
    await wire.post(Due("whk_1", 1, event.event_id, "https://partner.example/", (SECRET,), event.body, 1, T0), T0)
    (request,) = seen
    return request


async def test_a_trace_leads_from_the_call_to_the_frame_and_the_webhook() -> None:
    kept = InMemorySpanExporter()
    tracer = Tracer(
        now_ms=lambda: T0, entropy=os.urandom, exporter=OtelExporter(SimpleSpanProcessor(kept), "everything")
    )
    command = await asked(tracer)
    (outcome,) = await decided(tracer, command)
    frame = bodies.decided(outcome, part=0, log_gen=0, where=WHERE)
    request = await delivered(tracer, outcome)
    call, batch, webhook = kept.get_finished_spans()
    assert isinstance(outcome, SeatsHeld)
    assert [span.name for span in (call, batch, webhook)] == ["hold", "apply_batch", "webhook"]
    assert {f"{span.context.trace_id:032x}" for span in (call, batch, webhook) if span.context} == {TRACE_ID}
    assert call.parent is not None and f"{call.parent.span_id:016x}" == SPAN_ID
    assert call.context is not None and batch.parent is not None and webhook.parent is not None
    assert batch.parent.span_id == webhook.parent.span_id == call.context.span_id
    assert webhook.context is not None
    assert frame.traceparent == f"00-{TRACE_ID}-{call.context.span_id:016x}-01" == traceparent(command.trace)
    assert request.headers["traceparent"] == f"00-{TRACE_ID}-{webhook.context.span_id:016x}-01"
    assert msgspec.json.decode(request.content)["data"]["traceparent"] == frame.traceparent
    assert dict(webhook.attributes or {})["status"] == 204


async def test_what_is_not_traced_tells_nobody_of_a_trace() -> None:
    kept = InMemorySpanExporter()
    tracer = Tracer(now_ms=lambda: T0, entropy=os.urandom, exporter=OtelExporter(SimpleSpanProcessor(kept), "x"))
    command = messages.HoldSeats(show=SHOW, key=b"k" * 16, sent_at_ms=T0, account="key_partner", seats=(1,))
    granted, lost = await decided(tracer, command, replace(command, key=b"l" * 16, account="key_other"))
    assert isinstance(lost, HoldRefused)
    for outcome in (granted, lost):
        request = await delivered(tracer, outcome)
        assert "traceparent" not in request.headers and b"traceparent" not in request.content
    assert kept.get_finished_spans() == ()


async def test_a_note_that_is_named_like_a_trace_is_none() -> None:
    tracer = Tracer(now_ms=lambda: T0, entropy=os.urandom)
    body = b'{"type":"x","data":{"outcome":{"metadata":{"traceparent":"00-1-2-01"}}}}'
    due = Due("whk_1", 1, "evt_1", "https://partner.example/", (SECRET,), body, 1, T0)
    wire = HttpWire(httpx.AsyncClient(), private_allowed=False, tracer=tracer)
    assert wire._span(due) is None
