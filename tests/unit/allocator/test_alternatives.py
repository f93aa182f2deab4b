"""What is offered to somebody who has lost can be had by them."""

from dataclasses import replace

import msgspec

from tests.unit.allocator.stories import MINUTE, T0, Told, given, hold, refusal
from tests.unit.allocator.test_allocations import keep, partner
from tests.unit.allocator.test_losing import is_plain
from tests.unit.allocator.test_whole_tables import supper, table
from tests.unit.allocator.worlds import asked_in_many_worlds
from ticketing import messages


def keep_front(who: str, share: int, *, until: int = 0) -> Told:
    """So many seats in front are kept for a partner."""
    kept = keep(who, share, until=until)
    return replace(kept, command=msgspec.structs.replace(kept.command, category="front"))


def hold_table(who: str, label: str, after: int = 0) -> Told:
    wish = hold(who, at=T0 + after)
    return replace(wish, command=msgspec.structs.replace(wish.command, seats=table(label)))


def test_whatever_is_offered_the_asker_could_hold() -> None:
    offered = withheld = 0
    for world, command, answer in asked_in_many_worlds():
        if not isinstance(answer, messages.HoldRefused) or answer.code == "already_yours":
            continue
        pool = world.show.plan.protected
        areas = () if any(it.area >= 0 for it in answer.conflicts) else command.areas
        for seats in answer.alternatives:
            offered += 1
            instead = msgspec.structs.replace(command, key=b"instead".ljust(16), seats=seats, areas=areas)
            said = world.decide(instead)
            assert isinstance(said, messages.SeatsHeld), (command, seats, said)
            assert pool.isdisjoint(seats) or not pool.isdisjoint(command.seats)
        withheld += bool(answer.code == "seats_unavailable" and not answer.alternatives and world.show.allocations)
    assert offered > 50 and withheld > 5


def test_what_is_kept_for_a_partner_is_offered_to_that_partner_alone() -> None:
    # Of the eight seats in front one is taken; the other seven are the club's.
    scene = given(hold("anna", "A-1"), keep_front("club", 7))
    assert refusal(scene, hold("ben", "A-1", at=T0 + 1)).alternatives == ()
    assert refusal(scene, partner("agency", "A-1", after=2)).alternatives == ()
    assert refusal(scene, partner("club", "A-1", after=3)).alternatives == ((1,), (4,))
    assert refusal(scene, hold("cleo", "A-1", at=T0 + 4)).alternatives == ()


def test_what_is_kept_until_a_time_is_offered_to_everybody_from_then_on() -> None:
    scene = given(hold("anna", "A-1"), keep_front("club", 7, until=T0 + MINUTE))
    assert refusal(scene, hold("ben", "A-1", at=T0 + 1)).alternatives == ()
    late = hold("cleo", "A-1", at=T0 + MINUTE)
    assert not is_plain(scene, late), "it may be more now"
    assert refusal(scene, late).alternatives == ((1,), (4,))
    assert is_plain(scene, hold("dora", "A-1", at=T0 + MINUTE + 1))


def test_no_offer_counts_for_more_than_what_was_asked_for() -> None:
    # A table of three is one table; in place of one, three single seats would be three places of a limit.
    scene = supper(hold_table("anna", "B1"))
    assert refusal(scene, hold_table("ben", "B1", after=1)).alternatives == ()
