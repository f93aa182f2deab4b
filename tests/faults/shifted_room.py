"""`python -m tests.faults.shifted_room <room>`: a room whose clock is wrong by what it is told, or its broker's.

A line on its standard input, such as `clock 3600000`, sets its wall clock that many milliseconds ahead (less than
nothing: back); `stamps` does so for the times in the records that it sends, which count as the broker's where the topic
keeps them. Nothing else of the room is changed.
"""

import importlib
import os
import sys
import threading
from typing import Any

import msgspec
from aiokafka.producer.message_accumulator import BatchBuilder

from ticketing.clock import SystemClock

MODULE = "tests.faults.shifted_room"
wrong_by_ms = {"clock": 0, "stamps": 0}
_right_ms = SystemClock.now_ms
_append = BatchBuilder.append


def _now_ms(clock: SystemClock) -> int:
    return _right_ms(clock) + wrong_by_ms["clock"]


def _stamped(batch: BatchBuilder, *, timestamp: int | None, **content: Any) -> Any:
    at_ms = timestamp if timestamp is not None else _right_ms(SystemClock())
    return _append(batch, timestamp=at_ms + wrong_by_ms["stamps"], **content)


def _listen() -> None:
    for line in sys.stdin:
        which, by_ms = line.split()
        wrong_by_ms[which] = int(by_ms)
        clock = SystemClock()
        said = {"event": "clock_set", "which": which, "wrong_s": round((clock.now_ms() - _right_ms(clock)) / 1000)}
        os.write(1, msgspec.json.encode(said) + b"\n")


def main(room: str) -> int:
    """The exit code."""
    parts: tuple[tuple[type, str, Any], ...] = ((SystemClock, "now_ms", _now_ms), (BatchBuilder, "append", _stamped))
    for owner, name, ours in parts:
        setattr(owner, name, ours)
    threading.Thread(target=_listen, daemon=True).start()
    code: int = importlib.import_module(f"{room}.__main__").main()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
