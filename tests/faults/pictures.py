"""What a watcher believes of a show, shared by all who believe the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ticketing.clock import parse_rfc3339

KEPT_MAX = 2_000


@dataclass(eq=False)
class Picture:
    """The seats that are named, up to `seq`; -1: nothing was heard yet. Never changed once it is made."""

    seq: int = -1
    seats: Mapping[str, str] = field(default_factory=dict)

    def taken(self) -> dict[str, str]:
        """The seats that cannot be had, and why."""
        return {label: status for label, status in self.seats.items() if status != "available"}


class Pictures:
    """Many get the same frame while they believe the same: each step is taken once."""

    def __init__(self) -> None:
        self._frames: dict[bytes, dict[str, Any]] = {}
        self._steps: dict[tuple[Picture, bytes], Picture | None] = {}

    def decode(self, payload: bytes) -> dict[str, Any]:
        """A frame's content, with `ts` in milliseconds."""
        frame = self._frames.get(payload)
        if frame is None:
            if len(self._frames) >= KEPT_MAX:
                self._frames.clear()
            frame = self._frames[payload] = msgspec.json.decode(payload)
            frame["ts"] = parse_rfc3339(frame["ts"])
        return frame

    def after(self, before: Picture, payload: bytes) -> Picture | None:
        """What is believed after a public frame; None where the frame does not begin where `before` ended."""
        step = before, payload
        if step not in self._steps:
            if len(self._steps) >= KEPT_MAX:
                self._steps.clear()
            self._steps[step] = _step(before, self.decode(payload))
        return self._steps[step]


def _step(before: Picture, frame: Mapping[str, Any]) -> Picture | None:
    data = frame["data"]
    if frame["type"] == "snapshot":
        return Picture(data["seq"], {label: status for status, labels in data["seats"].items() for label in labels})
    if data["from_seq"] != before.seq + 1:
        return None
    seats = dict(before.seats)
    for status, labels in data["seats"].items():
        seats |= dict.fromkeys(labels, status)
    return Picture(data["to_seq"], seats)
