"""Spans, as lines of the log and as OpenTelemetry's own."""

import io
import itertools
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog
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
    root = tracer.root("POST /api", "server")
    tracer.below(root.trace, "apply_batch", "consumer", before_s=2.0).end(part=3)
    root.end(failed=True, status=500)
    below, above = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert (below["event"], below["name"], below["part"], below["failed"]) == ("span", "apply_batch", 3, False)
    assert below["trace_id"] == above["trace_id"] == root.trace_id
    assert (below["parent_id"], above["parent_id"]) == (above["span_id"], "")
    assert below["took_ms"] >= 2_000
    assert (above["name"], above["status"], above["failed"]) == ("POST /api", 500, True)


def test_opentelemetry_gets_the_same_span() -> None:
    kept = InMemorySpanExporter()
    tracer = a_tracer(OtelExporter(SimpleSpanProcessor(kept), "ingress"))
    root = tracer.root("POST /api", "server")
    tracer.below(root.trace, "apply_batch", "consumer", before_s=2.0).end(part=3)
    root.end(failed=True, status=500)
    below, above = kept.get_finished_spans()
    assert (below.name, below.kind, dict(below.attributes or {})) == ("apply_batch", SpanKind.CONSUMER, {"part": 3})
    assert (above.name, above.kind, above.parent) == ("POST /api", SpanKind.SERVER, None)
    assert below.context is not None and above.context is not None and below.parent is not None
    assert below.context.trace_id == above.context.trace_id == int(root.trace_id, 16)
    assert (below.parent.span_id, below.parent.is_remote) == (above.context.span_id, True)
    assert (below.status.status_code, above.status.status_code) == (StatusCode.UNSET, StatusCode.ERROR)
    assert below.start_time == T0 * 1_000_000 - 2_000_000_000
    assert (below.end_time or 0) - below.start_time >= 2_000_000_000
    assert below.resource.attributes["service.name"] == "onsale-ingress"


def test_without_an_address_there_is_no_exporter_and_without_the_extra_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open_exporter("", "ingress") as exporter:
        assert exporter is None
    monkeypatch.setitem(sys.modules, "runtime.otel", None)
    monkeypatch.delattr("runtime.otel", raising=False)
    with pytest.raises(RuntimeError, match=r"onsale\[otel\]"), open_exporter("http://127.0.0.1:1/", "ingress"):
        pass


def test_a_collector_that_is_away_harms_nobody() -> None:
    with open_exporter("http://127.0.0.1:1/v1/traces", "ingress") as exporter:
        assert isinstance(exporter, OtelExporter)
