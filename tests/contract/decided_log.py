"""Logs of sales that were played once, and what each command came to: `python -m tests.contract.decided_log` writes the
latter anew, for another version of the decider.

A log and its layout never change; a rule that none of them asks about gets a log beside them. The first two came from
simulated sales, whose commands were kept as they were committed; the third asks for admission, the fourth for patience.
"""

import hashlib
import json
import sys
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from allocator.answer import Moment, log_time
from allocator.draft import Draft
from allocator.seating import DECIDER_VERSION, decide
from allocator.stock import PartitionState
from ticketing import messages
from ticketing.layout import decode_layout
from ticketing.messages import AnyCommand, AnyOutcome

HERE = Path(__file__).with_name("decided")
LOGS = sorted(HERE.glob("log.*.jsonl"))
LAYOUT, VERDICTS = HERE / "layout.json", HERE / "verdicts.json"


class Line(msgspec.Struct):
    """One record of `commands`, and when its batch was decided. `value` is base64."""

    offset: int
    timestamp_ms: int
    decided_at_ms: int
    value: str


@dataclass
class Verdicts:
    """Of each command of the logs, in order: the beginning of the hash of its outcomes."""

    decider_version: int
    verdicts: list[str]


def decided() -> Iterator[tuple[AnyCommand, list[AnyOutcome]]]:
    """The logs, one after the other, decided by the code as it is."""
    for log in LOGS:
        yield from _decided(log)


def _decided(log: Path) -> Iterator[tuple[AnyCommand, list[AnyOutcome]]]:
    state, draft = PartitionState(0), Draft(0)
    document = LAYOUT.read_bytes()
    sha256 = hashlib.sha256(document).digest()
    for raw in log.read_bytes().splitlines():
        line = msgspec.json.decode(raw, type=Line)
        command = messages.decode_command(b64decode(line.value))
        if isinstance(command, messages.OpenShow) and command.layout_sha256 == sha256:
            state.layouts[command.layout, sha256] = decode_layout(document, sha256)
        state.last_now_ms = log_time(state.last_now_ms, line.timestamp_ms, command.sent_at_ms)
        outcomes = decide(state, command, Moment(state.last_now_ms, line.decided_at_ms, line.offset))
        for outcome in outcomes:
            state.evolve(command, outcome, draft)
        yield command, outcomes


def verdict(outcomes: list[AnyOutcome]) -> str:
    """As it is kept: of what is said, as JSON, since the bytes on the log change with each field that is added."""
    return hashlib.sha256(msgspec.json.encode(outcomes)).hexdigest()[:8]


def kept() -> Verdicts:
    """What the logs came to when the version was last raised."""
    return Verdicts(**json.loads(VERDICTS.read_text()))


def main() -> int:
    """The exit code."""
    if VERDICTS.exists() and kept().decider_version == DECIDER_VERSION:
        print(f"version {DECIDER_VERSION} has its verdicts: raise DECIDER_VERSION if they are to be others")
        return 1
    verdicts = [verdict(outcomes) for _, outcomes in decided()]
    VERDICTS.write_text(json.dumps({"decider_version": DECIDER_VERSION, "verdicts": verdicts}, indent=0) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
