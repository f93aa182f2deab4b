"""A batch as the arguments of `apply_batch()` (infra/postgres/0002_apply_batch.sql).

Columns go as text, as PostgreSQL writes arrays: asyncpg looks at every element of an array whether it is a sequence
itself, which costs more than all the rest of a hold's way to the server.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

import msgspec

from allocator.draft import Record
from allocator.netting import Batch, BornShow, pack_recent
from ticketing.messages import AreaCount, Reservation
from ticketing.vocabulary import ReservationStatus

ARGUMENTS = 95
"""How many `apply_batch()` takes; PostgreSQL allows no more than 100."""
APPLY = f"SELECT apply_batch({', '.join(f'${n}' for n in range(1, ARGUMENTS + 1))})"

T = TypeVar("T")


def arguments_of(batch: Batch) -> list[Any]:
    """What stands for the parameters of `APPLY`, in the order of the function's declaration."""
    at = batch.at
    return [
        at.part,
        at.epoch,
        at.batch_seq,
        at.next_offset,
        batch.next_offset,
        batch.tail_hash,
        batch.last_now_ms,
        batch.published_seq,
        batch.decided_at_ms,
        batch.decider_version,
        batch.chain,
        batch.payload,
        *_columns(batch.freed, _numbers, _numbers, _blobs),
        *_columns(batch.moved, _numbers, _numbers, _blobs, _blobs),
        *_columns(batch.taken, _numbers, _numbers, _blobs),
        *_columns(batch.areas, _numbers, _numbers, _numbers, _numbers),
        *_born(batch.born),
        *_changed(batch.changed, reshaped=bool(batch.reshaped)),
        *_columns(batch.payments, _numbers, _texts, _texts, _blobs, _numbers, _flags, _numbers, _numbers),
        *_shows_born(batch.shows_born),
        *_columns(_areas_born(batch.shows_born), _numbers, _numbers, _numbers, _numbers),
        *_columns(batch.shows_changed, _numbers, _numbers, _numbers, _texts),
        *_columns(batch.rewritten, _texts, _blobs),
        *_columns(batch.dead, _numbers, _texts, _blobs),
    ]


def _columns(rows: Sequence[tuple[Any, ...]], *writers: Callable[[Any], str]) -> list[str]:
    """Each column of `rows` as its writer writes it."""
    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * len(writers)
    return [write(column) for write, column in zip(writers, columns, strict=True)]


def _numbers(column: Iterable[int]) -> str:
    return "{" + ",".join(map(str, column)) + "}"


def _flags(column: Sequence[bool]) -> str:
    return "{" + ",".join("t" if flag else "f" for flag in column) + "}"


def _texts(column: Sequence[str]) -> str:
    joined = '","'.join(column)
    if joined.count('"') > 2 * len(column) - 2 or "\\" in joined:
        joined = '","'.join(text.replace("\\", "\\\\").replace('"', '\\"') for text in column)
    return '{"' + joined + '"}' if column else "{}"


def _blobs(column: Sequence[bytes]) -> str:
    return '{"\\\\x' + '","\\\\x'.join(map(bytes.hex, column)) + '"}' if column else "{}"


_short_numbers = lru_cache(4096)(_numbers)
"""For what is the same with nearly every reservation: prices."""


@lru_cache(4096)
def _areas(areas: tuple[AreaCount, ...]) -> str:
    """As `_short_numbers`, for places in areas."""
    return _numbers(chain.from_iterable(areas))


def _born(born: Sequence[tuple[int, Record]]) -> list[str]:
    """The columns of new reservations; those in which all are as in a new hold are left out."""
    records = [record for _, record in born]
    rows = [record.reservation for record in records]
    return [
        _numbers([show for show, _ in born]),
        _blobs([row.id for row in rows]),
        _texts(_unless_all(ReservationStatus.HELD, [row.status for row in rows])),
        _numbers(_unless_all(1, [row.version for row in rows])),
        _texts([row.account for row in rows]),
        _texts([row.person for row in rows]),
        _texts([_numbers(row.seats) if row.seats else "{}" for row in rows]),
        _texts([_areas(row.areas) if row.areas else "{}" for row in rows]),
        _texts([_short_numbers(row.prices) for row in rows]),
        _numbers([row.amount for row in rows]),
        _numbers([row.held_at_ms for row in rows]),
        _numbers([row.expires_at_ms for row in rows]),
        _numbers([row.hold_s for row in rows]),
        _numbers(_unless_all(0, [row.booked_at_ms for row in rows])),
        _texts(_unless_all("", [row.external_id for row in rows])),
        _numbers(_unless_all(0, [row.payment_until_ms for row in rows])),
        _blobs([record.fingerprint for record in records]),
        _blobs(_unless_all(b"", [pack_recent(record) for record in records])),
        _flags(_unless_all(False, [row.noted for row in rows])),
        _bound(rows),
    ]


def _unless_all(usual: T, column: list[T]) -> list[T]:
    return [] if column.count(usual) == len(column) else column


def _changed(changed: Sequence[tuple[int, int, Record]], *, reshaped: bool) -> list[str]:
    rows = [record.reservation for _, _, record in changed]
    return [
        _numbers([show for show, _, _ in changed]),
        _blobs([row.id for row in rows]),
        _numbers([version for _, version, _ in changed]),
        _texts([row.status for row in rows]),
        _numbers([row.version for row in rows]),
        _numbers([row.expires_at_ms for row in rows]),
        _numbers([row.booked_at_ms for row in rows]),
        _blobs([pack_recent(record) for _, _, record in changed]),
        _numbers(_unless_all(0, [row.payment_until_ms for row in rows])),
        *(_places(rows) if reshaped else NO_PLACES),
        _bound(rows),
    ]


def _bound(rows: Sequence[Reservation]) -> str:
    bound = _unless_all((), [row.bound for row in rows])
    return _texts([_texts(names) for names in bound])


NO_PLACES = ("{}", "{}", "{}", "{}")


def _places(rows: Sequence[Reservation]) -> list[str]:
    """Seats, areas, prices and amounts."""
    return [
        _texts([_numbers(row.seats) for row in rows]),
        _texts([_numbers(chain.from_iterable(row.areas)) for row in rows]),
        _texts([_numbers(row.prices) for row in rows]),
        _numbers([row.amount for row in rows]),
    ]


def _shows_born(shows: Sequence[BornShow]) -> list[str]:
    terms = [born.terms for born in shows]
    return [
        _numbers([it.show for it in terms]),
        _texts([born.status for born in shows]),
        _numbers([born.seq for born in shows]),
        _texts([it.layout_id for it in terms]),
        _blobs([it.layout_sha256 for it in terms]),
        _texts([it.currency for it in terms]),
        _numbers([it.starts_at_ms for it in terms]),
        _numbers([it.opens_at_ms for it in terms]),
        _numbers([it.closes_at_ms for it in terms]),
        _texts([msgspec.json.encode(it.prices).decode() for it in terms]),
        _texts([msgspec.json.encode(it.policy).decode() for it in terms]),
        _numbers([it.opened_at_ms for it in terms]),
        _texts([msgspec.json.encode(it.allocations).decode() for it in terms]),
        _blobs([born.orders for born in shows]),
    ]


def _areas_born(shows: Sequence[BornShow]) -> list[tuple[int, int, int, int]]:
    return [
        (born.terms.show, number, capacity, taken)
        for born in shows
        for number, (capacity, taken) in enumerate(born.areas)
    ]
