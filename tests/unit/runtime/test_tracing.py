"""Spans, as lines of the log and as OpenTelemetry's own."""

import io
import itertools
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from runtime import logs
from runtime.otel import OtelExporter
from runtime.tracing import Tracer, open_exporter

T0 = 1_800_000_000_000


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    out = io.StringIO()
    logs.configure("info", json=True, stream=out)
    yield out
    structlog.reset_defaults()
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)


def a_tracer(exporter: OtelExporter | None = None) -> Tracer:
    numbers = itertools.count(1)
    return Tracer(now_ms=lambda: T0, entropy=lambda count: next(numbers).to_bytes(count), exporter=exporter)


def test_a_span_is_a_line_of_the_log_with_its_ids(lines: io.StringIO) -> None:
    tracer = a_tracer()
    root = tracer.root("server")
    tracer.below(root.trace, "consumer", before_s=2.0).end("apply_batch", part=3)
    root.end("hold", failed=True, status=500)
    below, above = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert (below["event"], below["name"], below["part"], below["failed"]) == ("span", "apply_batch", 3, False)
    assert below["trace_id"] == above["trace_id"] == root.trace_id
    assert (below["parent_id"], above["parent_id"]) == (above["span_id"], "")
    assert below["took_ms"] >= 2_000
    assert (above["name"], above["status"], above["failed"]) == ("hold", 500, True)


def test_opentelemetry_gets_the_same_span() -> None:
    kept = InMemorySpanExporter()
    tracer = a_tracer(OtelExporter(SimpleSpanProcessor(kept), "ingress"))
    root = tracer.root("server")
    tracer.below(root.trace, "consumer", before_s=2.0).end("apply_batch", part=3)
    root.end("hold", failed=True, status=500)
    below, above = kept.get_finished_spans()
    assert (below.name, below.kind, dict(below.attributes or {})) == ("apply_batch", SpanKind.CONSUMER, {"part": 3})
    assert (above.name, above.kind, above.parent) == ("hold", SpanKind.SERVER, None)
    assert below.context is not None and above.context is not None and below.parent is not None
    assert below.context.trace_id == above.context.trace_id == int(root.trace_id, 16)
    assert (below.parent.span_id, below.parent.is_remote) == (above.context.span_id, True)
    assert (below.status.status_code, above.status.status_code) == (StatusCode.UNSET, StatusCode.ERROR)
    assert below.start_time == T0 * 1_000_000 - 2_000_000_000
    assert (below.end_time or 0) - below.start_time >= 2_000_000_000
    assert below.resource.attributes["service.name"] == "onsale-ingress"


@pytest.mark.anyio
async def test_without_an_address_there_is_no_exporter_and_without_the_extra_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_exporter("", "ingress") as exporter:
        assert exporter is None
    monkeypatch.setitem(sys.modules, "runtime.otel", None)
    monkeypatch.delattr("runtime.otel", raising=False)
    with pytest.raises(RuntimeError, match=r"onsale\[otel\]"):
        await open_exporter("http://127.0.0.1:1/", "ingress").__aenter__()


class Collector(BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    got: ClassVar[list[ExportTraceServiceRequest]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Nothing."""


@pytest.mark.anyio
async def test_a_collector_has_been_told_of_all_when_the_room_has_ended() -> None:
    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        async with open_exporter(f"http://127.0.0.1:{server.server_port}/v1/traces", "ingress") as exporter:
            span = Tracer(now_ms=lambda: T0, entropy=os.urandom, exporter=exporter).root("server")
            span.end("hold", status=201)
    ((resource,),) = [request.resource_spans for request in Collector.got]
    ((sent,),) = [scope.spans for scope in resource.scope_spans]
    assert (sent.name, sent.trace_id + sent.span_id) == ("hold", span.trace)
    names = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
    assert names["service.name"] == "onsale-ingress"
