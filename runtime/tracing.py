"""Spans of the requests that are traced: each is a line of the log, and where an exporter is set it goes there as well.

A span is made where something begins and told when it has ended; nobody is asked for a current one. What is not traced
costs the question whether it is.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

import structlog
from msgspec import Struct

log = structlog.get_logger(__name__)

TRACE_ID_BYTES = 16
SPAN_ID_BYTES = 8
NS_PER_MS = 1_000_000

Attribute = str | int | float | bool


class Ended(Struct, frozen=True, kw_only=True):
    """A span that has ended. Ids are bytes, `parent_id` is empty at the root; times are nanoseconds since 1970."""

    name: str
    kind: str
    """`server`, `consumer`, `producer`, `client`"""
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    began_ns: int
    ended_ns: int
    failed: bool
    attributes: dict[str, Attribute]


class Exporter(Protocol):
    """Where spans go beside the log. Must not block, nor raise."""

    def export(self, ended: Ended) -> None: ...


class Span:
    """Something that is under way."""

    __slots__ = ("_began_ns", "_began_s", "_kind", "_parent", "_tracer", "trace")

    def __init__(self, tracer: "Tracer", kind: str, *, parent: bytes, trace: bytes, before_s: float = 0.0) -> None:
        self._tracer = tracer
        self._kind = kind
        self._parent = parent
        self.trace = trace
        """Trace id and this span's id: what everything below it is told."""
        self._began_s = time.monotonic() - before_s
        self._began_ns = tracer.now_ms() * NS_PER_MS - round(before_s * 1e9)

    @property
    def trace_id(self) -> str:
        """As it stands in the lines of the log."""
        return self.trace[:TRACE_ID_BYTES].hex()

    def end(self, name: str, *, failed: bool = False, **attributes: Attribute) -> None:
        """It has ended now, and what it was is known. To be called once."""
        self._tracer.ended(
            Ended(
                name=name,
                kind=self._kind,
                trace_id=self.trace[:TRACE_ID_BYTES],
                span_id=self.trace[TRACE_ID_BYTES:],
                parent_id=self._parent,
                began_ns=self._began_ns,
                ended_ns=self._began_ns + round((time.monotonic() - self._began_s) * 1e9),
                failed=failed,
                attributes=attributes,
            )
        )


class Tracer:
    """Makes spans. `entropy(n)` gives n random bytes, `now_ms` the time since 1970."""

    def __init__(
        self, *, now_ms: Callable[[], int], entropy: Callable[[int], bytes], exporter: Exporter | None = None
    ) -> None:
        self.now_ms = now_ms
        self._entropy = entropy
        self._exporter = exporter

    def root(self, kind: str) -> Span:
        """The first span of a trace."""
        return Span(self, kind, parent=b"", trace=self._entropy(TRACE_ID_BYTES + SPAN_ID_BYTES))

    def below(self, parent: bytes, kind: str, *, before_s: float = 0.0) -> Span:
        """A span below the one whose trace and id `parent` is; it began `before_s` seconds ago."""
        trace = parent[:TRACE_ID_BYTES] + self._entropy(SPAN_ID_BYTES)
        return Span(self, kind, parent=parent[TRACE_ID_BYTES:], trace=trace, before_s=before_s)

    def ended(self, span: Ended) -> None:
        """Tell of a span."""
        log.info(
            "span",
            name=span.name,
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_id=span.parent_id.hex(),
            took_ms=round((span.ended_ns - span.began_ns) / NS_PER_MS, 3),
            failed=span.failed,
            **span.attributes,
        )
        if self._exporter is not None:
            self._exporter.export(span)


@asynccontextmanager
async def open_exporter(otlp_url: str, room: str) -> AsyncIterator[Exporter | None]:
    """The exporter to a collector that speaks OTLP over HTTP; None where no address is set.

    Raises:
        RuntimeError: an address is set, and the extra `otel` is not installed.
    """
    if not otlp_url:
        yield None
        return
    try:
        from runtime import otel  # noqa: PLC0415 -- an extra: who does not export need not install it
    except ImportError as error:
        raise RuntimeError("ONSALE_OTLP_URL is set: install onsale[otel] (requirements/otel.txt)") from error
    async with otel.open_collector(otlp_url, room) as exporter:
        yield exporter
