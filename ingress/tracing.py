"""Which requests are traced: a share of all, and those whose callers trace them, as far as there is room."""

import os
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from ingress.settings import Settings
from runtime.tracing import Span, Tracer, open_exporter
from ticketing.clock import Clock
from ticketing.trace_context import read_traceparent

FOLLOWED_PER_S_MAX = 50
"""Of the requests whose callers say that they are to be recorded: anybody can say so."""


class Tracing:
    """`ratio`: the share of all requests, in (0, 1]; `chance()` is random in [0, 1)."""

    def __init__(self, tracer: Tracer, *, ratio: float, chance: Callable[[], float]) -> None:
        self._tracer = tracer
        self._ratio = ratio
        self._chance = chance
        self._second = self._followed = 0

    def begin(self, headers: Mapping[bytes, bytes]) -> Span | None:
        """The span of a request that has come now; None: it is not traced."""
        header = headers.get(b"traceparent")
        parent = None if header is None else read_traceparent(header)
        if not (self._chance() < self._ratio or (parent is not None and parent.sampled and self._has_room())):
            return None
        if parent is None:
            return self._tracer.root("server")
        return self._tracer.below(parent.trace, "server")

    def _has_room(self) -> bool:
        second = self._tracer.now_ms() // 1000
        if second != self._second:
            self._second, self._followed = second, 0
        self._followed += 1
        return self._followed <= FOLLOWED_PER_S_MAX


@asynccontextmanager
async def open_tracing(settings: Settings, clock: Clock) -> AsyncIterator[Tracing | None]:
    """None, where nothing is to be traced."""
    if not settings.trace_ratio:
        yield None
        return
    async with open_exporter(settings.otlp_url, "ingress") as exporter:
        tracer = Tracer(now_ms=clock.now_ms, entropy=os.urandom, exporter=exporter)
        yield Tracing(tracer, ratio=settings.trace_ratio, chance=random.random)
