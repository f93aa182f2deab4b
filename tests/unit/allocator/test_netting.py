"""What is written is the difference between before and after, each row once."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocator.answer import Moment
from allocator.draft import Draft, Record, ShowDraft
from allocator.errors import MemoryDiffers
from allocator.netting import Batch, Packing, Position, net, next_chain, pack_recent, unpack_verdicts
from allocator.seating import decide
from allocator.stock import PartitionState
from tests.simulation import picture
from tests.simulation.crowd import LAYOUT, LAYOUT_ID, SHA256, SHOWS, Crowd, opening
from tests.simulation.memory_tables import Tables
from tests.unit.allocator.stories import SECOND, T0, Told, cancel, confirm, expire, extend, hold, release
from tests.unit.allocator.stories import given as given_a_show
from ticketing import messages
from ticketing.clock import ManualClock
from ticketing.vocabulary import SYSTEM_ACCOUNT


def due(state: PartitionState, now_ms: int) -> messages.ExpireHolds | None:
    """What the expiry worker would propose for one of the shows."""
    for number, show in state.shows.items():
        holds = tuple(
            (reservation, record.reservation.version)
            for reservation, record in show.live.items()
            if record.reservation.expires_at_ms <= now_ms
        )
        if holds:
            return messages.ExpireHolds(
                show=number, key=b"e" * 16, sent_at_ms=now_ms, account=SYSTEM_ACCOUNT, keyed=False, holds=holds
            )
    return None


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_the_netted_batch_brings_the_tables_to_where_the_memory_is(seed: int, batch_sizes: list[int]) -> None:
    rng = random.Random(seed)
    crowd = Crowd(rng)
    clock = ManualClock(T0)
    tables = Tables(clock)
    state = PartitionState(0)
    state.layouts[LAYOUT_ID, SHA256] = LAYOUT
    at, offset, chain = Position(0, 0, 0, 0), 0, bytes(32)
    first: list[messages.AnyCommand] = [opening(show, T0) for show in SHOWS]
    for size in batch_sizes:
        draft = Draft(offset)
        for _ in range(size):
            clock.advance(rng.choice((1, 500, 20 * SECOND)))
            now_ms = clock.now_ms()
            command = first.pop() if first else due(state, now_ms) or crowd.command(now_ms)
            for outcome in decide(state, command, Moment(now_ms, now_ms, offset)):
                state.evolve(command, outcome, draft)
            offset += 1
        payload = messages.encode_outcomes(draft.outcomes)
        chain = next_chain(chain, payload)
        now_ms = clock.now_ms()
        batch = net(state, draft, Batch(at, offset, b"t", now_ms, 0, now_ms, 1, chain, payload))
        assert tables.apply(batch) == clock.now_ms()
        at = Position(0, 0, at.batch_seq + 1, offset)
        assert picture.of_tables(tables, 0) == picture.of_stock(state)


def netted(before: list[Told], batch: list[Told]) -> Batch:
    """The batch of `batch`, after all of `before` was settled."""
    scene = given_a_show(*before)
    scene.draft = Draft(scene.offset)
    for told in batch:
        assert not any(isinstance(outcome, messages.Refusal) for outcome in scene.say(told))
    return net(scene.state, scene.draft, Batch(Position(3, 1, 1, 0), 9, b"", T0, 0, T0, 1, b"", b""))


def test_taken_and_freed_within_a_batch_leaves_no_trace_in_the_stock() -> None:
    batch = netted([], [hold("anna", "A-1", floor=2), release("anna")])
    assert (batch.taken, batch.freed, batch.moved, batch.areas) == ([], [], [], [])
    assert [(record.reservation.status, record.reservation.version) for _, record in batch.born] == [("released", 2)]
    assert batch.changed == []


def test_freed_and_taken_by_somebody_else_within_a_batch_is_a_move() -> None:
    batch = netted([hold("anna", "A-1")], [release("anna"), hold("ben", "A-1")])
    assert len(batch.moved) == 1 and batch.taken == [] and batch.freed == []
    assert [(version, record.reservation.status) for _, version, record in batch.changed] == [(1, "released")]
    assert [record.reservation.status for _, record in batch.born] == ["held"]


def test_a_decision_that_sells_a_seat_twice_is_refused_before_it_becomes_a_move() -> None:
    scene = given_a_show(hold("anna", "A-1"))
    stolen = msgspec.structs.replace(scene.reservation("anna"), id=b"mallory".ljust(16), version=1)
    with pytest.raises(MemoryDiffers, match="seat 0"):
        scene.show.place(Record(stolen, b""), ShowDraft(seq=1))
    not_hers = msgspec.structs.replace(stolen, status="released", version=2)
    with pytest.raises(MemoryDiffers, match="seat 0"):
        scene.show.live[not_hers.id] = Record(stolen, b"")
        scene.show.place(Record(not_hers, b""), ShowDraft(seq=1))


def test_several_changes_of_one_reservation_are_one_row() -> None:
    batch = netted([hold("anna", "A-1", floor=2)], [extend("anna"), confirm("anna"), cancel("anna")])
    ((_, version, record),) = batch.changed
    assert (version, record.reservation.version, record.reservation.status) == (1, 4, "cancelled")
    assert [kind for _, _, kind in record.recent] == ["HoldExtended", "BookingConfirmed", "BookingCancelled"]
    assert [change[2:] for change in batch.areas] == [(2, 0)]
    assert [change[1:] for change in batch.shows_changed] == [(2, 5, "open")]


def test_what_ended_in_the_batch_is_written_though_memory_may_have_forgotten_it() -> None:
    batch = netted([hold("anna", "A-1")], [expire("anna", at=T0 + 60 * SECOND)])
    assert [record.reservation.status for _, _, record in batch.changed] == ["expired"]
    assert [seat for _, seat, _ in batch.freed] == [0]


def test_a_show_is_born_with_what_is_taken_of_it_in_the_same_batch() -> None:
    scene = given_a_show(hold("anna", "A-1", floor=3))
    batch = net(scene.state, scene.draft, Batch(Position(3, 1, 0, 0), 2, b"", T0, 0, T0, 1, b"", b""))
    (born,) = batch.shows_born
    assert (born.seq, born.areas) == (2, ((10, 3),))
    assert (batch.areas, batch.shows_changed) == ([], [])


@pytest.mark.parametrize("run", [1, 15, 16, 40_000])
def test_packing_in_runs_is_what_the_codec_would_write_at_once(run: int) -> None:
    outcome = messages.ShowClosed(show=1, seq=2, at_ms=3, offset=4)
    packing = Packing()
    for count in (0, run, run, 2 * run, 2 * run + 1):
        packing.catch_up([outcome] * count)
        assert packing.payload() == messages.encode_outcomes([outcome] * count)
    assert packing.size_bytes == len(messages.encode(outcome)) * (2 * run + 1)


def test_recent_verdicts_survive_their_column() -> None:
    scene = given_a_show(hold("anna", "A-1"), extend("anna", key="k"))
    record = scene.show.find(scene.latest["anna"][0])
    assert isinstance(record, Record)
    assert unpack_verdicts(pack_recent(record)) == record.recent
    assert len(record.recent) == 1
    assert unpack_verdicts(b"") == ()


def test_a_reservation_with_other_seats_is_written_with_all_its_places() -> None:
    batch = netted([hold("anna", "A-1", "A-2")], [release("anna", "A-1"), hold("ben", "A-1")])
    ((_, version, record),) = batch.changed
    assert (version, record.reservation.seats, batch.reshaped) == (1, (1,), [record.reservation.id])
    assert [seat for _, seat, _, _ in batch.moved] == [0]
