"""Whatever the decider refuses a call with stands among that call's answers in the OpenAPI document."""

import pytest

from allocator import service
from allocator.answer import Moment
from allocator.seating import decide
from allocator.stock import PartitionState
from ingress.rows import all_operations
from tests.contract.decided_log import decided
from tests.simulation.campaign import play
from tests.unit.ingress.stage import Stage
from ticketing.messages import AnyCommand, AnyOutcome, Refusal

SEEDS = range(12)
CALLS = {
    "OpenShow": "add_show", "ChangeShow": "change_show", "CloseShow": "close_show", "CancelShow": "cancel_show",
    "HoldSeats": "hold", "HoldMany": "batch", "ExtendHold": "extend", "ReleaseHold": "release",
    "BeginPayment": "checkout", "ConfirmBooking": "confirm", "BookNow": "confirm", "ChangeBooking": "change_booking",
    "CancelBooking": "cancel", "SetAllocation": "put_allocation", "ReturnAllocation": "delete_allocation",
    "BlockSeats": "block", "UnblockSeats": "unblock",
}  # fmt: skip
"""Not there: what no caller sends, and what a provider tells, to whom a "no" is told as done."""


def test_no_call_is_refused_in_words_that_it_does_not_announce(monkeypatch: pytest.MonkeyPatch) -> None:
    given: set[tuple[str, str]] = set()

    def note(command: AnyCommand, outcomes: list[AnyOutcome]) -> None:
        given.update((type(command).__name__, it.code) for it in outcomes if isinstance(it, Refusal))

    def noted(state: PartitionState, command: AnyCommand, moment: Moment) -> list[AnyOutcome]:
        outcomes = decide(state, command, moment)
        note(command, outcomes)
        return outcomes

    monkeypatch.setattr(service, "decide", noted)
    for seed in SEEDS:
        play(seed)
    for command, outcomes in decided():
        note(command, outcomes)
    stage = Stage()
    announced = {row.name: set(row.codes) for row in all_operations(stage.ports, stage.settings)}
    assert {kind for kind, _ in given} >= CALLS.keys() - {"CancelShow", "CloseShow"}, "few are never refused"
    of_calls = {(CALLS[kind], code) for kind, code in given if kind in CALLS}
    assert {(call, code) for call, code in of_calls if code not in announced[call]} == set()
    assert len(of_calls) > 60
