"""What a sandbox key (`osk_test_…`) can force, by labels that no layout need have. Pure.

`test:CODE` among the seats of a hold answers with the problem CODE, whatever the stock says (`test:sold_out`,
`test:orphan_seat`, `test:busy`, …); `test:expires_in_5s` shortens the hold, where the show allows it. What the
provider of payments can be told to do is its own matter; a slow decision is had by `Prefer: respond-async`.
"""

from dataclasses import dataclass

from ticketing.asks import HoldBody
from ticketing.problems import PROBLEMS

PREFIX = "test:"
SHORT = "expires_in_5s"
SHORT_HOLD_S = 5


@dataclass(frozen=True, slots=True)
class Forced:
    """The problem that a label has forced: a code of `ticketing/problems.py`. `lost`: the seats that are said to be."""

    code: str
    detail: str
    lost: tuple[str, ...] = ()


def forced(body: HoldBody) -> HoldBody | Forced:
    """The wish without its forcing labels, as they changed it, or what they force."""
    labels = [label for label in body.seats if label.startswith(PREFIX)]
    if not labels:
        return body
    seats = [label for label in body.seats if not label.startswith(PREFIX)]
    for label in labels:
        code = label.removeprefix(PREFIX)
        if code in PROBLEMS:
            return Forced(code, f"forced by {label}", tuple(seats) if code == "seats_unavailable" else ())
        if code != SHORT:
            return Forced("unknown_places", f"{label[:60]} forces nothing: there is {PREFIX}{SHORT}, {PREFIX}CODE")
    return body.model_copy(update={"seats": seats, "hold_s": SHORT_HOLD_S})
