"""How many requests a room's application answers, with what, and how long that takes: for whoever watches it."""

from time import perf_counter

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Counter(
    "runtime_http_requests_total",
    "Answers by room, by what was called, and by HTTP status.",
    ["room", "call", "status"],
)
SECONDS = Histogram(
    "runtime_http_request_seconds",
    "From a request's arrival at its room to the end of its answer.",
    ["room", "call"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
BUGS = Counter("runtime_http_bugs_total", "Requests whose room raised: each is a bug.", ["room"])
UNKNOWN = "none"
"""The call of a request that no route fits: paths are never labels, or whoever asks would decide how many there are."""
CUT_OFF = 499
"""The status of a request whose client left before its answer began; the number that nginx made known."""


class Meter:
    """What a room's answers are counted with."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._bugs = BUGS.labels(room)  # there from the start: what begins with its first count has not risen

    def bug(self) -> None:
        """A request whose room raised."""
        self._bugs.inc()

    def count(self, call: str, status: int, took_s: float) -> None:
        """An answer. `call`: the name of the endpoint that gave it."""
        SECONDS.labels(self._room, call).observe(took_s)
        REQUESTS.labels(self._room, call, str(status)).inc()


def metered(app: ASGIApp, meter: Meter) -> ASGIApp:
    """`app` with its HTTP requests counted; a call is named for the Starlette endpoint that answers it."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        status = CUT_OFF

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began_s = perf_counter()
        try:
            await app(scope, receive, answered)
        except Exception:
            # The server answers for it, where nothing has been said yet.
            status = 500
            meter.bug()
            raise
        finally:
            name = getattr(scope.get("endpoint"), "__name__", UNKNOWN)
            meter.count(name, status, perf_counter() - began_s)

    return call
