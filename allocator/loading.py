"""Reads a partition's tables into memory at a claim, and refuses tables that contradict each other."""

from typing import Any

import asyncpg
import msgspec

from allocator.draft import Record
from allocator.errors import MemoryDiffers, Replaced
from allocator.netting import Position, unpack_verdicts
from allocator.patience import KEPT_MS
from allocator.payments import Paid
from allocator.ports import Cursor
from allocator.remembering import is_remembered
from allocator.stock import PartitionState, ShowStock
from allocator.terms import ShowTerms
from ticketing import messages
from ticketing.having.allocation import Allocations
from ticketing.layout import decode_layout
from ticketing.vocabulary import BLOCKED_BY, REFUSALS_REMEMBERED_MAX, REFUSALS_REMEMBERED_MS

RECENT_BATCHES_MAX = 20
"""Batches read at a time when the window of refusals is read back: each may have megabytes."""

EPOCH = "SELECT epoch FROM allocator_cursor WHERE part = $1"
KNOWN = """
SELECT s.show_id, unpaid.show_id IS NULL AND CASE WHEN s.closes_at_ms > 0 THEN s.closes_at_ms <= $2
       ELSE s.status <> 'open' AND s.starts_at_ms <= $2 END AS is_put_away
FROM show s LEFT JOIN (
    SELECT DISTINCT show_id FROM reservation WHERE part = $1 AND status IN ('held', 'paying')
) unpaid USING (show_id)
WHERE s.part = $1
"""
SHOWS = """
SELECT s.*, l.document FROM show s JOIN layouts l USING (layout_id) WHERE s.part = $1 AND s.show_id = ANY($2)
"""
AREAS = "SELECT show_id, area_no, taken FROM area WHERE part = $1 AND show_id = ANY($2)"
SEATS = "SELECT show_id, seat_no, reservation_id FROM seat_taken WHERE part = $1 AND show_id = ANY($2)"
LIVE = """
SELECT * FROM reservation WHERE part = $1 AND show_id = ANY($2) AND status IN ('held', 'paying', 'booked')
"""
ENDED = """
SELECT show_id, reservation_id FROM reservation
WHERE part = $1 AND show_id = ANY($2) AND status NOT IN ('held', 'paying', 'booked')
"""
UNPAID = """
SELECT show_id, CASE WHEN person <> '' THEN person ELSE account END AS who, held_at_ms FROM reservation
WHERE part = $1 AND show_id = ANY($2) AND status IN ('released', 'expired') AND booked_at_ms = 0 AND held_at_ms > $3
ORDER BY held_at_ms
"""
PAYMENTS = """
SELECT show_id, provider, reference, reservation_id, amount, accepted, refund_due
FROM payment WHERE part = $1 AND show_id = ANY($2)
"""
RECENT = """
SELECT batch_seq, payload FROM outcome_log WHERE part = $1 AND batch_seq <= $2 ORDER BY batch_seq DESC LIMIT $3
"""


async def load_state(connection: asyncpg.Connection, cursor: Cursor) -> PartitionState:
    """The state as the cursor's batch left it. `connection` must see one moment of the tables: the claim has fenced
    the last owner, but the next one may have claimed by now, and write.

    Shows that are over and of which nothing unpaid is held are left where they are (`put_away.py`).

    Raises:
        Replaced: it has.
        MemoryDiffers: a seat without its reservation, an area whose count is not the sum of its reservations.
    """
    await _require_owner(connection, cursor.at)
    state = PartitionState(cursor.at.part, cursor.last_now_ms)
    known = await connection.fetch(KNOWN, state.part, state.last_now_ms)
    state.put_away.shows.update(row["show_id"] for row in known if row["is_put_away"])
    await _load_shows(connection, state, [row["show_id"] for row in known if not row["is_put_away"]])
    await _load_refusals(state, connection, cursor.at.batch_seq)
    return state


async def load_show(connection: asyncpg.Connection, at: Position, state: PartitionState, show: int) -> None:
    """Take one show with all its stock into `state`, as the last batch left it. Needs and raises what `load_state`
    does."""
    await _require_owner(connection, at)
    await _load_shows(connection, state, [show])


async def _require_owner(connection: asyncpg.Connection, at: Position) -> None:
    rows = await connection.fetch(EPOCH, at.part)
    if [row["epoch"] for row in rows] != [at.epoch]:
        raise Replaced(f"partition {at.part} has another owner")


