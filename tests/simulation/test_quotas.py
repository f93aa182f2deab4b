"""The judge of what is kept for partners: what it lets pass, and what it still finds when nobody looks any more."""

from types import ModuleType

import pytest

from allocator import booking, changing
from tests.simulation.quotas import broken
from tests.unit.allocator.stories import LAYOUT, T0, Scene, Told, confirm, given, granted, hold
from tests.unit.allocator.test_allocations import PLACES, give_back, keep, partner
from tests.unit.allocator.test_booking_now import book
from tests.unit.allocator.test_changing import swap
from ticketing.having import places

SIX_OF_THREE = (keep("club", 6), partner("club", "A-1", "A-2", floor=4), keep("club", 3, key="less"))
"""A partner has six places when its share becomes three: it keeps them, and gets no more."""


def without_a_look(it: object) -> str:
    """In which decision nobody looks any more."""
    return it.__name__ if isinstance(it, ModuleType) else ""


def found(scene: Scene) -> list[str]:
    return list(broken(scene.draft.outcomes, LAYOUT))


@pytest.mark.parametrize(
    "told",
    [
        book("club", "A-1", at=T0 + 10),
        book("club", "A-1", "A-2", at=T0 + 10),
        hold("ben", "B-1", at=T0 + 10),
    ],
    ids=["one seat of a hold is booked", "two are", "somebody else holds"],
)
def test_who_has_more_than_the_share_of_today_keeps_it_and_may_book_it(told: Told) -> None:
    show = given(*SIX_OF_THREE)
    assert show.say(told)
    assert found(show) == []


def test_other_seats_for_a_booking_are_no_more_than_before() -> None:
    show = given(*SIX_OF_THREE, confirm("club", at=T0 + 10))
    assert granted(show, swap("club", "A-1", "B-1", at=T0 + 11, partner=True))
    assert found(show) == []


@pytest.mark.parametrize(
    ("careless", "told"),
    [
        (booking, book("club", "A-1", floor=1, at=T0 + 10)),
        (places, partner("club", "B-1", after=10)),
        (changing, swap("club", "A-1", "B-1 B-2", at=T0 + 10, partner=True)),
    ],
    ids=without_a_look,
)
def test_one_place_more_than_before_is_found(monkeypatch: pytest.MonkeyPatch, careless: object, told: Told) -> None:
    monkeypatch.setattr(careless, "why_kept", lambda *asked: None)
    show = given(*SIX_OF_THREE, *[confirm("club", at=T0 + 5)] * (careless is changing))
    assert granted(show, told)
    (line,) = found(show)
    assert line.endswith("ent_club has 7 places of 3 and 0")


@pytest.mark.parametrize(
    ("careless", "told"),
    [(booking, book("ben", floor=1, at=T0 + 20)), (places, hold("ben", "B-1", at=T0 + 20))],
    ids=without_a_look,
)
def test_a_place_that_is_promised_to_another_is_found(
    monkeypatch: pytest.MonkeyPatch, careless: object, told: Told
) -> None:
    monkeypatch.setattr(careless, "why_kept", lambda *asked: None)
    show = given(keep("club", PLACES))
    assert granted(show, told)
    (line,) = found(show)
    assert line.endswith(f"left {PLACES - 1} places where {PLACES} are promised")


def test_what_was_given_back_is_anybodys() -> None:
    show = given(keep("club", PLACES), give_back("club"), hold("ben", "B-1", at=T0 + 20))
    assert found(show) == []
