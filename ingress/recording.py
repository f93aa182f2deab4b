"""Notes what API keys ask for, at the moment when they are answered."""

from dataclasses import dataclass

from ingress.asgi import Request
from ingress.request_log import LoggedRequest, RequestLog, shown_text
from ticketing.clock import Clock


@dataclass(frozen=True, slots=True)
class Recording:
    """Where it is noted."""

    requests: RequestLog
    clock: Clock

    def note(self, key_id: str, operation: str, request: Request, status: int, began_ms: int) -> None:
        """A request with this key is answered now; `began_ms`: when its head had been read."""
        now_ms = self.clock.now_ms()
        self.requests.note(
            LoggedRequest(
                key_id=key_id,
                at_ms=now_ms,
                operation=operation,
                method=request.method,
                status=status,
                # A clock can be set back meanwhile.
                ms=max(0, min(now_ms - began_ms, 2**31 - 1)),
                address=request.address,
                user_agent=shown_text(request.headers.get(b"user-agent")),
                request_id=request.request_id,
            )
        )