async def _load_shows(connection: asyncpg.Connection, state: PartitionState, shows: list[int]) -> None:
    part = state.part
    for row in await connection.fetch(SHOWS, part, shows):
        _load_show(state, row)
    for row in await connection.fetch(LIVE, part, shows):
        state.shows[row["show_id"]].load(record_of(row))
    for row in await connection.fetch(ENDED, part, shows):
        state.shows[row["show_id"]].ended.add(row["reservation_id"])
    for row in await connection.fetch(UNPAID, part, shows, state.last_now_ms - KEPT_MS):
        state.shows[row["show_id"]].unpaid.note(row["who"], row["held_at_ms"])
    for row in await connection.fetch(SEATS, part, shows):
        stock = state.shows[row["show_id"]]
        if row["reservation_id"] not in stock.live and row["reservation_id"] != BLOCKED_BY:
            raise MemoryDiffers(f"seat {row['seat_no']} of show {row['show_id']} is taken by no live reservation")
        stock.load_seat(row["seat_no"], row["reservation_id"])
    for row in await connection.fetch(AREAS, part, shows):
        if state.shows[row["show_id"]].area_taken[row["area_no"]] != row["taken"]:
            raise MemoryDiffers(f"area {row['area_no']} of show {row['show_id']}: taken is not what is reserved in it")
    for row in await connection.fetch(PAYMENTS, part, shows):
        paid = Paid(row["reservation_id"], row["amount"], row["accepted"], row["refund_due"])
        state.shows[row["show_id"]].payments.put((row["provider"], row["reference"]), paid)
    for show in shows:
        _check_seats(state.shows[show])


def record_of(row: Any) -> Record:
    """A row of table `reservation`."""
    areas = row["areas"]
    reservation = messages.Reservation(
        id=row["reservation_id"],
        status=row["status"],
        version=row["version"],
        account=row["account"],
        person=row["person"],
        seats=tuple(row["seats"]),
        areas=tuple(zip(areas[::2], areas[1::2], strict=True)),
        prices=tuple(row["prices"]),
        amount=row["amount"],
        held_at_ms=row["held_at_ms"],
        expires_at_ms=row["expires_at_ms"],
        hold_s=row["hold_s"],
        booked_at_ms=row["booked_at_ms"],
        external_id=row["external_id"],
        payment_until_ms=row["payment_until_ms"],
        noted=row["noted"],
        bound=tuple(row["bound"]),
    )
    return Record(reservation, row["fingerprint"], unpack_verdicts(row["recent"]))


def _load_show(state: PartitionState, row: Any) -> None:
    key = row["layout_id"], row["layout_sha256"]
    if key not in state.layouts:
        state.layouts[key] = decode_layout(row["document"], row["layout_sha256"])
    terms = ShowTerms(
        show=row["show_id"],
        layout_id=row["layout_id"],
        layout_sha256=row["layout_sha256"],
        currency=row["currency"],
        starts_at_ms=row["starts_at_ms"],
        opens_at_ms=row["opens_at_ms"],
        closes_at_ms=row["closes_at_ms"],
        prices=msgspec.json.decode(row["prices"], type=dict[str, int]),
        policy=msgspec.json.decode(row["policy"], type=messages.Policy),
        opened_at_ms=row["opened_at_ms"],
        allocations=msgspec.json.decode(row["allocations"], type=Allocations),
    )
    stock = state.shows[row["show_id"]] = ShowStock(terms, state.layouts[key], status=row["status"], seq=row["seq"])
    stock.orders = unpack_verdicts(row["orders"])


def _check_seats(stock: ShowStock) -> None:
    reserved = sum(len(record.reservation.seats) for record in stock.live.values())
    taken = len(stock.owners) - stock.seats_blocked
    if reserved != taken:
        raise MemoryDiffers(f"show {stock.terms.show}: {taken} seats are taken, {reserved} are reserved")


async def _load_refusals(state: PartitionState, connection: asyncpg.Connection, last_seq: int) -> None:
    """The window of recent "no"s, so that a repeat after a crash gets the answer that it got before.

    Read backwards, up to where the log's time leaves the window: what a batch says of its own time may be wrong by
    however much a node's clock was.
    """
    since_ms = state.last_now_ms - REFUSALS_REMEMBERED_MS
    found: list[messages.Refusal] = []
    is_complete = False
    while last_seq > 0 and not is_complete:
        rows = await connection.fetch(RECENT, state.part, last_seq, RECENT_BATCHES_MAX)
        for row in rows:
            outcomes = messages.decode_outcomes(row["payload"])
            found += (it for it in reversed(outcomes) if isinstance(it, messages.Refusal) and is_remembered(it))
            is_complete = len(found) >= REFUSALS_REMEMBERED_MAX or bool(outcomes and outcomes[-1].at_ms <= since_ms)
            if is_complete:
                break
        last_seq = rows[-1]["batch_seq"] - 1 if rows else 0
    for refusal in reversed(found):
        state.refusals.remember(refusal)
