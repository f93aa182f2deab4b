"""What a batch writes, and what a successor reads of it."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from allocator.netting import unpack_verdicts
from tests.contract.stock_stores import Ground
from tests.contract.stock_story import BEN, PART, T0, a_hold, by_cursor, everything, owned
from tests.simulation import picture
from tests.simulation.crowd import LAYOUT, LAYOUT_ID, PAID_SHOW, SHA256, SHOWS, Crowd, opening
from tests.simulation.writer import Writer
from ticketing import messages
from ticketing.clock import ManualClock
from ticketing.layout import encode_layout
from ticketing.vocabulary import LIVE_STATUSES, UNPAID_STATUSES, ReservationStatus

SALES = 5
"""One after the other, so many that each status is met whatever the crowd does."""
BATCHES = 40


async def test_the_tables_follow_the_memory_through_whole_sales(ground: Ground) -> None:
    store, _, writer = await owned(ground)
    clock = ManualClock(T0)
    met = set[str]()
    for sale in range(SALES):
        shows = (20 + 2 * sale, 21 + 2 * sale)
        crowd = Crowd(random.Random(sale), shows)
        assert await store.apply(writer.sealed(*(opening(show, clock.now_ms()) for show in shows)))
        for _ in range(BATCHES):
            clock.advance(9_000)
            assert await store.apply(
                writer.sealed(*_expiring(writer, clock), *(crowd.command(clock.now_ms()) for _ in range(15)))
            )
        tables = await everything(ground)
        wanted = picture.of_stock(writer.state)
        assert tables["seat_taken"] == wanted["seat_taken"]
        assert tables["area"] == wanted["area"]
        live = [row for row in tables["reservation"] if row["status"] in LIVE_STATUSES]
        assert live == wanted["reservation"]
        met |= {row["status"] for row in tables["reservation"]}
    assert met == set(ReservationStatus)
    tables = await everything(ground)
    assert len(tables["outcome_log"]) == SALES * (BATCHES + 1)
    cursor = by_cursor(tables["allocator_cursor"])
    assert (cursor["batch_seq"], cursor["next_offset"]) == (SALES * (BATCHES + 1), writer.at.next_offset)
    assert (cursor["chain"], cursor["last_now_ms"]) == (writer.chain, clock.now_ms())


def _expiring(writer: Writer, clock: ManualClock) -> Iterator[messages.ExpireHolds]:
    """What an expiry worker proposes."""
    for number, show in writer.state.shows.items():
        held = [record.reservation for record in show.live.values() if record.reservation.status in UNPAID_STATUSES]
        due = tuple((hold.id, hold.version) for hold in held if hold.expires_at_ms <= clock.now_ms())
        yield messages.ExpireHolds(
            show=number, key=b"e" * 16, sent_at_ms=clock.now_ms(), account="system", keyed=False, holds=due
        )


async def test_what_is_loaded_is_what_was_applied(ground: Ground) -> None:
    store, _, writer = await owned(ground)
    crowd = Crowd(random.Random(1))
    assert await store.apply(writer.sealed(*(opening(show, T0) for show in SHOWS)))
    for batch in range(8):
        assert await store.apply(writer.sealed(*(crowd.command(T0 + batch * 4_000) for _ in range(20))))
    await store.release(writer.at, 0)
    successor = ground.store(PART, BEN)
    cursor = await successor.claim()
    assert cursor is not None and cursor.at.batch_seq == writer.at.batch_seq
    loaded = await successor.load(cursor)
    assert picture.of_state(loaded) == picture.of_state(writer.state)
    assert len(loaded.refusals) == len(writer.state.refusals) > 3
    lost = next(outcome for outcome in writer.outcomes if isinstance(outcome, messages.Refusal) and outcome.fingerprint)
    assert loaded.refusals.find(lost.key, writer.state.last_now_ms) is not None


async def test_a_show_and_its_areas_are_born_with_its_terms(ground: Ground) -> None:
    store, _, writer = await owned(ground)
    command = opening(PAID_SHOW, T0)
    assert await store.apply(writer.sealed(command, a_hold(1, floor=2, show=PAID_SHOW)))
    (show,) = await ground.rows("show")
    assert (show["show_id"], show["status"], show["seq"], show["opened_at_ms"]) == (PAID_SHOW, "open", 2, T0)
    assert (show["layout_id"], show["layout_sha256"], show["currency"]) == (LAYOUT_ID, SHA256, "EUR")
    assert (show["starts_at_ms"], show["policy"]["hold_s"]) == (command.starts_at_ms, command.policy.hold_s)
    areas = {row["area_no"]: (row["capacity"], row["taken"]) for row in await ground.rows("area")}
    assert areas == {0: (12, 2), 1: (3, 0)}
    closing = messages.CloseShow(show=PAID_SHOW, key=b"c" * 16, sent_at_ms=T0, account="key_admin")
    assert await store.apply(writer.sealed(closing))
    (show,) = await ground.rows("show")
    assert (show["status"], show["seq"]) == ("closed", 3)


async def test_orders_are_written_with_what_they_change(ground: Ground) -> None:
    store, cursor, writer = await owned(ground)
    head: dict[str, Any] = {"sent_at_ms": T0, "account": "key_admin", "fingerprint": b"f" * 8}
    first = messages.BlockSeats(**head, show=SHOWS[0], key=b"1" * 16, seats=(3, 4))
    assert await store.apply(writer.sealed(*(opening(show, T0) for show in SHOWS), first))
    rules = msgspec.structs.replace(opening(SHOWS[0], T0).policy, hold_s=77)
    orders = (
        messages.UnblockSeats(**head, show=SHOWS[0], key=b"2" * 16, seats=(3,)),
        messages.ChangeShow(**head, show=SHOWS[0], key=b"3" * 16, policy=rules, prices={"back": 7}),
        messages.SetAllocation(**head, show=SHOWS[0], key=b"4" * 16, allocation="ent_1", share=5, give_back_at_ms=9),
        a_hold(1, 3, 20),
    )
    assert await store.apply(writer.sealed(*orders, a_hold(2, 5, show=SHOWS[1])))
    assert await store.apply(writer.sealed(a_hold(3, 6)))
    rows = {row["show_id"]: row for row in await ground.rows("show")}
    assert (rows[SHOWS[0]]["policy"]["hold_s"], rows[SHOWS[0]]["prices"]) == (77, {"back": 7})
    assert rows[SHOWS[1]]["policy"]["hold_s"] == opening(SHOWS[1], T0).policy.hold_s
    assert [key for key, _, _ in unpack_verdicts(rows[SHOWS[0]]["orders"])] == [bytes([n]) * 16 for n in b"1234"]
    assert rows[SHOWS[0]]["allocations"] == {"ent_1": {"share": 5, "give_back_at_ms": 9}}
    assert (rows[SHOWS[1]]["orders"], rows[SHOWS[1]]["allocations"]) == (b"", {})
    taken = {row["seat_no"]: row["reservation_id"] for row in await ground.rows("seat_taken")}
    assert (taken[4], taken[3]) == (b"blocked", (1).to_bytes(16))
    state = await store.load(cursor)
    assert picture.of_state(state)["shows"] == picture.of_state(writer.state)["shows"]


async def test_a_payment_is_written_with_the_booking(ground: Ground) -> None:
    store, _, writer = await owned(ground)
    paid = messages.Payment("pay", "ref", 100)
    hold = a_hold(1, 0, show=PAID_SHOW)
    booking = messages.ConfirmBooking(
        show=PAID_SHOW, key=b"b" * 16, sent_at_ms=T0, account=hold.account, reservation=hold.key, payment=paid
    )
    assert await store.apply(writer.sealed(opening(PAID_SHOW, T0), hold, booking))
    (payment,) = await ground.rows("payment")
    assert (payment["provider"], payment["reference"], payment["amount"]) == ("pay", "ref", 100)
    assert payment["reservation_id"] == hold.key


async def test_text_is_kept_as_it_was_whatever_it_looks_like(ground: Ground) -> None:
    store, _, writer = await owned(ground)
    texts = ['"', "\\", "{}", "a,b", "NULL", "", " ", '\\"', "ü\n\t", '","']
    holds = [a_hold(n, account=text or "ent", external_id=text, floor=1) for n, text in enumerate(texts)]
    assert await store.apply(writer.sealed(opening(SHOWS[0], T0), *holds))
    rows = {row["reservation_id"]: row for row in await ground.rows("reservation")}
    assert [rows[hold.key]["external_id"] for hold in holds] == texts
    assert [rows[hold.key]["account"] for hold in holds] == [hold.account for hold in holds]


async def test_a_dead_letter_keeps_the_record(ground: Ground) -> None:
    store, _, writer = await owned(ground)
    assert await store.apply(writer.sealed(opening(SHOWS[0], T0), dead=("malformed", b"\x00\xff")))
    (letter,) = await ground.rows("dead_letter")
    assert letter == {"part": PART, "log_gen": 0, "log_offset": 1, "code": "malformed", "raw": b"\x00\xff"}
    assert by_cursor(await ground.rows("allocator_cursor"))["next_offset"] == 2


async def test_an_empty_batch_still_moves_the_cursor(ground: Ground) -> None:
    store, _, writer = await owned(ground)
    nothing = messages.ExpireHolds(show=1, key=b"e" * 16, sent_at_ms=T0, account="system", keyed=False)
    assert await store.apply(writer.sealed(nothing)) is not None
    assert by_cursor(await ground.rows("allocator_cursor"))["batch_seq"] == 1


async def test_records_are_the_rows_of_ended_reservations(ground: Ground) -> None:
    store, _, writer = await owned(ground)
    hold = a_hold(1, 0, 1, floor=2)
    give_back = messages.ReleaseHold(
        show=SHOWS[0], key=b"r" * 16, fingerprint=b"g" * 8, sent_at_ms=T0, account=hold.account, reservation=hold.key
    )
    assert await store.apply(writer.sealed(opening(SHOWS[0], T0), hold, give_back))
    ((show, record),) = await store.records([(SHOWS[0], hold.key), (SHOWS[0], b"?" * 16), (99, hold.key)])
    assert show == SHOWS[0]
    assert record == writer.state.shows[SHOWS[0]].find(hold.key)
    assert record.recent == ((b"r" * 16, b"g" * 8, "HoldReleased"),)


async def test_a_reservation_that_gave_seats_back_has_the_others(ground: Ground) -> None:
    store, cursor, writer = await owned(ground)
    hold, other = a_hold(1, 0, 1, 2, floor=1), a_hold(2, 5)
    assert await store.apply(writer.sealed(opening(SHOWS[0], T0), hold, other))
    give_back = messages.ReleaseHold(
        show=SHOWS[0], key=b"r" * 16, sent_at_ms=T0, account=hold.account, reservation=hold.key, seats=(0, 2)
    )
    extend = messages.ExtendHold(
        show=SHOWS[0], key=b"x" * 16, sent_at_ms=T0, account=other.account, reservation=other.key
    )
    assert await store.apply(writer.sealed(give_back, extend))
    rows = {row["reservation_id"]: row for row in await ground.rows("reservation")}
    left, beside = rows[hold.key], rows[other.key]
    assert (left["seats"], left["areas"], left["version"]) == ([1], [0, 1], 2)
    assert (left["prices"], left["amount"]) == ([100, 40], 140)
    assert (beside["seats"], beside["prices"]) == ([5], [100])
    assert sorted(row["seat_no"] for row in await ground.rows("seat_taken")) == [1, 5]
    state = await store.load(cursor)
    assert state.shows[SHOWS[0]].live == writer.state.shows[SHOWS[0]].live


async def test_a_layout_is_found_by_its_id_and_digest(ground: Ground) -> None:
    store, _, _ = await owned(ground)
    assert await store.layout(LAYOUT_ID, SHA256) == LAYOUT
    assert await store.layout(LAYOUT_ID, b"x" * 32) is None
    assert await store.layout("lay_other", SHA256) is None
    other = encode_layout(LAYOUT)[0] + b" "
    await ground.put_layout("lay_spoilt", SHA256, other)
    with pytest.raises(Exception, match="lay_spoilt"):
        await store.layout("lay_spoilt", SHA256)


async def test_what_is_not_known_to_be_published_is_given_again_oldest_first(ground: Ground) -> None:
    store, _, writer = await owned(ground)
    batches = [writer.sealed(opening(SHOWS[0], T0))]
    await store.apply(batches[0])
    for n in range(1, 4):
        batches.append(writer.sealed(a_hold(n, n)))
        await store.apply(batches[-1])
    await ground.lapse(PART)
    successor = ground.store(PART, BEN)
    cursor = await successor.claim()
    assert cursor is not None
    due = await successor.unpublished(replace(cursor, published_seq=1))
    assert [(it.batch_seq, it.payload, it.log_gen) for it in due] == [
        (seq, batches[seq - 1].payload, 0) for seq in (2, 3, 4)
    ]
    assert {it.history_id for it in due} == {cursor.history_id}
    writer.published_seq = 3
    writer.at = cursor.at
    await successor.apply(writer.sealed(a_hold(9, 9)))
    assert by_cursor(await ground.rows("allocator_cursor"))["published_seq"] == 3


async def test_a_log_that_lost_something_goes_on_under_the_next_generation(ground: Ground) -> None:
    store, _, writer = await owned(ground)
    await store.apply(writer.sealed(opening(SHOWS[0], T0), dead=("malformed", b"?")))
    cursor = await store.restart_log(writer.at, 0)
    assert (cursor.at.next_offset, cursor.log_gen, cursor.tail_hash, cursor.at.batch_seq) == (0, 1, None, 1)
    writer.at = cursor.at
    # The same offset of another generation is another record.
    await store.apply(writer.sealed(a_hold(1, 1), dead=("malformed", b"!")))
    assert sorted((row["log_gen"], row["log_offset"]) for row in await ground.rows("dead_letter")) == [(0, 1), (1, 1)]
    assert sorted((row["batch_seq"], row["log_gen"]) for row in await ground.rows("outcome_log")) == [(1, 0), (2, 1)]


async def test_a_claim_learns_when_what_comes_next_was_decided_before_a_restore(ground: Ground) -> None:
    store, _, writer = await owned(ground)
    await ground.put_steps(
        (PART, 0, 2, None), (PART, 0, 0, T0 + 5), (PART, 0, 1, T0 + 7), (PART, 1, 3, T0), (PART + 1, 0, 4, T0)
    )
    for applied in range(3):
        cursor = await store.claim()
        assert cursor is not None
        found = [cursor.decided_before.find(offset)[0] for offset in range(4)]
        # Once the cursor has come to the last of them there is nothing left to know.
        assert found == ([T0 + 5, T0 + 7, None, None] if applied < 2 else [None] * 4)
        writer.at = cursor.at
        command = opening(SHOWS[0], T0) if applied == 0 else a_hold(applied, applied)
        assert await store.apply(writer.sealed(command))
