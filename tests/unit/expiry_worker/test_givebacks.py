"""That what was kept for a partner is anybody's is said when its time has come: once, however often it takes."""

from typing import Any

from expiry_worker.givebacks import GiveBacks
from expiry_worker.store import share_of
from tests.unit.expiry_worker.test_service import PART, SECOND, SHOW, T0, Story
from ticketing import messages
from ticketing.messages import AllocationReturned, AllocationSet, ReturnAllocation, decode_command
from ticketing.vocabulary import SYSTEM_ACCOUNT

SHARE = (PART, SHOW, "key_club", "front")


def kept(until: int, *, category: str = "front", repeat: bool = False) -> AllocationSet:
    return AllocationSet(
        show=SHOW, seq=1, at_ms=T0, offset=0, allocation="key_club", share=5, give_back_at_ms=until, category=category,
        repeat=repeat,
    )  # fmt: skip


def given_back(until: int = 0) -> AllocationReturned:
    return AllocationReturned(
        show=SHOW, seq=2, at_ms=T0, offset=1, allocation="key_club", category="front", give_back_at_ms=until
    )


def learned(*outcomes: messages.AnyOutcome) -> GiveBacks:
    found = GiveBacks()
    for outcome in outcomes:
        found.learn(PART, outcome)
    return found


def said(story: Story) -> list[ReturnAllocation]:
    commands = [decode_command(value) for part, value in story.commands.records if part == PART]
    return [command for command in commands if isinstance(command, ReturnAllocation)]


def test_the_worker_says_it_to_the_millisecond_and_again_until_it_is_heard() -> None:
    story, until = Story(), T0 + 1_234
    story.outcomes.happen(kept(until))
    story.steps_until(until - 400)
    assert said(story) == []
    story.steps_until(until)
    (word,) = said(story)
    assert word.sent_at_ms == until
    assert (word.account, word.keyed, word.allocation, word.category) == (SYSTEM_ACCOUNT, False, "key_club", "front")
    assert (word.give_back_at_ms, word.show) == (until, SHOW)
    story.steps_until(until + SECOND)
    assert [it.key for it in said(story)] == [word.key] * 2
    story.outcomes.happen(given_back(until))
    story.steps_until(until + 5 * SECOND)
    assert len(said(story)) == 2


def test_a_log_that_is_away_hears_of_it_later() -> None:
    story = Story()
    story.outcomes.happen(kept(T0 + SECOND))
    story.commands.away = True
    story.steps_until(T0 + 3 * SECOND)
    story.commands.away = False
    story.steps_until(T0 + 5 * SECOND)
    assert len(said(story)) >= 1


def test_what_is_kept_otherwise_by_now_is_said_at_its_new_time() -> None:
    found = learned(kept(T0 + SECOND), kept(T0 + 9 * SECOND))
    assert found.take_due(T0 + 2 * SECOND) == []
    assert found.next_at_ms() == T0 + 9 * SECOND
    assert learned(kept(T0 + SECOND), kept(0)).next_at_ms() is None
    assert learned(kept(T0 + SECOND), given_back()).next_at_ms() is None


def test_each_category_has_its_own_time() -> None:
    found = learned(kept(T0), kept(T0 + SECOND, category="back"), kept(T0 + SECOND, category=""))
    ((part, word),) = found.take_due(T0)
    assert (part, word.category) == (PART, "front")
    words = [word for _, word in found.take_due(T0 + 1_001)]
    assert {word.category for word in words} == {"front", "back", ""}
    assert len({word.key for word in words}) == 3


def test_a_repeat_tells_nothing_new() -> None:
    assert learned(kept(T0, repeat=True)).next_at_ms() is None


def test_a_clock_that_was_set_back_makes_nothing_wait() -> None:
    found = learned(kept(T0))
    assert len(found.take_due(T0 + 3_600 * SECOND)) == 1
    assert len(found.take_due(T0 + SECOND)) == 1


def test_a_share_is_read_by_its_name() -> None:
    assert share_of(PART, SHOW, "key_club front", T0) == (SHARE, T0)
    of_all: tuple[Any, int] = ((PART, SHOW, "key_club", ""), T0)
    assert share_of(PART, SHOW, "key_club", T0) == of_all
    with_blanks: tuple[Any, int] = ((PART, SHOW, "key_club", "front row"), T0)
    assert share_of(PART, SHOW, "key_club front row", T0) == with_blanks
