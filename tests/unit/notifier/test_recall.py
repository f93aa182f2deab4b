"""What somebody may have missed."""

import pytest

from notifier.recall import Event, Recall
from tests.unit.notifier.theatre import Sale
from ticketing.messages import AnyOutcome, HoldRefused


def event(outcome: AnyOutcome) -> Event:
    return Event(0, outcome)


def numbers(recall: Recall, after_seq: int) -> list[int]:
    return [told.outcome.offset for told in recall.since(after_seq)]


def test_it_tells_everything_from_the_number_that_was_seen_on() -> None:
    sale = Sale(seq=10)
    recall = Recall(after_seq=10, after_batch=5, events_max=100)
    for outcome in (
        sale.hold("ent_anna", [0]),
        sale.refused(HoldRefused, "ent_ben", code="seats_unavailable"),
        sale.release(1),
    ):
        recall.append(event(outcome))
    assert recall.reaches(11) and not recall.reaches(10)
    assert numbers(recall, 11) == [1, 2, 3], "the refusal at 11 may have come after the reader left"
    assert numbers(recall, 12) == [3]


def test_reading_back_makes_it_reach_further() -> None:
    sale = Sale()
    batches = [[event(sale.hold("ent_anna", [seat])) for seat in pair] for pair in ((0, 1), (2, 3), (4, 5))]
    recall = Recall(after_seq=4, after_batch=2, events_max=100)
    for later in batches[2]:
        recall.append(later)
    assert not recall.reaches(4)
    recall.prepend(2, batches[1])
    assert recall.reaches(3) and not recall.reaches(2)
    recall.prepend(1, batches[0])
    assert recall.reaches(0), "from the first change on means from the beginning"
    assert numbers(recall, 0) == [1, 2, 3, 4, 5, 6]
    with pytest.raises(ValueError, match="cannot be put before"):
        recall.prepend(1, batches[0])


def test_a_batch_of_refusals_alone_reaches_no_further() -> None:
    sale = Sale(seq=4)
    recall = Recall(after_seq=4, after_batch=9, events_max=100)
    recall.prepend(9, [event(sale.refused(HoldRefused, "ent_ben", code="sold_out"))])
    assert not recall.reaches(4)
    assert recall.first_batch == 9


def test_it_forgets_the_oldest_and_says_how_far_it_still_reaches() -> None:
    sale = Sale()
    recall = Recall(after_seq=0, after_batch=0, events_max=2)
    for seat in range(4):
        recall.append(event(sale.hold("ent_anna", [seat])))
    assert numbers(recall, 0) == [3, 4]
    assert recall.reaches(3) and not recall.reaches(2)
    assert recall.is_full()


def test_a_batch_that_does_not_fit_is_left_out_whole() -> None:
    sale = Sale()
    early = [event(sale.hold("ent_anna", [seat])) for seat in range(3)]
    recall = Recall(after_seq=3, after_batch=1, events_max=2)
    recall.prepend(1, early)
    assert recall.is_full()
    assert numbers(recall, 0) == []
    assert not recall.reaches(3)
