"""A provider that is slow, away, or down for a while."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import stamina

from payments.careful import Care, Careful
from payments.provider import Order, ProviderAway, ProviderRefused, Refund
from tests.unit.payments.till import Till, away

pytestmark = pytest.mark.anyio

ORDER = Order("rsv_1.2", 500, "EUR", "2 × A Night", "https://x.example/", 1_800_000_000_000)


@pytest.fixture(autouse=True)
def _without_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def careful(till: Till, **care: float) -> Careful:
    return Careful(till, Care(**{"failures_max": 5, "closed_s": 60.0, **care}))  # type: ignore[arg-type] # mixed kinds


async def test_what_failed_is_asked_again_under_the_same_name() -> None:
    till = Till(broken=[away(), away()])
    assert (await careful(till).begin(ORDER)).pay_at == "/pay/rsv_1.2"
    assert (till.asked, list(till.orders)) == (3, ["rsv_1.2"])


async def test_after_the_last_try_it_is_away() -> None:
    till = Till(broken=[away()] * 3)
    with pytest.raises(ProviderAway):
        await careful(till).begin(ORDER)
    assert till.asked == 3


async def test_a_no_is_an_answer_and_not_asked_for_twice() -> None:
    till = Till(broken=[ProviderRefused("no")] * 20)
    guarded = careful(till, failures_max=2)
    for number in range(1, 10):
        with pytest.raises(ProviderRefused):
            await guarded.begin(ORDER)
        assert till.asked == number


@dataclass
class Hands:
    """The clock that the breaker looks at."""

    now_s: float = 1_000.0

    def time(self) -> float:
        return self.now_s


async def test_a_provider_that_is_down_is_asked_nothing_then_once_and_then_as_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Closed, open, half open, open again, half open, closed: and all the while it is one payment and one refund."""
    hands = Hands()
    monkeypatch.setattr("purgatory.domain.model.time", hands)
    till, refund = Till(broken=[away()] * 6), Refund("evt_1", "c1", 500)
    guarded = careful(till, failures_max=5, closed_s=60.0)
    for _ in range(2):
        with pytest.raises(ProviderAway):
            await guarded.begin(ORDER)
    assert till.asked == 5, "the sixth try was not made"
    for question in (lambda: guarded.begin(ORDER), lambda: guarded.find("rsv_1.2"), lambda: guarded.refund(refund)):
        with pytest.raises(ProviderAway, match="too often"):
            await question()
    hands.now_s += 59
    with pytest.raises(ProviderAway, match="too often"):
        await guarded.begin(ORDER)
    assert till.asked == 5
    hands.now_s += 2
    with pytest.raises(ProviderAway, match="too often"):
        await guarded.begin(ORDER)
    assert till.asked == 6, "one question, and not three"
    hands.now_s += 59
    with pytest.raises(ProviderAway, match="too often"):
        await guarded.refund(refund)
    assert (till.asked, till.refunds) == (6, {})
    hands.now_s += 2
    assert (await guarded.begin(ORDER)).pay_at == "/pay/rsv_1.2"
    till.broken = [away(), away(), None, away(), away(), None]
    assert await guarded.refund(refund) == "back_evt_1", "it counts from the start again"
    assert await guarded.refund(refund) == "back_evt_1"
    assert (list(till.orders), till.refunds) == (["rsv_1.2"], {"evt_1": refund})


async def test_a_refund_whose_answer_was_lost_is_made_once() -> None:
    till = Till(broken=[away(), away()])
    refund = Refund("evt_1", "c1", 500)
    assert await careful(till).refund(refund) == "back_evt_1"
    assert (till.asked, till.refunds) == (3, {"evt_1": refund})


class Stuck(Till):
    """Never answers."""

    async def find(self, attempt: str) -> object:  # type: ignore[override] # there is no answer
        self.asked += 1
        await asyncio.Event().wait()
        raise AssertionError


async def test_who_does_not_answer_is_given_up() -> None:
    till = Stuck()
    with pytest.raises(ProviderAway, match="no answer within"):
        await careful(till, try_s=0.01).find("rsv_1.2")
    assert till.asked == 3
