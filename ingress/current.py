"""What a task works for: set once, where a traced request begins; read where its command leaves for the log."""

from contextvars import ContextVar

from msgspec.structs import replace

from ticketing.messages import AnyCommand

TRACE: ContextVar[bytes] = ContextVar("trace", default=b"")
"""As `ticketing/trace_context.py` has it; empty where the request is not traced."""


def traced(command: AnyCommand) -> AnyCommand:
    """The command with the trace of the request that this task works for."""
    trace = TRACE.get()
    return replace(command, trace=trace) if trace else command
