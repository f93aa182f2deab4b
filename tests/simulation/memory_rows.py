"""Rows as the real tables have them, and what their columns refuse."""

from typing import Any, NoReturn

import msgspec

from allocator.draft import Record
from allocator.errors import DataRefused, MemoryDiffers
from allocator.netting import Batch, BornShow, pack_recent
from ticketing.messages import Reservation
from ticketing.vocabulary import ReservationStatus, ShowStatus

INT4, INT8 = 31, 63
SHOW_STATUSES = frozenset(str(status) for status in ShowStatus)
RESERVATION_STATUSES = frozenset(str(status) for status in ReservationStatus)

CHANGEABLE = ("policy", "prices", "allocations")

Row = dict[str, Any]


def differ(why: str) -> NoReturn:
    raise MemoryDiffers(why)


def checked(area: Row, taken: int) -> Row:
    if not 0 <= taken <= area["capacity"]:
        differ(f"23514: {taken} of {area['capacity']} places are taken")
    return {**area, "taken": taken}


PAYMENT_COLUMNS = (
    "part", "show_id", "provider", "reference", "reservation_id", "amount", "accepted", "refund_due"
)  # fmt: skip


def payment_row(*values: Any) -> Row:
    row: Row = dict(zip(PAYMENT_COLUMNS, values, strict=True))
    if not 0 <= row["refund_due"] <= row["amount"]:
        differ(f"23514: {row['refund_due']} of {row['amount']} is due back")
    return row


def first_cursor(part: int) -> Row:
    return {
        "part": part,
        "epoch": 0,
        "batch_seq": 0,
        "next_offset": 0,
        "tail_hash": None,
        "log_gen": 0,
        "last_now_ms": 0,
        "published_seq": 0,
        "chain": bytes(32),
        "owner": None,
        "lease_until": 0,
    }


def show_row(part: int, born: BornShow) -> Row:
    terms = born.terms
    if born.status not in SHOW_STATUSES:
        differ(f"23514: a show cannot be {born.status}")
    row: Row = {
        "part": part,
        "show_id": terms.show,
        "status": born.status,
        "seq": born.seq,
        "layout_id": terms.layout_id,
        "layout_sha256": terms.layout_sha256,
        "currency": terms.currency,
        "starts_at_ms": terms.starts_at_ms,
        "opens_at_ms": terms.opens_at_ms,
        "closes_at_ms": terms.closes_at_ms,
        "prices": msgspec.json.encode(terms.prices).decode(),
        "policy": msgspec.json.encode(terms.policy).decode(),
        "opened_at_ms": terms.opened_at_ms,
        "allocations": msgspec.json.encode(terms.allocations).decode(),
        "orders": born.orders,
    }
    if "\\u0000" in row["prices"] or "\\u0000" in row["policy"]:
        raise DataRefused("22P05: jsonb cannot hold NUL")
    return row


def rewritten(terms: str, orders: bytes) -> Row:
    """The columns of a show that its operators change."""
    found = msgspec.json.decode(terms)
    row: Row = {name: msgspec.json.encode(found[name]).decode() for name in CHANGEABLE if name in found}
    if "\\u0000" in terms:
        raise DataRefused("22P05: jsonb cannot hold NUL")
    return {**row, "orders": orders}


def record_row(part: int, show: int, record: Record) -> Row:
    it = record.reservation
    if it.status not in RESERVATION_STATUSES or len(it.id) != 16:
        differ("23514: no status or id of a reservation")
    return {
        "part": part,
        "show_id": show,
        "reservation_id": it.id,
        "status": it.status,
        "version": it.version,
        "account": it.account,
        "person": it.person,
        **places_of(it),
        "held_at_ms": it.held_at_ms,
        "expires_at_ms": it.expires_at_ms,
        "hold_s": it.hold_s,
        "booked_at_ms": it.booked_at_ms,
        "external_id": it.external_id,
        "payment_until_ms": it.payment_until_ms,
        "fingerprint": record.fingerprint,
        "recent": pack_recent(record),
        "noted": it.noted,
        "bound": list(it.bound),
    }


def places_of(it: Reservation) -> Row:
    """The columns that say what a reservation has."""
    areas = [number for pair in it.areas for number in pair]
    # Lists are sent as text and cast by the server, so these are refused there and not with the arguments.
    _fit(INT4, *it.seats, *areas)
    _fit(INT8, *it.prices)
    return {"seats": list(it.seats), "areas": areas, "prices": list(it.prices), "amount": it.amount}


def refuse_arguments(batch: Batch) -> None:
    """What the protocol itself refuses, before the function is called."""
    for show, record in batch.born:
        it = record.reservation
        _no_nul(it.status, it.account, it.person, it.external_id, *it.bound)
        _fit(INT4, it.version, it.hold_s)
        _fit(INT8, show, it.amount, it.held_at_ms, it.expires_at_ms, it.booked_at_ms)
    for show, version, record in batch.changed:
        _no_nul(*record.reservation.bound)
        _fit(INT4, version, record.reservation.version)
        _fit(INT8, show, record.reservation.expires_at_ms, record.reservation.booked_at_ms)
    for _, provider, reference, _, amount, _, refund_before, refund in batch.payments:
        _no_nul(provider, reference)
        _fit(INT8, amount, refund_before, refund)
    for born in batch.shows_born:
        terms = born.terms
        _no_nul(terms.layout_id, terms.currency)
        _fit(INT8, terms.show, terms.starts_at_ms, terms.opens_at_ms, terms.closes_at_ms, terms.opened_at_ms)
    for seats in (batch.freed, batch.moved, batch.taken):
        _fit(INT4, *(change[1] for change in seats))


def _fit(bits: int, *numbers: int) -> None:
    if any(not -(1 << bits) <= number < 1 << bits for number in numbers):
        raise DataRefused("22003: a number is out of range")


def _no_nul(*texts: str) -> None:
    if any("\x00" in text for text in texts):
        raise DataRefused("22021: text cannot hold NUL")
