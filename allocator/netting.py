"""From a batch's draft to what `apply_batch()` is given: the difference between before and after, each row once."""

import hashlib
from dataclasses import dataclass, field

import msgspec

from allocator.draft import Draft, Record, ShowDraft, Verdict
from allocator.stock import PartitionState, ShowStock
from allocator.terms import ShowTerms
from ticketing import messages

NEW_PAYMENT = -1


@dataclass(frozen=True, slots=True)
class Position:
    """What a decider believes the cursor to be: the fence of every write."""

    part: int
    epoch: int
    batch_seq: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class BornShow:
    terms: ShowTerms
    status: str
    seq: int
    areas: tuple[tuple[int, int], ...]
    """`(capacity, taken)` of each area, in order."""
    orders: bytes = b""


@dataclass(frozen=True, slots=True)
class Batch:
    """One call of `apply_batch()`. Tuples stand in the order of that function's arrays."""

    at: Position
    next_offset: int
    tail_hash: bytes
    last_now_ms: int
    published_seq: int
    decided_at_ms: int
    decider_version: int
    chain: bytes
    payload: bytes
    freed: list[tuple[int, int, bytes]] = field(default_factory=list)
    """`(show, seat, old owner)`"""
    moved: list[tuple[int, int, bytes, bytes]] = field(default_factory=list)
    """`(show, seat, old owner, new owner)`"""
    taken: list[tuple[int, int, bytes]] = field(default_factory=list)
    """`(show, seat, new owner)`"""
    areas: list[tuple[int, int, int, int]] = field(default_factory=list)
    """`(show, area, taken before, taken after)`"""
    born: list[tuple[int, Record]] = field(default_factory=list)
    """`(show, reservation)`"""
    changed: list[tuple[int, int, Record]] = field(default_factory=list)
    """`(show, version before, reservation)`"""
    reshaped: list[bytes] = field(default_factory=list)
    """Those of `changed` that have other places than before; if there are any, the places of all are written."""
    payments: list[tuple[int, str, str, bytes, int, bool, int, int]] = field(default_factory=list)
    """`(show, provider, reference, reservation, amount, accepted, refund due before, refund due)`; the one before is
    `NEW_PAYMENT` where the payment was not known."""
    shows_born: list[BornShow] = field(default_factory=list)
    shows_changed: list[tuple[int, int, int, str]] = field(default_factory=list)
    """`(show, seq before, seq after, status)`"""
    rewritten: list[tuple[str, bytes]] = field(default_factory=list)
    """`(what can change of the terms, orders)` of each of `shows_changed`; none where all have the same as before."""
    dead: list[tuple[int, str, bytes]] = field(default_factory=list)
    """`(offset, code, raw record)`"""
    lost_in_a_row: int = 0
    """How many of its commands were refused by `losing.lose_in_a_row`."""
    traces: list[bytes] = field(default_factory=list)
    """Of its commands that are traced."""


def tail_hash(append_ms: int, value: bytes) -> bytes:
    """What the cursor keeps of the last decided record, so that a log that lost its tail is noticed."""
    return hashlib.sha256(append_ms.to_bytes(8) + value).digest()


def next_chain(chain: bytes, payload: bytes) -> bytes:
    """The link of one more batch: sha256 of the previous link and the payload."""
    return hashlib.sha256(chain + payload).digest()


def net(state: PartitionState, draft: Draft, batch: Batch) -> Batch:
    """Fill `batch` with what the draft changed, as the difference between the draft's "before" and the state's now.

    What was taken and freed again within the batch leaves no trace in the stock, only in the outcomes.
    """
    for show, touched in draft.shows.items():
        _net_show(show, state.shows[show], touched, batch)
    if any(touched.rewritten for touched in draft.shows.values()):
        changed = [state.shows[show] for show, _, _, _ in batch.shows_changed]
        batch.rewritten.extend((stock.terms.changeable(), pack_verdicts(stock.orders)) for stock in changed)
    batch.dead.extend(draft.dead)
    batch.traces.extend(draft.traces)
    return batch


def _net_show(show: int, stock: ShowStock, touched: ShowDraft, batch: Batch) -> None:
    for seat, before in touched.seats.items():
        now = stock.owners.get(seat)
        if before is None and now is not None:
            batch.taken.append((show, seat, now))
        elif before is not None and now is None:
            batch.freed.append((show, seat, before))
        elif before is not None and now is not None and before != now:
            batch.moved.append((show, seat, before, now))
    if touched.seq is None:
        areas = tuple((area.capacity, taken) for area, taken in zip(stock.layout.areas, stock.area_taken, strict=True))
        batch.shows_born.append(BornShow(stock.terms, stock.status, stock.seq, areas, pack_verdicts(stock.orders)))
    else:
        batch.shows_changed.append((show, touched.seq, stock.seq, stock.status))
        for area, taken_before in touched.areas.items():
            taken = stock.area_taken[area]
            if taken != taken_before:
                batch.areas.append((show, area, taken_before, taken))
    batch.reshaped.extend(touched.reshaped)
    for version, record in touched.reservations.values():
        if version is None:
            batch.born.append((show, record))
        else:
            batch.changed.append((show, version, record))
    for name, refund_before in touched.payments.items():
        paid = stock.payments.by_name[name]
        due_before = NEW_PAYMENT if refund_before is None else refund_before
        batch.payments.append((show, *name, paid.reservation, paid.amount, paid.accepted, due_before, paid.refund_due))


def pack_recent(record: Record) -> bytes:
    """The column `reservation.recent`: empty as long as nothing changed the reservation."""
    return pack_verdicts(record.recent)


def pack_verdicts(verdicts: tuple[Verdict, ...]) -> bytes:
    """Command keys with their verdicts as a column holds them."""
    return msgspec.msgpack.encode(verdicts) if verdicts else b""


def unpack_verdicts(raw: bytes) -> tuple[Verdict, ...]:
    """The verdicts in the columns `reservation.recent` and `show.orders`."""
    return msgspec.msgpack.decode(raw, type=tuple[tuple[bytes, bytes, str], ...]) if raw else ()


PACKED_BYTES_MAX = 3 * 1024 * 1024
PACKED_AT_ONCE = 100
"""Outcomes, of a few kB at most: by so much a batch may be larger."""


class Packing:
    """A batch's payload, encoded in runs while the batch grows: outcome by outcome would cost twice as much."""

    def __init__(self) -> None:
        self._runs: list[bytes] = []
        self.count = 0
        """Outcomes packed so far."""
        self.size_bytes = 0

    def catch_up(self, outcomes: list[messages.AnyOutcome]) -> None:
        """Pack what `outcomes`, the batch's so far, has more than at the last time."""
        news = outcomes[self.count :]
        run = messages.encode_outcomes(news)[len(_head(len(news))) :]
        self._runs.append(run)
        self.count = len(outcomes)
        self.size_bytes += len(run)

    @property
    def is_full(self) -> bool:
        """Whether the batch is to be sealed, however few records it has."""
        return self.size_bytes >= PACKED_BYTES_MAX

    def payload(self) -> bytes:
        """All of them, as `encode_outcomes` would write them at once."""
        return _head(self.count) + b"".join(self._runs)


def _head(count: int) -> bytes:
    """How an array of `count` elements begins in MessagePack."""
    if count < 2**4:
        return bytes([0x90 | count])
    return b"\xdc" + count.to_bytes(2) if count < 2**16 else b"\xdd" + count.to_bytes(4)
