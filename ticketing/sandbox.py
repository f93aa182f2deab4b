"""What a sandbox key (`osk_test_…`) can force, by labels that no layout need have. Pure.

Among the seats of a hold, whatever the stock says:

* `test:CODE` answers with the problem CODE (`test:sold_out`, `test:orphan_seat`, `test:busy`, …);
* `test:expires_in_5s` shortens the hold, where the show allows it;
* `test:slow_decision` has the verdict come after the caller has waited in vain: 202 over HTTP, seconds later by socket;
* `test:duplicate_webhook` has each event of the reservation come twice, under one id. So has an `external_id` that
  begins with it: there it stays, as the reservation has to remember it.

What the provider of payments can be told to do is its own matter.
"""

from dataclasses import dataclass

from ticketing.asks import HoldBody
from ticketing.problems import PROBLEMS

PREFIX = "test:"
SHORT = "test:expires_in_5s"
SHORT_HOLD_S = 5
SLOW = "test:slow_decision"
SLOW_SOCKET_S = 3
"""So much later a slow hold by socket goes to the log."""
TWICE = "test:duplicate_webhook"
_TOLD_TWICE = f'"external_id":"{TWICE}'.encode()


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish without its forcing labels, as they changed it; `slow`: nobody is to hear of its verdict soon."""

    body: HoldBody
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Forced:
    """The problem that a label has forced: a code of `ticketing/problems.py`. `lost`: the seats that are said to be."""

    code: str
    detail: str
    lost: tuple[str, ...] = ()


def forced(body: HoldBody) -> Asked | Forced:
    """What is asked for in truth, or what its labels force."""
    labels = [label for label in body.seats if label.startswith(PREFIX)]
    if not labels:
        return Asked(body)
    seats = [label for label in body.seats if not label.startswith(PREFIX)]
    changed: dict[str, object] = {"seats": seats}
    for label in labels:
        code = label.removeprefix(PREFIX)
        if code in PROBLEMS:
            return Forced(code, f"forced by {label}", tuple(seats) if code == "seats_unavailable" else ())
        if label == SHORT:
            changed["hold_s"] = SHORT_HOLD_S
        elif label == TWICE:
            changed["external_id"] = TWICE if body.external_id is None else f"{TWICE}:{body.external_id}"
        elif label != SLOW:
            there = f"there is {SHORT}, {SLOW}, {TWICE}, {PREFIX}CODE"
            return Forced("unknown_places", f"{label[:60]} forces nothing: {there}")
    return Asked(body.model_copy(update=changed), slow=SLOW in labels)


def comes_twice(event: bytes) -> bool:
    """Whether an event of a sandbox key (JSON without blanks, as it is sent) is to come twice."""
    return _TOLD_TWICE in event
