"""Where the log ends, compared with what the tables hold. Pure: rows in, violations out.

Rows come one after the other and are struck off the history; what is left at the end is missing from the table.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from onsale.verify.findings import Check, Findings
from onsale.verify.history import CHAIN_START, PartHistory, digest
from onsale.verify.money import PaymentLife
from ticketing.layout import Layout, decode_layout
from ticketing.messages import Policy, Reservation
from ticketing.vocabulary import reservation_text, show_text


@dataclass(frozen=True, slots=True)
class CursorRow:
    """One row of `allocator_cursor`, as far as the log says what it must be."""

    batch_seq: int
    next_offset: int
    log_gen: int
    published_seq: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class ShowRow:
    """One row of `show`; `policy`, `prices` and `allocations` are JSON."""

    show: int
    status: str
    seq: int
    layout: str
    layout_sha256: bytes
    currency: str
    policy: str
    prices: str
    allocations: str


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One row of `area`."""

    show: int
    area: int
    capacity: int
    taken: int


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One row of `payment`."""

    show: int
    provider: str
    reference: str
    reservation: bytes
    amount: int
    accepted: bool = True
    refund_due: int = 0


def compare_cursor(history: PartHistory, row: CursorRow | None) -> None:
    """The cursor of the partition stands where its log ends."""
    findings, where = history.findings, f"part {history.part}"
    if row is None:
        if history.batch_seq:
            findings.add(Check.CURSOR_TABLE, where, f"has no cursor, and {history.batch_seq} batches")
        return
    if row.batch_seq != history.batch_seq:
        findings.add(Check.CURSOR_TABLE, where, f"stands at batch {row.batch_seq}, the log at {history.batch_seq}")
    # After a lost end of the log the cursor moves to the new generation before its first batch.
    if row.log_gen == history.log_gen and row.next_offset != history.next_offset:
        said = f"stands at offset {row.next_offset}, the log at {history.next_offset}"
        findings.add(Check.CURSOR_TABLE, where, said)
    if row.log_gen < history.log_gen:
        findings.add(Check.CURSOR_TABLE, where, f"is of log_gen {row.log_gen}, the log of {history.log_gen}")
    if row.published_seq > row.batch_seq:
        findings.add(Check.CURSOR_TABLE, where, f"has published {row.published_seq} of {row.batch_seq} batches")
    if row.chain != history.chain:
        ends = "begins" if history.chain == CHAIN_START else "ends"
        said = f"has chain {row.chain.hex()[:16]}…, the log {ends} with {history.chain.hex()[:16]}…"
        findings.add(Check.CHAIN, where, said)


class TableComparison:
    """Rows of one partition against its history: the `row_…` in any number, then `finish`."""

    def __init__(self, history: PartHistory) -> None:
        self._history = history
        self._findings: Findings = history.findings
        self._layouts: dict[int, Layout] = {}
        self.reservations = 0

    def show_row(self, row: ShowRow, layout_document: bytes | None) -> None:
        """A show, with the stored document of the layout that it names."""
        self._take_layout(row, layout_document)
        where = show_text(row.show)
        life = self._history.shows.pop(row.show, None)
        if life is None:
            self._findings.add(Check.SHOW_TABLE, where, "is in the table, and not in the log")
            return
        pairs: list[tuple[str, object, object]] = [
            ("status", row.status, life.status),
            ("seq", row.seq, life.seq),
            ("layout", row.layout, life.layout),
            ("currency", row.currency, life.currency),
            ("policy", _read(row.policy, Policy), life.policy),
            ("allocations", _read(row.allocations, dict[str, dict[str, int]]), life.allocations),
            ("prices", _read(row.prices, dict[str, int]), life.prices),
        ]
        for name, stored, logged in pairs:
            if stored != logged:
                self._findings.add(Check.SHOW_TABLE, where, f"{name} is {stored}, by the log {logged}")

    def area_row(self, row: AreaRow) -> None:
        """An area, after the shows."""
        where = f"{show_text(row.show)} area {row.area}"
        taken = self._history.area_taken.pop((row.show, row.area), 0)
        if row.taken != taken:
            self._findings.add(Check.AREA_TABLE, where, f"{row.taken} taken, by the log {taken}")
        layout = self._layouts.get(row.show)
        if layout is not None:
            planned = layout.areas[row.area].capacity if row.area < len(layout.areas) else 0
            if row.capacity != planned:
                self._findings.add(Check.LAYOUT, where, f"holds {row.capacity}, by the layout {planned}")

    def seat_row(self, show: int, seat: int, reservation: bytes) -> None:
        """A seat that is taken, after the shows."""
        where = f"{show_text(show)} seat {seat}"
        owner = self._history.seat_owner.pop((show, seat), None)
        if owner != reservation:
            by_log = "nobody" if owner is None else reservation_text(show, owner)
            said = f"belongs to {reservation_text(show, reservation)}, by the log to {by_log}"
            self._findings.add(Check.SEAT_TABLE, where, said)
        layout = self._layouts.get(show)
        if layout is not None and seat >= len(layout.seats):
            self._findings.add(Check.LAYOUT, where, f"is taken, and the layout has {len(layout.seats)} seats")

    def reservation_row(self, show: int, row: Reservation) -> None:
        """A reservation."""
        self.reservations += 1
        where = reservation_text(show, row.id)
        live = self._history.live.pop((show, row.id), None)
        ended = self._history.ended.pop((show, row.id), None)
        if live is not None:
            for name in row.__struct_fields__:
                stored, logged = getattr(row, name), getattr(live, name)
                if stored != logged:
                    self._findings.add(Check.RESERVATION_TABLE, where, f"{name} is {stored}, by the log {logged}")
        elif ended is None:
            self._findings.add(Check.RESERVATION_TABLE, where, "is in the table, and not in the log")
        elif (row.status, row.version) != (ended.status, ended.version):
            said = f"is {row.status} version {row.version}, by the log {ended.status} version {ended.version}"
            self._findings.add(Check.RESERVATION_TABLE, where, said)
        elif digest(row) != ended.digest:
            self._findings.add(Check.RESERVATION_TABLE, where, "reads differently in the log")

    def payment_row(self, row: PaymentRow) -> None:
        """A payment."""
        where = f"{show_text(row.show)} payment {row.provider} {row.reference}"
        logged = self._history.money.payments.pop((row.show, row.provider, row.reference), None)
        stored = PaymentLife(row.reservation, row.amount, row.accepted, row.refund_due)
        if logged is None:
            self._findings.add(Check.PAYMENT_TABLE, where, "is in the table, and not in the log")
        elif logged != stored:
            said = f"{_about(row.show, stored)}, by the log {_about(row.show, logged)}"
            self._findings.add(Check.PAYMENT_TABLE, where, said)

    def finish(self) -> None:
        """What the log has and no row was given for."""
        history, add = self._history, self._findings.add
        for show in history.shows:
            add(Check.SHOW_TABLE, show_text(show), "is in the log, and not in the table")
        for (show, area), taken in history.area_taken.items():
            if taken:
                said = f"{taken} taken by the log, and no row in the table"
                add(Check.AREA_TABLE, f"{show_text(show)} area {area}", said)
        for (show, seat), owner in history.seat_owner.items():
            said = f"belongs to {reservation_text(show, owner)} by the log, to nobody in the table"
            add(Check.SEAT_TABLE, f"{show_text(show)} seat {seat}", said)
        for show, reservation in (*history.live, *history.ended):
            add(Check.RESERVATION_TABLE, reservation_text(show, reservation), "is in the log, and not in the table")
        for show, provider, reference in history.money.payments:
            where = f"{show_text(show)} payment {provider} {reference}"
            add(Check.PAYMENT_TABLE, where, "is in the log, and not in the table")

    def _take_layout(self, row: ShowRow, document: bytes | None) -> None:
        if document is None:
            self._findings.add(Check.LAYOUT, show_text(row.show), f"layout {row.layout} is missing")
            return
        try:
            self._layouts[row.show] = decode_layout(document, row.layout_sha256)
        except ValueError as error:
            self._findings.add(Check.LAYOUT, show_text(row.show), str(error))


def _about(show: int, paid: PaymentLife) -> str:
    what = "pays" if paid.accepted else "came in vain:"
    return f"{what} {paid.amount} for {reservation_text(show, paid.reservation)}, {paid.refund_due} due back"


def _read(text: str, kind: Any) -> object:
    """What the JSON says; where it does not say anything of that kind, the text itself."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError:
        return text
