"""What an open loop is told to do, and what it tells afterwards: the words between a bench and `bench.open_load`."""

import msgspec

from bench.measuring import percentile


class Stream(msgspec.Struct, frozen=True):
    """One kind of request: the file `requests` over and over, from the second time on under new keys, by `connections`
    spread over `ports`."""

    name: str
    ports: list[int]
    connections: int
    rate_per_s: float
    requests: str
    told: str = ""
    """The file in which to leave what was asked and told, once the time is over; "": nowhere."""


class Plan(msgspec.Struct, frozen=True):
    """All streams, for the same time. `settle_s`: between the last connection and the first request, as thousands are
    open for the generator before the server has taken them."""

    warm_s: float
    measure_s: float
    streams: list[Stream]
    settle_s: float = 0.0


class Latency(msgspec.Struct, frozen=True):
    """Of all answers with one status, in milliseconds; `sample` is the first of them."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: float
    sample: bytes


class Seen(msgspec.Struct, frozen=True):
    """Of one stream: how many requests were due in the window, how many were sent in it, and the answers to those due
    in it by HTTP status (0: the connection was closed), with what had no answer at all. `paused_ms`: the longest that
    the generator itself had no turn; it is in the latencies, too."""

    due: int
    sent: int
    answers: dict[int, Latency]
    unanswered: int
    paused_ms: float

    def summary(self) -> str:
        """For whoever watches a run."""
        parts = [
            f"{status}: {it.count} p50 {it.p50_ms:.1f} p99 {it.p99_ms:.1f} ms" for status, it in self.answers.items()
        ]
        parts.append(f"generator paused {self.paused_ms:.0f} ms at most")
        return ", ".join(parts) + (f", unanswered {self.unanswered}" if self.unanswered else "")


def latency_of(found_s: list[float], sample: bytes) -> Latency:
    """Of these answers; `sample`: the first of them."""
    ordered_ms = sorted(round(seconds * 1000, 3) for seconds in found_s)
    return Latency(
        count=len(ordered_ms),
        p50_ms=percentile(ordered_ms, 0.5),
        p95_ms=percentile(ordered_ms, 0.95),
        p99_ms=percentile(ordered_ms, 0.99),
        longest_ms=ordered_ms[-1],
        sample=sample,
    )
