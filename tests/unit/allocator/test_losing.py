"""Whoever asks for what others have just lost is told so at once, where it is plain; else it is decided.

That both say the same is asked of each command of each story (`stories.Scene.say`); here: when it is plain.
"""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.simulation.crowd import SHOWS, opening
from tests.unit.allocator.at_once import said_at_once
from tests.unit.allocator.desk_room import Room, settle
from tests.unit.allocator.desk_room import hold as wish
from tests.unit.allocator.stories import (
    POLICY,
    SECOND,
    T0,
    Scene,
    Told,
    empty_partition,
    given,
    granted,
    hold,
    open_show,
    refusal,
    refused,
    release,
)
from ticketing import messages
from ticketing.messages import Policy


def is_plain(scene: Scene, told: Told) -> bool:
    return said_at_once(scene.state, told.complete(b"", 0), told.at, scene.offset) != []


def but(told: Told, **changes: Any) -> Told:
    """The same wish, in another way."""
    return replace(told, command=msgspec.structs.replace(told.command, **changes))


def sold_out(policy: Policy = POLICY) -> Scene:
    """Anna has A-1 and A-2, and Ben has just asked for them."""
    scene = given(hold("anna", "A-1", "A-2"), policy=policy)
    assert refused(scene, hold("ben", "A-1", "A-2")) == "seats_unavailable"
    return scene


def test_the_next_ones_lose_what_one_has_lost() -> None:
    scene = sold_out()
    carl = hold("carl", "A-1", "A-2", at=T0 + SECOND)
    assert is_plain(scene, carl)
    lost = refusal(scene, carl)
    assert (lost.code, lost.at_ms, lost.offset, lost.account) == ("seats_unavailable", T0 + SECOND, 3, "ent_carl")
    assert [it.seat for it in lost.conflicts] == [0, 1] and lost.alternatives
    assert is_plain(scene, but(hold("dora", "A-1", "A-2"), person="")), "whom no limits bind"
    assert not is_plain(scene, hold("dora", "A-2", "A-1")), "another wish"


def test_who_owns_some_of_it_is_told_so() -> None:
    assert not is_plain(sold_out(), hold("anna", "A-1", "A-2", key="other"))


def test_nothing_is_lost_once_the_show_has_changed() -> None:
    scene = sold_out()
    assert granted(scene, release("anna"))
    assert not is_plain(scene, hold("carl", "A-1", "A-2"))
    assert granted(scene, hold("carl", "A-1", "A-2"))


def test_a_repeat_gets_the_answer_that_it_got() -> None:
    scene = sold_out()
    ben = hold("ben", "A-1", "A-2").again(T0 + SECOND)
    assert not is_plain(scene, ben)
    assert refusal(scene, ben).repeat
    dora = hold("dora", "B-1")
    assert granted(scene, dora)
    assert refused(scene, hold("ben", "A-1", "A-2", key="other")) == "seats_unavailable"
    assert not is_plain(scene, but(hold("dora", "A-1", "A-2"), key=dora.command.key)), "of one that is held"
    assert granted(scene, release("dora"))
    assert refused(scene, hold("ben", "A-1", "A-2", key="third")) == "seats_unavailable"
    assert not is_plain(scene, but(hold("dora", "A-1", "A-2"), key=dora.command.key)), "of one that has ended"


def test_whoever_holds_too_much_is_told_of_the_limit() -> None:
    scene = given(hold("carl", "B-1", "B-2", "B-3", "B-4"), hold("anna", "A-1", "A-2"), hold("dora", "C-1"))
    assert refused(scene, hold("ben", "A-1", "A-2")) == "seats_unavailable"
    assert is_plain(scene, hold("carl", "A-1", "A-2", key="other")), "six are not more than six"
    assert granted(scene, hold("carl", "C-2", key="third"))
    assert refused(scene, hold("ben", "A-1", "A-2", key="other")) == "seats_unavailable"
    carl = hold("carl", "A-1", "A-2", key="other")
    assert not is_plain(scene, carl)
    assert refused(scene, carl) == "limit_exceeded"


@pytest.mark.parametrize("limit", [{"holds_at_once_max": 5}, {"unpaid_holds_max": 5}, {"seats_per_person_max": 5}])
def test_other_limits_are_never_plain(limit: dict[str, int]) -> None:
    scene = sold_out(msgspec.structs.replace(POLICY, **limit))
    assert not is_plain(scene, hold("carl", "A-1", "A-2"))
    assert is_plain(scene, but(hold("carl", "A-1", "A-2"), person="")), "but for whom they do not bind"


def test_the_sale_may_be_over() -> None:
    scene = empty_partition()
    assert granted(scene, open_show(closes=T0 + 10 * SECOND), hold("anna", "A-1"))
    assert refused(scene, hold("ben", "A-1")) == "seats_unavailable"
    assert is_plain(scene, hold("carl", "A-1", at=T0 + 10 * SECOND - 1))
    assert not is_plain(scene, hold("carl", "A-1", at=T0 + 10 * SECOND))


@pytest.mark.parametrize("way", [{"partial": True}, {"group": True}, {"keyed": False}, {"fingerprint": b""}])
def test_some_ways_of_asking_are_never_plain(way: dict[str, Any]) -> None:
    scene = sold_out()
    assert not is_plain(scene, but(hold("carl", "A-1", "A-2"), **way))


async def test_a_desk_answers_a_rush_in_order_and_once() -> None:
    room = Room()
    rush = [wish(n, 1) for n in range(2, 302)]
    rush[250] = rush[40]  # a repeat in the middle of it
    room.say(wish(1, 1), *rush[:150])
    desk = await room.desk()
    await settle(desk)
    room.say(*rush[150:], wish(1, 1))
    await settle(desk)
    outcomes = room.outcomes()
    assert [outcome.offset for outcome in outcomes] == list(range(303))
    assert [outcome.key for outcome in outcomes[2:]] == [command.key for command in [*rush, wish(1, 1)]]
    assert [outcome.offset for outcome in outcomes if outcome.repeat] == [252, 302]
    assert isinstance(outcomes[302], messages.SeatsHeld)
    assert len(desk.state.refusals) == 299
    again = await room.successor()  # compares the last record with what the cursor says of it
    assert (room.heard.lost, again.position.next_offset) == ([], 303)


async def test_a_rush_for_two_shows_loses_each_its_own() -> None:
    room = Room()
    other = SHOWS[1]
    room.say(opening(other, T0), wish(1, 1), wish(2, 2, show=other))
    desk = await room.desk()
    await settle(desk)
    rush = [command for n in range(3, 99) for command in (wish(n, 1, 2), wish(n + 100, 1, 2, show=other))]
    room.say(*rush)
    await settle(desk)
    lost = room.outcomes()[4:]
    assert [(outcome.show, outcome.key) for outcome in lost] == [(command.show, command.key) for command in rush]
    seats = [[it.seat for it in outcome.conflicts] for outcome in lost if isinstance(outcome, messages.HoldRefused)]
    assert seats == [[1], [2]] * 96


async def test_a_record_that_the_store_refuses_is_rejected_though_others_lose() -> None:
    room = Room()
    room.say(wish(1, 1), wish(2, 1), wish(3, 1), wish(4, 1))
    desk = await room.desk()
    room.caution.forced.add(3)
    await settle(desk)
    assert [getattr(outcome, "code", "") for outcome in room.outcomes()[2:]] == [
        "seats_unavailable",
        "data_refused",
        "seats_unavailable",
    ]
