"""What a store refuses, how it says so, and that nothing of a refused batch remains."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from allocator.draft import Record
from allocator.errors import DataRefused, MemoryDiffers, ResultUnknown, WritesRefused
from allocator.netting import NEW_PAYMENT, Batch
from allocator.stock import PartitionState
from tests.contract.stock_stores import Ground, StockStore
from tests.contract.stock_story import ANNA, BEN, PART, T0, a_hold, by_cursor, everything, owned
from tests.simulation.crowd import LAYOUT, LAYOUT_ID, PAID_SHOW, SHA256, SHOWS, opening
from tests.simulation.writer import Writer
from ticketing import messages

SHOW = SHOWS[0]
ONE, TWO, NOBODY = (1).to_bytes(16), (2).to_bytes(16), b"?" * 16
PAID = ("pay", "ref", ONE, 100, True, NEW_PAYMENT, 0)


async def sold(ground: Ground) -> tuple[StockStore, Writer, Batch]:
    """Seat 1 and two of the floor are held by ONE, seat 2 by TWO; and the batch of a third hold, not yet applied."""
    store, _, writer = await owned(ground)
    await store.apply(writer.sealed(opening(SHOW, T0), a_hold(1, 1, floor=2), a_hold(2, 2)))
    return store, writer, writer.sealed(a_hold(3, 3, floor=1))


def record(id_: bytes, **changes: Any) -> Record:
    made = messages.Reservation(id=id_, status="held", version=1, account="ent_x", seats=(9,))
    return Record(msgspec.structs.replace(made, **changes), b"f" * 8)


DIFFERENCES: dict[str, Callable[[Batch], Batch]] = {
    "a seat sold twice": lambda batch: replace(batch, taken=[(SHOW, 1, TWO)]),
    "a seat taken twice in one batch": lambda batch: replace(batch, taken=[(SHOW, 9, TWO), (SHOW, 9, ONE)]),
    "a seat freed for somebody who does not have it": lambda batch: replace(batch, freed=[(SHOW, 1, TWO)]),
    "a free seat freed": lambda batch: replace(batch, freed=[(SHOW, 9, ONE)]),
    "a seat freed twice": lambda batch: replace(batch, freed=[(SHOW, 1, ONE), (SHOW, 1, ONE)]),
    "a seat of another show freed": lambda batch: replace(batch, freed=[(SHOW + 1, 1, ONE)]),
    "a move from somebody who does not have it": lambda batch: replace(batch, moved=[(SHOW, 1, TWO, NOBODY)]),
    "a move of a free seat": lambda batch: replace(batch, moved=[(SHOW, 9, ONE, TWO)]),
    "an area that does not stand where it should": lambda batch: replace(batch, areas=[(SHOW, 0, 1, 3)]),
    "an area above its capacity": lambda batch: replace(batch, areas=[(SHOW, 0, 2, 13)]),
    "an area below nothing": lambda batch: replace(batch, areas=[(SHOW, 0, 2, -1)]),
    "an area that is not there": lambda batch: replace(batch, areas=[(SHOW, 7, 0, 1)]),
    "a reservation born twice": lambda batch: replace(batch, born=[(SHOW, record(ONE))]),
    "a reservation in no known state": lambda batch: replace(batch, born=[(SHOW, record(NOBODY, status="lost"))]),
    "a reservation with a short id": lambda batch: replace(batch, born=[(SHOW, record(b"short"))]),
    "a stale version": lambda batch: replace(batch, changed=[(SHOW, 2, record(ONE, version=3))]),
    "a change of nobody": lambda batch: replace(batch, changed=[(SHOW, 1, record(NOBODY, version=2))]),
    "two changes of one reservation": lambda batch: replace(
        batch, changed=[(SHOW, 1, record(ONE, version=2)), (SHOW, 1, record(ONE, version=2))]
    ),
    "a payment used twice": lambda batch: replace(batch, payments=[(SHOW, *PAID), (SHOW, *PAID)]),
    "a refund of a payment that is not there": lambda batch: replace(batch, payments=[(SHOW, *PAID[:5], 0, 1)]),
    "more due back than was paid": lambda batch: replace(batch, payments=[(SHOW, *PAID[:5], NEW_PAYMENT, 101)]),
    "less than nothing due back": lambda batch: replace(batch, payments=[(SHOW, *PAID[:5], NEW_PAYMENT, -1)]),
    "a show born twice": lambda batch: replace(batch, shows_born=_born_again(batch)),
    "a show that has moved on": lambda batch: replace(batch, shows_changed=[(SHOW, 2, 3, "open")]),
    "orders of more shows than are changed": lambda batch: replace(batch, rewritten=[("{}", b"")] * 9),
    "a show that is not there": lambda batch: replace(batch, shows_changed=[(99, 1, 2, "open")]),
    "a dead letter twice": lambda batch: replace(batch, dead=[(3, "malformed", b""), (3, "malformed", b"")]),
}
UNSTORABLE: dict[str, Callable[[Batch], Batch]] = {
    "NUL in an account": lambda batch: replace(batch, born=[(SHOW, record(NOBODY, account="a\0"))]),
    "NUL in a person": lambda batch: replace(batch, born=[(SHOW, record(NOBODY, person="\0"))]),
    "NUL in an external id": lambda batch: replace(batch, born=[(SHOW, record(NOBODY, external_id="\0"))]),
    "NUL in a hash of a new reservation": lambda batch: replace(batch, born=[(SHOW, record(NOBODY, bound=("\0",)))]),
    "NUL in a hash": lambda batch: replace(batch, changed=[(SHOW, 1, record(ONE, version=2, bound=("\0",)))]),
    "NUL in a payment": lambda batch: replace(batch, payments=[(SHOW, "pay", "\0", *PAID[2:])]),
    "an amount too large": lambda batch: replace(batch, born=[(SHOW, record(NOBODY, amount=2**63))]),
    "an amount too small": lambda batch: replace(batch, born=[(SHOW, record(NOBODY, amount=-(2**63) - 1))]),
    "a price too large": lambda batch: replace(batch, born=[(SHOW, record(NOBODY, prices=(2**63,)))]),
    "a hold too long": lambda batch: replace(batch, born=[(SHOW, record(NOBODY, hold_s=2**31))]),
    "a seat number too large": lambda batch: replace(batch, taken=[(SHOW, 2**31, NOBODY)]),
    "a seat number too large in a list": lambda batch: replace(batch, born=[(SHOW, record(NOBODY, seats=(2**31,)))]),
    "a payment too large": lambda batch: replace(
        batch, payments=[(SHOW, "pay", "ref", ONE, 2**63, True, NEW_PAYMENT, 0)]
    ),
    "a version too large": lambda batch: replace(batch, changed=[(SHOW, 1, record(ONE, version=2**31))]),
    "a moment too far": lambda batch: replace(batch, changed=[(SHOW, 1, record(ONE, version=2, expires_at_ms=2**63))]),
    "NUL in a category's name": lambda batch: replace(batch, shows_born=_born_again(batch, show=5, prices={"a\0": 1})),
}


def _born_again(batch: Batch, **terms: Any) -> list[Any]:
    state = PartitionState(PART)
    state.layouts[LAYOUT_ID, SHA256] = LAYOUT
    born = Writer(batch.at, state).sealed(opening(SHOW, T0)).shows_born[0]
    return [replace(born, terms=replace(born.terms, **terms))]


async def test_a_batch_that_differs_from_the_tables_is_refused_whole(ground: Ground) -> None:
    store, _, batch = await sold(ground)
    before = await everything(ground)
    # On one database, since each leaves it as it was: a fresh one for each would take half a minute.
    for what, spoilt in DIFFERENCES.items():
        with pytest.raises(MemoryDiffers):
            await store.apply(spoilt(batch))
            pytest.fail(f"{what} was taken")
        assert await everything(ground) == before, what
    assert await store.apply(batch) is not None


async def test_a_batch_with_a_value_that_no_column_can_hold_is_refused_whole(ground: Ground) -> None:
    store, _, batch = await sold(ground)
    before = await everything(ground)
    # On one database, since each leaves it as it was: a fresh one for each would take half a minute.
    for what, spoilt in UNSTORABLE.items():
        with pytest.raises(DataRefused):
            await store.apply(spoilt(batch))
            pytest.fail(f"{what} was taken")
        assert await everything(ground) == before, what
    assert await store.apply(batch) is not None


async def test_a_payment_pays_once_in_the_life_of_a_show(ground: Ground) -> None:
    store, writer, batch = await sold(ground)
    await store.apply(replace(batch, payments=[(SHOW, *PAID)]))
    again = writer.sealed(a_hold(4, 4))
    with pytest.raises(MemoryDiffers):
        await store.apply(replace(again, payments=[(SHOW, "pay", "ref", TWO, 5, True, NEW_PAYMENT, 0)]))
    assert await store.apply(replace(again, payments=[(PAID_SHOW, *PAID)])) is not None


async def test_what_is_due_back_moves_from_what_it_was_and_for_the_same_reservation(ground: Ground) -> None:
    store, writer, batch = await sold(ground)
    await store.apply(replace(batch, payments=[(SHOW, *PAID)]))
    again = writer.sealed(a_hold(4, 4))
    before = await everything(ground)
    for wrong in ((*PAID[:5], 7, 50), ("pay", "ref", TWO, 100, True, 0, 50), (*PAID[:5], 0, 101)):
        with pytest.raises(MemoryDiffers):
            await store.apply(replace(again, payments=[(SHOW, *wrong)]))
        assert await everything(ground) == before
    assert await store.apply(replace(again, payments=[(SHOW, *PAID[:5], 0, 50)])) is not None
    (row,) = await ground.rows("payment")
    assert (row["amount"], row["accepted"], row["refund_due"]) == (100, True, 50)


async def test_the_time_to_pay_and_who_is_bound_are_kept_until_a_batch_says_otherwise(ground: Ground) -> None:
    store, writer, batch = await sold(ground)
    names = ("eml_1", 'pay_"\\{,}')
    paying = record(ONE, status="paying", version=2, payment_until_ms=9, bound=names)
    born = [*batch.born, (SHOW, record(NOBODY, noted=True, bound=("eml_2",)))]
    await store.apply(replace(batch, born=born, changed=[(SHOW, 1, paying), (SHOW, 1, record(TWO, version=2))]))
    found = {row["reservation_id"]: row for row in await ground.rows("reservation")}
    assert (found[ONE]["payment_until_ms"], found[TWO]["payment_until_ms"]) == (9, 0)
    assert (found[ONE]["bound"], found[TWO]["bound"]) == (list(names), [])
    assert (found[NOBODY]["noted"], found[NOBODY]["bound"], found[ONE]["noted"]) == (True, ["eml_2"], False)
    again = replace(writer.sealed(a_hold(4, 4)), changed=[(SHOW, 2, record(ONE, version=3))])
    await store.apply(again)
    rows = {row["reservation_id"]: row["payment_until_ms"] for row in await ground.rows("reservation")}
    assert rows[ONE] == 0


async def test_freed_and_taken_in_one_batch(ground: Ground) -> None:
    store, _, batch = await sold(ground)
    swapped = replace(batch, freed=[(SHOW, 1, ONE)], taken=[(SHOW, 1, NOBODY), (SHOW, 3, NOBODY)])
    assert await store.apply(swapped) is not None
    owners = {row["seat_no"]: row["reservation_id"] for row in await ground.rows("seat_taken")}
    assert owners == {1: NOBODY, 2: TWO, 3: NOBODY}


async def test_two_owners_change_places_in_one_batch(ground: Ground) -> None:
    store, _, batch = await sold(ground)
    assert await store.apply(replace(batch, moved=[(SHOW, 1, ONE, TWO), (SHOW, 2, TWO, ONE)])) is not None
    owners = {row["seat_no"]: row["reservation_id"] for row in await ground.rows("seat_taken")}
    assert (owners[1], owners[2]) == (TWO, ONE)


async def test_a_commit_that_came_with_a_warning_is_unknown_and_claiming_finds_it(ground: Ground) -> None:
    store, writer, batch = await sold(ground)
    await ground.warn_at_commit()
    with pytest.raises(ResultUnknown):
        await store.apply(batch)
    assert len(await ground.rows("reservation")) == 3
    await ground.lapse(PART)
    cursor = await ground.store(PART, BEN).claim()
    assert cursor is not None
    assert (cursor.at.batch_seq, cursor.at.next_offset, cursor.chain) == (2, writer.at.next_offset, writer.chain)


async def test_a_full_disk_is_told_and_the_same_batch_is_taken_when_there_is_room(ground: Ground) -> None:
    store, _, batch = await sold(ground)
    before = await everything(ground)
    await ground.fill_disk()
    with pytest.raises(WritesRefused):
        await store.apply(batch)
    assert await everything(ground) == before
    await ground.free_disk()
    assert await store.apply(batch) is not None


async def test_a_broken_connection_is_unknown_and_nothing_was_written(ground: Ground) -> None:
    store, _, batch = await sold(ground)
    before = await everything(ground)
    await ground.cut(ANNA)
    with pytest.raises(ResultUnknown):
        await store.apply(batch)
    assert await everything(ground) == before
    assert by_cursor(before["allocator_cursor"])["batch_seq"] == 1
