"""What is said over a socket, both ways: subprotocol `onsale.v1+json`, text frames of JSON.

The one source of what the notifier sends and reads, and of `/api/asyncapi.json`. A frame of the server's is
`{"v": 1, "type", "id", "seq", "show", "ts", "data"}`: `seq` is the show's number when the frame was made (0 in a
waiting room), `ts` that moment (RFC 3339). `id` tells a frame heard twice: `evt_…` of a personal one, empty where
nothing is sent again. Times are RFC 3339, durations end in their unit, money is as over HTTP.
"""

import math
from typing import Annotated, Any

from msgspec import Meta, Raw, Struct

from ticketing.labels import PlaceConflict
from ticketing.news import AllocationTold, RefundTold
from ticketing.telling import BookingAnswer, ReservationAnswer

SUBPROTOCOL = "onsale.v1+json"
CLIENT_FRAME_BYTES_MAX = 16 * 1024
KEY_CHARS_MAX = 200
HEARTBEAT_S = 20

GOING_AWAY = 1001
POLICY_VIOLATION = 1008
RESTARTING = 1012
FULL = 1013
UNAUTHENTICATED = 4401
FORBIDDEN = 4403
TOO_SLOW = 4408
CONFLICT = 4409
TOO_MANY = 4429

CLOSE_CODES = {
    GOING_AWAY: "The server stops; `goodbye` has said when to come again.",
    POLICY_VIOLATION: "What was sent is no frame of JSON, or larger than 16 kB.",
    RESTARTING: "The show must be read anew; `goodbye` has said when to come again.",
    FULL: "This server has all the sockets or shows it can bear, or cannot read them now.",
    UNAUTHENTICATED: "The token is not good, or not any more.",
    FORBIDDEN: "The token is good for another show, or not from this address.",
    TOO_SLOW: "No hello came in time, or the peer does not read.",
    CONFLICT: "A newer token must be of the same account: one socket tells of one person.",
    TOO_MANY: "Frames came too fast.",
}

Box = tuple[float, float, float, float]
"""`x0, y0, x1, y1` in the layout's own measure; the edges belong to it."""


class Data(Struct, kw_only=True, omit_defaults=True):
    """What stands in a frame's `data`."""


class Welcome(Data, kw_only=True):
    """The answer to `hello`; `account` is absent for the public, `expires_at` where the right has no end."""

    venue: str
    heartbeat_s: int
    account: str | None = None
    expires_at: str | None = None


class Counts(Struct):
    """Places, of seats and areas together."""

    total: int
    available: int
    held: int
    booked: int
    blocked: int


class Snapshot(Data, kw_only=True):
    """The show at `seq`: every seat that is not named is available. With `bbox`: of the seats inside it alone."""

    seq: int
    status: str
    seats: dict[str, list[str]]
    """held, booked, blocked -> labels"""
    areas: dict[str, int]
    """label -> places left"""
    counts: Counts
    bbox: Box | None = None


class SeatStatusChanged(Data, kw_only=True):
    """The last word on every place that changed in the range. One begins where the one before ended, or a `snapshot`
    came between; so it is also with `bbox`, although only seats inside it are named."""

    from_seq: int
    to_seq: int
    status: str
    seats: dict[str, list[str]]
    """available, held, booked, blocked -> labels"""
    areas: dict[str, int]
    counts: Counts
    bbox: Box | None = None


class Problem(Data, kw_only=True):
    """A request that was decided against: the problem document of HTTP, without what names its one answer."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    retry_after_s: int | None = None
    conflicts: list[PlaceConflict] | None = None
    conflicts_total: int | None = None
    alternatives: list[list[str]] | None = None


class HeldTogether(Data, kw_only=True):
    """Several reservations by one request."""

    reservations: list[ReservationAnswer]


class ShowDecided(Data, kw_only=True):
    """Something was decided about the show itself."""

    show: str
    venue: str


OUTCOMES = (ReservationAnswer, BookingAnswer, HeldTogether, ShowDecided, RefundTold, AllocationTold, Problem)


class Decided(Data, kw_only=True):
    """What became of a request, or of a reservation of one's own: the body that waiting over HTTP would have got.

    `request` is absent where no caller asked, or a sandbox key forced the outcome. `reply_to` names the `hold` or
    `release` of this socket that it answers, `replayed` says that the request had been answered before, `traceparent`
    (W3C Trace Context) is there where the request was traced.
    """

    status: str
    """granted or rejected"""
    outcome: Any
    """One of `OUTCOMES`."""
    request: str | None = None
    reply_to: str | None = None
    replayed: bool = False
    traceparent: str | None = None


class Expiring(Data, kw_only=True):
    """A hold of one's own ends soon."""

    reservation: str
    expires_at: str


