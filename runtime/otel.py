"""Spans as OpenTelemetry's SDK exports them: in batches, by a thread of its own, dropped where its queue is full."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from runtime.tracing import Ended

EXPORT_S_MAX = 5
KINDS = {kind.name.lower(): kind for kind in SpanKind}


class OtelExporter:
    """`runtime.tracing.Exporter` over a span processor of the SDK. `room` is the service's name."""

    def __init__(self, processor: SpanProcessor, room: str) -> None:
        self._processor = processor
        self._resource = Resource.create({SERVICE_NAME: f"onsale-{room}"})

    def export(self, ended: Ended) -> None:
        """As the port."""
        self._processor.on_end(
            ReadableSpan(
                name=ended.name,
                context=_context(ended.trace_id, ended.span_id),
                parent=_context(ended.trace_id, ended.parent_id, remote=True) if ended.parent_id else None,
                resource=self._resource,
                attributes=ended.attributes,
                kind=KINDS[ended.kind],
                status=Status(StatusCode.ERROR) if ended.failed else Status(StatusCode.UNSET),
                start_time=ended.began_ns,
                end_time=ended.ended_ns,
            )
        )


@asynccontextmanager
async def open_collector(url: str, room: str) -> AsyncIterator[OtelExporter]:
    """To a collector at `url` (as http://HOST:4318/v1/traces). What is left is sent at the end, for a few seconds."""
    processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=EXPORT_S_MAX))
    try:
        yield OtelExporter(processor, room)
    finally:
        # It waits for the collector, and what else goes on in this process must not.
        await asyncio.to_thread(processor.shutdown)


def _context(trace_id: bytes, span_id: bytes, *, remote: bool = False) -> SpanContext:
    return SpanContext(
        int.from_bytes(trace_id), int.from_bytes(span_id), is_remote=remote, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
