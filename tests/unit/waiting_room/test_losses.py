"""What becomes of places when a store forgets or is away."""

from collections.abc import AsyncIterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.waiting_room.hall import LINE, NOW_MS, SHOW, Hall, instance, open_hall
from tests.unit.waiting_room.memory_store import Lines, MemoryCounters, MemoryLedger, MemoryRooms
from ticketing.clock import ManualClock
from ticketing.tokens import secret_hash
from waiting_room.phases import Schedule
from waiting_room.ports import JoinAsk, Joined, JoinRefusal

HASH = secret_hash("a secret of enough length")


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall(wait_s=0.05) as found:
        yield found


async def test_counters_that_forget_start_above_every_number_and_places_stay(hall: Hall) -> None:
    places = [(await hall.join(client)).json() for client in range(30)]
    await hall.pass_time(1_000)
    claimed = (await hall.claim(places[0])).json()
    await hall.room.refresh()
    hall.counters.forget()
    hall.clock.advance(2_000)

    newcomer = (await hall.join(99)).json()
    assert newcomer["n"] > 30
    assert (await hall.join(7)).json() == places[7]
    assert (await hall.claim(places[0])).json()["pass"] == claimed["pass"]
    assert (await hall.claim(places[9])).status_code == 200
    assert (await hall.status())["lines"]["general"]["serving"] >= 10
    await hall.pass_time(2_000)
    assert (await hall.claim(places[29])).status_code == 200


async def test_a_place_given_up_stays_given_up_whatever_is_forgotten(hall: Hall) -> None:
    place = (await hall.join(1)).json()
    await hall.pass_time(1_000)
    await hall.leave(place)
    hall.counters.forget()
    await hall.pass_time(1_000)
    assert (await hall.claim(place)).json()["code"] == "place_given_up"


async def test_a_lost_line_is_mended_by_itself(hall: Hall) -> None:
    await hall.join(1)
    hall.counters.forget()
    await hall.room.advance()
    gen = hall.ledger.lines[LINE][0]
    await hall.room.mend()
    assert hall.ledger.lines[LINE][0] == gen + 1
    await hall.room.mend()
    assert hall.ledger.lines[LINE][0] == gen + 1


async def test_an_old_copy_of_a_line_knows_not_everybody_and_does_not_count(hall: Hall) -> None:
    """All have joined before it comes back, and it has numbers left to give: nobody needs to ask for more."""
    await hall.join(0)
    hall.clock.advance(2_000)
    old = hall.counters.swapped({})
    places = [(await hall.join(client)).json() for client in range(1, 30)]
    while hall.serving < places[0]["n"]:
        await hall.pass_time(200)
    claimed = (await hall.claim(places[0])).json()
    await hall.leave(places[1])
    gen, ceiling, _ = hall.ledger.lines[LINE]
    await hall.room.refresh()

    hall.counters.swapped(old)
    await hall.room.advance()
    await hall.room.mend()
    assert hall.ledger.lines[LINE][0] == gen + 1
    while hall.serving < ceiling:
        await hall.pass_time(1_000)
    assert (await hall.claim(places[0])).json()["pass"] == claimed["pass"]
    assert (await hall.claim(places[1])).json()["code"] == "place_given_up"
    assert (await hall.claim(places[-1])).status_code == 200


async def test_a_new_instance_does_not_take_an_old_copy_of_a_line_for_the_line(hall: Hall) -> None:
    await hall.join(0)
    old = hall.counters.swapped({})
    await hall.join(1)
    gen = hall.ledger.lines[LINE][0]
    hall.counters.swapped(old)
    room = instance(hall.clock, hall.counters, hall.ledger, hall.table)
    await room.room(SHOW)
    assert hall.ledger.lines[LINE][0] == room.rooms[SHOW].general.position.gen == gen + 1


async def test_joins_and_claims_go_on_without_postgres(hall: Hall) -> None:
    await hall.join(1)
    hall.ledger.away = hall.table.away = True
    place = (await hall.join(2)).json()
    assert place["n"] == 2
    await hall.pass_time(1_000)
    assert (await hall.claim(place)).status_code == 200
    assert len(hall.ledger.kept_entries) == 1
    assert (await hall.operate("pause", reason="no")).json()["code"] == "room_unavailable"


async def test_without_postgres_and_without_memory_nobody_gets_a_number(hall: Hall) -> None:
    await hall.join(1)
    hall.ledger.away = True
    hall.counters.forget()
    answer = await hall.join(2)
    assert answer.json()["code"] == "room_unavailable"
    assert answer.headers["retry-after"] == "1"


async def test_joins_that_cannot_be_kept_are_bounded(hall: Hall) -> None:
    await hall.join(0)
    hall.ledger.away = True
    for client in range(1, 51):
        assert (await hall.join(client)).status_code == 201
    answer = await hall.join(99)
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")


async def test_without_redis_everything_waits_and_nothing_is_lost(hall: Hall) -> None:
    place = (await hall.join(1)).json()
    await hall.pass_time(1_000)
    hall.counters.away = True
    assert (await hall.join(2)).json()["code"] == "room_unavailable"
    assert (await hall.claim(place)).json()["code"] == "room_unavailable"
    assert (await hall.leave(place)).json()["code"] == "room_unavailable"
    hall.clock.advance(6_000)
    assert "being restored" in (await hall.status())["message"]["text"]["en"]
    hall.counters.away = False
    assert (await hall.claim(place)).status_code == 200


def entry(client: int) -> bytes:
    return client.to_bytes(16)


@given(st.randoms(use_true_random=False))
@settings(max_examples=60)
async def test_three_instances_whatever_is_forgotten_when_give_no_number_twice(dice: Random) -> None:
    """Instances share stores that forget at any moment; every answer that was written down is held against the rest."""
    clock = ManualClock(NOW_MS)
    counters, ledger, table = MemoryCounters(clock), MemoryLedger(), MemoryRooms()
    table.shows[SHOW] = ("a show", Schedule(NOW_MS, 0, NOW_MS + 86_400_000))
    rooms = [instance(clock, counters, ledger, table, rate_per_min=dice.choice([60, 6_000])) for _ in range(3)]
    for room in rooms:
        await room.room(SHOW)
    owner: dict[int, bytes] = {}
    served = [0, 0, 0]
    cut_off: Lines = {}
    for _ in range(60):
        which = dice.randrange(3)
        room = rooms[which]
        clock.advance(dice.choice([0, 50, 400, 3_000]))
        move = dice.random()
        if move < 0.1:
            counters.forget()
        elif move < 0.15:
            cut_off = counters.swapped({})
        elif move < 0.2:
            cut_off = counters.swapped(cut_off)
        elif move < 0.35:
            await room.advance()
            await room.mend()
        elif move < 0.4:
            rooms[which] = instance(clock, counters, ledger, table)
            await rooms[which].room(SHOW)
            served[which] = 0
        else:
            asks = [JoinAsk(entry(dice.randrange(400)), HASH) for _ in range(dice.choice([1, 5, 150]))]
            answers = await room.join(LINE, asks)
            assert JoinRefusal.NO_NUMBERS not in answers
            for ask, answer in zip(asks, answers, strict=True):
                assert isinstance(answer, Joined)
                assert owner.setdefault(answer.n, ask.entry) == ask.entry
        position = rooms[which].rooms[SHOW].general.position
        assert position.serving >= served[which]
        served[which] = position.serving
    assert max(owner, default=0) <= ledger.lines[LINE][1]
