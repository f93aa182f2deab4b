"""The tables of the stock as dicts, and `apply_batch()` over them: the same rules as infra/postgres/0002, in Python.

Shared by every `MemoryStore` of a world, as one database is by all connections. A rule that only this file or only the
SQL knows is a defect: tests/contract/test_store.py puts both through one suite.
"""

from collections.abc import Hashable, Iterable
from typing import Any

from allocator.draft import Record
from allocator.errors import DataRefused, MemoryDiffers
from allocator.netting import Batch, Position, pack_recent
from allocator.ownership import Seat
from tests.simulation.memory_rows import (
    Row,
    checked,
    differ,
    first_cursor,
    payment_row,
    places_of,
    record_row,
    refuse_arguments,
    rewritten,
    show_row,
)
from ticketing.clock import Clock

LEASE_MS = 3_000
KEPT = ("layouts", "show", "area", "seat_taken", "reservation", "payment", "outcome_log", "dead_letter")
"""What a backup holds beside the cursors."""

Key = tuple[Hashable, ...]
Step = tuple[int, int, int, int | None]
"""A row of decided_before: `(part, log_gen, first_offset, decided_at_ms)`."""


class Tables:
    """One database. `table[key]` is a row with the columns of the real table; the key is its primary key."""

    def __init__(self, clock: Clock, partitions: int = 1, history_id: str = "history") -> None:
        self.clock = clock
        self.history_id = history_id
        self.cursor: dict[int, Row] = {part: first_cursor(part) for part in range(partitions)}
        self.member: dict[str, Row] = {}
        """By owner: `has_backend`, whether the connection that renews its leases is still there; `seen_until`."""
        self.layouts: dict[str, tuple[bytes, bytes]] = {}
        """Id -> (sha256, document)."""
        self.show: dict[Key, Row] = {}
        self.area: dict[Key, Row] = {}
        self.seat_taken: dict[Key, Row] = {}
        self.reservation: dict[Key, Row] = {}
        self.payment: dict[Key, Row] = {}
        self.outcome_log: dict[Key, Row] = {}
        self.dead_letter: dict[Key, Row] = {}
        self.decided_before: list[Step] = []

    def transaction(self) -> "Transaction":
        """What one call changes, with the checks on the way."""
        return Transaction()

    def is_current(self, cursor: Row, at: Position) -> bool:
        """The fence: whether the caller still is where the cursor stands."""
        return bool(
            cursor["epoch"] == at.epoch
            and cursor["batch_seq"] == at.batch_seq
            and cursor["next_offset"] == at.next_offset
        )

    def renew(self, owner: str, leases: Iterable[tuple[int, int, int]]) -> frozenset[int]:
        """What `Membership.renew` does with `(part, epoch, published batch)` each; the parts that were renewed."""
        lease_until = self.clock.now_ms() + LEASE_MS
        self.member[owner] = {"has_backend": True, "seen_until": lease_until}
        renewed = set()
        for part, epoch, published_seq in leases:
            cursor = self.cursor[part]
            if cursor["epoch"] == epoch:
                cursor["lease_until"] = lease_until
                cursor["published_seq"] = max(cursor["published_seq"], published_seq)
                renewed.add(part)
        return frozenset(renewed)

    def look(self) -> tuple[list[Seat], list[str]]:
        """What `Membership.look` reads: the partitions as they are owned, and who is alive."""
        seats = [Seat(part, row["owner"], self._is_claimable(row)) for part, row in sorted(self.cursor.items())]
        now_ms = self.clock.now_ms()
        living = [owner for owner, row in self.member.items() if row["has_backend"] and row["seen_until"] > now_ms]
        return seats, living

    def leave(self, owner: str) -> None:
        """What `Membership.leave` does."""
        self.member.pop(owner, None)

    def claim(self, part: int, owner: str) -> Row | None:
        """The cursor under a new epoch; None where somebody else lives on it."""
        cursor = self.cursor[part]
        if cursor["owner"] != owner and not self._is_claimable(cursor):
            return None
        cursor.update(epoch=cursor["epoch"] + 1, owner=owner, lease_until=self.clock.now_ms() + LEASE_MS)
        return cursor

    def backup(self) -> "Tables":
        """All of it as it is now. Rows are never changed in place, but for the cursor's."""
        copy = Tables(self.clock, history_id=self.history_id)
        copy.cursor = {part: dict(row) for part, row in self.cursor.items()}
        for name in KEPT:
            setattr(copy, name, dict(getattr(self, name)))
        return copy

    def restore(self, backup: "Tables", history_id: str, decided_before: list[Step]) -> None:
        """Be what `backup` was, after `begin_history()`: whoever owned a partition is fenced, however late it wakes."""
        self.history_id = history_id
        freed = {"owner": None, "lease_until": 0}
        self.cursor = {part: {**row, "epoch": row["epoch"] + 10**9, **freed} for part, row in backup.cursor.items()}
        for name in KEPT:
            setattr(self, name, dict(getattr(backup, name)))
        self.member = {}
        self.decided_before = decided_before

    def steps(self, part: int) -> list[tuple[int, int | None]]:
        """What a claim reads of decided_before: nothing, once the cursor has passed the last of it."""
        cursor = self.cursor[part]
        steps = sorted(step[2:] for step in self.decided_before if step[:2] == (part, cursor["log_gen"]))
        return steps if steps and cursor["next_offset"] < steps[-1][0] else []

    def _is_claimable(self, cursor: Row) -> bool:
        owner = cursor["owner"]
        is_gone = owner in self.member and not self.member[owner]["has_backend"]
        return owner is None or is_gone or bool(cursor["lease_until"] < self.clock.now_ms())

    def apply(self, batch: Batch) -> int | None:
        """`apply_batch()`: all of it or nothing.

        Raises:
            DataRefused: a value that its column cannot hold.
            MemoryDiffers: a count that differs, a key or a check that is violated.
        """
        refuse_arguments(batch)
        part = batch.at.part
        cursor = self.cursor[part]
        if not self.is_current(cursor, batch.at):
            return None
        transaction = self.transaction()
        try:
            self._apply(batch, transaction, cursor)
        except (DataRefused, MemoryDiffers):
            transaction.roll_back()
            raise
        return self.clock.now_ms()

    def _apply(self, batch: Batch, transaction: "Transaction", cursor: Row) -> None:
        part, log_gen, seq = batch.at.part, cursor["log_gen"], cursor["batch_seq"] + 1
        moved_on = {
            **cursor,
            "batch_seq": seq,
            "next_offset": batch.next_offset,
            "tail_hash": batch.tail_hash,
            "last_now_ms": batch.last_now_ms,
            "published_seq": max(cursor["published_seq"], batch.published_seq),
            "chain": batch.chain,
            "lease_until": self.clock.now_ms() + LEASE_MS,
        }
        transaction.put(self.cursor, part, moved_on)
        self._apply_seats(batch, transaction)
        for born in batch.shows_born:
            transaction.insert(self.show, (part, born.terms.show), show_row(part, born))
        for born in batch.shows_born:
            for area_no, (capacity, taken) in enumerate(born.areas):
                area = {"part": part, "show_id": born.terms.show, "area_no": area_no, "capacity": capacity}
                transaction.insert(self.area, (part, born.terms.show, area_no), checked(area, taken))
        for show, area_no, old, new in batch.areas:
            row = transaction.change(self.area, (part, show, area_no), "taken", old)
            transaction.put(self.area, (part, show, area_no), checked(row, new))
        for show, record in batch.born:
            transaction.insert(self.reservation, (part, show, record.reservation.id), record_row(part, show, record))
        for show, version, record in batch.changed:
            self._change_reservation(
                (part, show, record.reservation.id), version, record, transaction, reshaped=bool(batch.reshaped)
            )
        for show, provider, reference, reservation, amount, accepted, refund_before, refund in batch.payments:
            key = part, show, provider, reference
            row = payment_row(*key, reservation, amount, accepted, refund)
            if refund_before < 0:
                transaction.insert(self.payment, key, row)
            else:
                before = transaction.change(self.payment, key, "refund_due", refund_before)
                if before.get("reservation_id") != reservation:
                    differ(f"XX001: {key} is another reservation's")
                transaction.put(self.payment, key, {**before, "refund_due": refund})
        if batch.rewritten and len(batch.rewritten) != len(batch.shows_changed):
            differ("XX001: columns of another length")
        for nth, (show, old_seq, show_seq, status) in enumerate(batch.shows_changed):
            row = transaction.change(self.show, (part, show), "seq", old_seq)
            others = rewritten(*batch.rewritten[nth]) if batch.rewritten else {}
            transaction.put(self.show, (part, show), {**row, "seq": show_seq, "status": status, **others})
        logged = {
            "part": part,
            "batch_seq": seq,
            "log_gen": log_gen,
            "first_offset": batch.at.next_offset,
            "next_offset": batch.next_offset,
            "decided_at_ms": batch.decided_at_ms,
            "decider_version": batch.decider_version,
            "chain": batch.chain,
            "payload": batch.payload,
        }
        transaction.insert(self.outcome_log, (part, seq), logged)
        for offset, code, raw in batch.dead:
            dead = {"part": part, "log_gen": log_gen, "log_offset": offset, "code": code, "raw": raw}
            transaction.insert(self.dead_letter, (part, log_gen, offset), dead)

    def _apply_seats(self, batch: Batch, transaction: "Transaction") -> None:
        part = batch.at.part
        for show, seat, old in batch.freed:
            key = part, show, seat
            transaction.change(self.seat_taken, key, "reservation_id", old)
            transaction.remove(self.seat_taken, key)
        transaction.next_statement()
        for show, seat, old, new in batch.moved:
            key = part, show, seat
            row = transaction.change(self.seat_taken, key, "reservation_id", old)
            transaction.put(self.seat_taken, key, {**row, "reservation_id": new})
        transaction.next_statement()
        for show, seat, new in batch.taken:
            row = {"part": part, "show_id": show, "seat_no": seat, "reservation_id": new}
            transaction.insert(self.seat_taken, (part, show, seat), row)

    def _change_reservation(
        self, key: Key, version: int, record: Record, transaction: "Transaction", *, reshaped: bool
    ) -> None:
        row = transaction.change(self.reservation, key, "version", version)
        it = record.reservation
        changed = {
            "status": it.status,
            "version": it.version,
            "expires_at_ms": it.expires_at_ms,
            "booked_at_ms": it.booked_at_ms,
            "recent": pack_recent(record),
            "payment_until_ms": it.payment_until_ms,
            "bound": list(it.bound),
        }
        if reshaped:
            changed |= places_of(it)
        transaction.put(self.reservation, key, {**row, **changed})


class Transaction:
    """Every row as it was before, to be put back."""

    def __init__(self) -> None:
        self._before: list[tuple[dict[Any, Row], Hashable, Row | None]] = []
        self._touched: set[tuple[int, Hashable]] = set()

    def insert(self, table: dict[Any, Row], key: Hashable, row: Row) -> None:
        if key in table:
            differ(f"23505: {key} is there already")
        self.put(table, key, row)

    def change(self, table: dict[Any, Row], key: Hashable, column: str, expected: object) -> Row:
        """The row to change, where `column` must be as expected; one statement finds a row only once."""
        row = table.get(key)
        if row is None or row[column] != expected or (id(table), key) in self._touched:
            differ(f"XX001: {key} is not as it was")
        self._touched.add((id(table), key))
        return row

    def next_statement(self) -> None:
        self._touched.clear()

    def put(self, table: dict[Any, Row], key: Hashable, row: Row) -> None:
        self._before.append((table, key, table.get(key)))
        table[key] = row

    def remove(self, table: dict[Any, Row], key: Hashable) -> None:
        self._before.append((table, key, table.pop(key)))

    def roll_back(self) -> None:
        for table, key, row in reversed(self._before):
            if row is None:
                del table[key]
            else:
                table[key] = row