class StatusData(Data, kw_only=True):
    """The sale was opened, closed or cancelled."""

    status: str


class Serving(Data, kw_only=True):
    """How far the general line of a show's waiting room is served: places up to `serving` may claim their turn."""

    phase: str
    serving: int
    issued: int
    """The last number that was given out."""


class Message(Data, kw_only=True):
    """Something to be done by `closes_at`."""

    code: str
    text: str
    closes_at: str


class Resync(Data, kw_only=True):
    """What was missed cannot be told any more: read it over HTTP."""

    reason: str


class Goodbye(Data, kw_only=True):
    """The socket is about to be closed; come again after so long."""

    reconnect_after_ms: int


class Pong(Data, kw_only=True):
    """The answer to `ping`."""

    reply_to: str


class Complaint(Data, kw_only=True):
    """A frame was not acted on, and nothing was written to the log (or it is not known: `log_unavailable`). `code` is
    of the table of problems; this closes nothing by itself."""

    code: str
    detail: str
    reply_to: str
    retryable: bool = False
    conflicts: list[PlaceConflict] | None = None
    errors: list[dict[str, str]] | None = None


SERVER_FRAMES: dict[str, type[Data]] = {
    "welcome": Welcome,
    "snapshot": Snapshot,
    "seat_status_changed": SeatStatusChanged,
    "request_decided": Decided,
    "reservation_expiring": Expiring,
    "reservation_expired": Decided,
    "booking_confirmed": Decided,
    "booking_changed": Decided,
    "booking_cancelled": Decided,
    "refund_due": Decided,
    "allocation_returned": Decided,
    "show_status": StatusData,
    "serving": Serving,
    "message": Message,
    "resync_required": Resync,
    "goodbye": Goodbye,
    "pong": Pong,
    "error": Complaint,
}
"""Type -> what stands in its `data`."""
ROOM_FRAMES = ("welcome", "serving", "goodbye", "pong", "error")
"""Those of them that a waiting room's socket hears; it says `hello` and `ping`."""
SHOW_FRAMES = tuple(kind for kind in SERVER_FRAMES if kind != "serving")
"""Those that a show's socket hears."""

Id = Annotated[str, Meta(max_length=100)]
Token = Annotated[str, Meta(max_length=4_096)]


class ClientFrame(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What a client says. `id` comes back as `reply_to`."""

    id: Id = ""


class Resume(Struct, frozen=True):
    """`after_seq`: the last number that the client has seen."""

    after_seq: Annotated[int, Meta(ge=0, lt=2**53)]


class Hello(ClientFrame, frozen=True, kw_only=True, tag="hello"):
    """The first frame; again at any time to bring a newer token. Without a token: the public."""

    token: Token | None = None
    resume: Resume | None = None


class Subscribe(ClientFrame, frozen=True, kw_only=True, tag="subscribe"):
    """Public frames from now on, beginning with a snapshot; with `bbox` of seats inside it. `hello` has subscribed to
    the whole show already."""

    bbox: Box | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for what is no box."""
        box = self.bbox
        if box is not None and not (all(map(math.isfinite, box)) and box[0] <= box[2] and box[1] <= box[3]):
            raise ValueError("bbox is x0, y0, x1, y1")


class Unsubscribe(ClientFrame, frozen=True, kw_only=True, tag="unsubscribe"):
    """No public frames from now on."""


class Ping(ClientFrame, frozen=True, kw_only=True, tag="ping"):
    """Is anybody there? Answered by `pong`."""


class Hold(ClientFrame, frozen=True, kw_only=True, tag="hold"):
    """As `POST /api/reservations` with `key` as its Idempotency-Key: the same key means the same by either way."""

    key: Annotated[str, Meta(min_length=1, max_length=KEY_CHARS_MAX)]
    body: Raw


class Release(ClientFrame, frozen=True, kw_only=True, tag="release"):
    """As `DELETE /api/reservations/{reservation}`; with `seats` of those alone."""

    reservation: Annotated[str, Meta(max_length=100)]
    seats: Annotated[list[str], Meta(min_length=1, max_length=200)] | None = None
    key: Annotated[str, Meta(min_length=1, max_length=KEY_CHARS_MAX)] | None = None


AnyClientFrame = Hello | Subscribe | Unsubscribe | Ping | Hold | Release
