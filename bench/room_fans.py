"""The fans of `bench/room_crowd.py`: what is planned for them, remembered of each, read of the status, and seen."""

import hashlib
from array import array
from typing import Any

import msgspec

from bench.measuring import percentile
from waiting_room.draw import place_of


class Plan(msgspec.Struct, frozen=True):
    """`join_s`: the time within which all but the `late` come; those come in the `late_s` after the opening."""

    rooms: list[int]
    shop: int
    show: str
    fans: int
    late: int
    join_s: float
    opens_in_s: float
    late_s: float
    connections: int
    last_s: float
    seed: int = 20261126
    early_part: float = 0.02
    twice_part: float = 0.02


class Look(msgspec.Struct, frozen=True):
    """What the watcher saw: our clock, the server's, and where the line stood."""

    at_s: float
    server_time: str
    serving: int
    issued: int
    rate_target: int
    limited_by: str


class Seen(msgspec.Struct):
    """Counts, latencies in milliseconds, and what should not have been. `refused_ahead`: `(place, seconds)` of claims
    before the turn, by our clock when they were sent; `let_in`: of passes, when they were received."""

    joined: int = 0
    twice: int = 0
    looks: int = 0
    passes: int = 0
    held: int = 0
    early_refused: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    paused_ms: float = 0.0
    join_ms: dict[str, float] = {}
    claim_ms: dict[str, float] = {}
    turn_s: dict[str, float] = {}
    """From the place being served to the pass, looks included, in seconds."""
    answers: dict[str, int] = {}
    wrong: list[str] = []
    refused_ahead: list[tuple[int, float]] = []
    let_in: list[tuple[int, float]] = []
    watched: list[Look] = []


class Fans:
    """What is remembered of each."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.n = array("q", bytes(8 * plan.fans))
        self.place = array("q", bytes(8 * plan.fans))
        self.passed_s = array("d", bytes(8 * plan.fans))
        self.ticket: list[str] = [""] * plan.fans
        self.passes: list[str] = [""] * plan.fans
        self.entry: list[str] = [""] * plan.fans

    def own(self, fan: int) -> tuple[str, str]:
        """Client id and secret."""
        digest = hashlib.sha256(b"%d %d" % (self.plan.seed, fan)).hexdigest()
        client = digest[:32]
        return f"{client[:8]}-{client[8:12]}-4{client[13:16]}-8{client[17:20]}-{client[20:]}", digest[32:]


class Status:
    """A status document, as far as fans need it."""

    def __init__(self, body: bytes) -> None:
        document: dict[str, Any] = msgspec.json.decode(body)
        line = document["lines"]["general"]
        drawn = line["drawn"]
        self.serving: int = line["serving"]
        self.issued: int = line["issued"]
        self.rate_per_min: int = line["rate_target"] and (line["rate_now"] or line["rate_target"])
        self.rate_target: int = line["rate_target"]
        self.limited_by: str = document["limited_by"]
        self.server_time: str = document["server_time"]
        self.phase: str = document["phase"]
        self.poll: dict[str, int] = document["poll"]
        self.size: int | None = None if drawn is None else drawn["size"]
        self.seed = bytes.fromhex(drawn["seed"]) if drawn and drawn["seed"] else None
        self.has_draw = drawn is not None

    def place(self, n: int) -> int:
        """The place of number `n`; 0 where it is not drawn yet."""
        if not self.has_draw or (self.size is not None and n > self.size):
            return n
        return 0 if self.seed is None or self.size is None else place_of(self.seed, self.size, n)

    def next_look_s(self, place: int) -> float:
        """As the document says."""
        floor, ceiling = self.poll["floor_s"], self.poll["ceiling_s"]
        if place == 0 or self.rate_per_min == 0:
            return ceiling
        wait_s = (place - self.serving) * 60 / self.rate_per_min
        return min(max(wait_s / self.poll["divisor"], floor), ceiling)


def post(path: str, body: dict[str, Any], more: str = "") -> bytes:
    """A call with a body; `more`: header lines, each with its end."""
    content = msgspec.json.encode(body)
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{more}"
        f"content-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def summary(found: list[float]) -> dict[str, float]:
    """Median, 90th and 99th of a hundred, and the longest; empty for none."""
    ordered = sorted(found)
    if not ordered:
        return {}
    parts = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    return {name: round(percentile(ordered, part), 3) for name, part in parts.items()} | {
        "longest": round(ordered[-1], 3)
    }
