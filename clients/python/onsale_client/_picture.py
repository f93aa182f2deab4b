"""What the frames of a socket say, put together; and when to come again after it closed."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from onsale_client.errors import OnsaleError

SUBPROTOCOL = Subprotocol("onsale.v1+json")
NO_STATUS = 1006
"""RFC 6455: the connection went away without a word."""
FINAL = {1008, 4401, 4403, 4409}
"""Close codes after which coming again with the same token would end the same way."""
AGAIN_S = 0.5
AGAIN_MAX_S = 15.0
PUBLIC = {"snapshot", "seat_status_changed", "show_status"}


class Frame(Struct, kw_only=True):
    """One frame of the server's. `id` tells a personal one heard twice; `data` is as the AsyncAPI document says."""

    type: str
    show: str = ""
    seq: int = 0
    ts: str = ""
    id: str = ""
    data: dict[str, Any] = {}


class SocketClosed(OnsaleError):
    """The server closed the socket for good; `code` is a close code of the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code


@dataclass
class Picture:
    """The show as the frames have told it. `seq` is -1 until there is a picture; seats not named are available."""

    seq: int = -1
    status: str = ""
    seats: dict[str, str] = field(default_factory=dict)
    areas: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    again_ms: int | None = None
    """When the server wants to be asked again, if it said goodbye."""
    _failures: int = 0

    def hello(self, token: str | None) -> str:
        """The first frame to send: who it is, and up to where the show is known."""
        said: dict[str, Any] = {"type": "hello"}
        if token is not None:
            said["token"] = token
        if self.seq >= 0:
            said["resume"] = {"after_seq": self.seq}
        return msgspec.json.encode(said).decode()

    def take(self, text: str | bytes) -> Frame:
        """A frame, which moves the picture on."""
        frame = msgspec.json.decode(text, type=Frame)
        data = frame.data
        match frame.type:
            case "welcome":
                self._failures = 0
                self.again_ms = None
            case "snapshot":
                self.seq = data["seq"]
                self.seats = {label: status for status, labels in data["seats"].items() for label in labels}
                self.areas = dict(data["areas"])
            case "seat_status_changed":
                self.seq = data["to_seq"]
                for status, labels in data["seats"].items():
                    self.seats |= dict.fromkeys(labels, status)
                self.areas |= data["areas"]
            case "resync_required":
                self.seq = -1
            case "goodbye":
                self.again_ms = data["reconnect_after_ms"]
            case _:
                pass
        self.status = data.get("status", self.status) if frame.type in PUBLIC else self.status
        self.counts = data.get("counts", self.counts)
        return frame

    def lost(self, code: int, reason: str, *, chance: float) -> float:
        """Seconds until the next attempt; `chance` is random in [0, 1). Raises `SocketClosed` where there is none."""
        if code in FINAL:
            raise SocketClosed(code, reason)
        self._failures += 1
        longest_s: float = min(AGAIN_S * 2**self._failures, AGAIN_MAX_S)
        asked_s = 0.0 if self.again_ms is None else self.again_ms / 1000
        self.again_ms = None
        return asked_s + longest_s * chance


def why_closed(error: Exception) -> tuple[int, str]:
    """The close code that the server sent, and its reason; 1006 where it sent none, or was never reached."""
    if isinstance(error, ConnectionClosed) and error.rcvd is not None:
        return error.rcvd.code, error.rcvd.reason
    return NO_STATUS, str(error)
