"""Whoever changes what is decided says so: a log that was decided once comes to the same, or the version was raised."""

import pytest
from msgspec.structs import replace

from allocator import holding, seating
from allocator.seating import DECIDER_VERSION
from tests.contract import decided_log
from tests.contract.decided_log import decided, kept, verdict
from ticketing import messages


def test_the_same_logs_come_to_the_same_or_the_version_was_raised() -> None:
    before = kept()
    changed = [
        f"command {number}, {type(command).__name__}: {outcomes}"
        for number, ((command, outcomes), known) in enumerate(zip(decided(), before.verdicts, strict=True))
        if verdict(outcomes) != known
    ]
    if before.decider_version == DECIDER_VERSION:
        assert changed == [], "decided otherwise: raise DECIDER_VERSION, then python -m tests.contract.decided_log"
    assert before.decider_version == DECIDER_VERSION, "python -m tests.contract.decided_log writes the new verdicts"


def test_the_logs_ask_for_everything() -> None:
    """Otherwise a change would not be seen."""
    asked = {type(command) for command, _ in decided()}
    came = {type(outcome) for _, outcomes in decided() for outcome in outcomes}
    assert (asked, came) == (set(messages.AnyCommand.__args__), set(messages.AnyOutcome.__args__))


def test_another_decision_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """One refusal with another code."""
    told = holding.hold

    def otherwise(*words: object) -> messages.AnyOutcome:
        outcome = told(*words)  # type: ignore[arg-type]
        return replace(outcome, code="busy") if getattr(outcome, "code", "") == "sold_out" else outcome

    monkeypatch.setattr(seating, "hold", otherwise)
    with pytest.raises(AssertionError, match="decided otherwise"):
        test_the_same_logs_come_to_the_same_or_the_version_was_raised()


def test_verdicts_are_not_written_anew_under_the_same_version(capsys: pytest.CaptureFixture[str]) -> None:
    text = decided_log.VERDICTS.read_text()
    assert decided_log.main() == 1
    assert decided_log.VERDICTS.read_text() == text
    assert f"version {DECIDER_VERSION} has its verdicts" in capsys.readouterr().out
