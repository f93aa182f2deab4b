"""W3C Trace Context: which trace a request belongs to, as `traceparent` says it and as the log carries it.

On the log and in outcomes a trace is `TRACE_BYTES`: its id and the span below which all that follows stands. Only what
is recorded is carried, so there are no flags. https://www.w3.org/TR/trace-context-1/#traceparent-header
"""

import re

from msgspec import Struct

TRACE_ID_BYTES = 16
SPAN_ID_BYTES = 8
TRACE_BYTES = TRACE_ID_BYTES + SPAN_ID_BYTES
SAMPLED = 1
# A version that is not known yet is read as far as it is known; ff is none.
_TRACEPARENT = re.compile(rb"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class Parent(Struct, frozen=True):
    """Where a request says that it comes from. `sampled`: whoever sent it records that trace."""

    trace: bytes
    sampled: bool


def read_traceparent(header: bytes) -> Parent | None:
    """What the header says; None where it says nothing that can be followed."""
    found = _TRACEPARENT.fullmatch(header.strip())
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if not trace_id.strip(b"0") or not span_id.strip(b"0") or (version == b"00" and more is not None):
        return None
    return Parent(bytes.fromhex((trace_id + span_id).decode()), bool(int(flags, 16) & SAMPLED))


def traceparent(trace: bytes) -> str | None:
    """The header for whoever is told of it; None where there is no trace."""
    if len(trace) != TRACE_BYTES:
        return None
    return f"00-{trace[:TRACE_ID_BYTES].hex()}-{trace[TRACE_ID_BYTES:].hex()}-{SAMPLED:02x}"
