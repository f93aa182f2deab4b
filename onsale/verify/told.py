"""Holds what clients were told against the log of outcomes and the table of reservations."""

from bisect import bisect_left
from collections import defaultdict

from onsale.verify.client_history import ClientHistory
from onsale.verify.history import LoggedBatch
from onsale.verify.reading import ROWS_PER_FETCH, Connection
from ticketing.messages import AnyOutcome, Undecodable, decode_outcomes

STATUSES = """
SELECT r.show_id, r.reservation_id, r.status
FROM unnest($1::bigint[], $2::bytea[]) AS wanted (show_id, reservation_id)
JOIN show s USING (show_id)
JOIN reservation r ON r.part = s.part AND r.show_id = s.show_id AND r.reservation_id = wanted.reservation_id
"""
CURSORS = "SELECT part, log_gen, next_offset FROM allocator_cursor"


class WhatWasTold:
    """See `reading.Companion`."""

    def __init__(self, history: ClientHistory) -> None:
        self._history = history
        wanted: dict[tuple[int, int], list[int]] = defaultdict(list)
        for part, log_gen, offset in history.requests:
            wanted[part, log_gen].append(offset)
        self._wanted = {where: sorted(offsets) for where, offsets in wanted.items()}
        self._open = set(history.requests)
        self._cursors: dict[int, tuple[int, int]] = {}
        self._statuses: dict[tuple[int, bytes], str] = {}

    async def begin_part(self, connection: Connection, part: int) -> None:
        """Nothing to prepare."""

    async def read_batch(self, connection: Connection, batch: LoggedBatch) -> None:
        """Judge the requests that this batch has decided."""
        offsets = self._wanted.get((batch.part, batch.log_gen), [])
        first, end = bisect_left(offsets, batch.first_offset), bisect_left(offsets, batch.next_offset)
        if first == end:
            return
        found: dict[int, list[AnyOutcome]] = defaultdict(list)
        try:
            for outcome in decode_outcomes(batch.payload):
                found[outcome.offset].append(outcome)
        except Undecodable:
            # Check `payload` has told it; here it means that these requests have no outcome.
            found.clear()
        for offset in offsets[first:end]:
            place = (batch.part, batch.log_gen, offset)
            self._open.discard(place)
            self._history.judge_request(place, found[offset])

    async def finish(self, connection: Connection) -> None:
        """Note how far this cluster has decided, and what it knows of the reservations."""
        for row in await connection.fetch(CURSORS):
            self._cursors[row["part"]] = row["log_gen"], row["next_offset"]
        claimed = list(self._history.claims)
        for start in range(0, len(claimed), ROWS_PER_FETCH):
            some = claimed[start : start + ROWS_PER_FETCH]
            rows = await connection.fetch(STATUSES, [show for show, _ in some], [key for _, key in some])
            self._statuses |= {(row["show_id"], row["reservation_id"]): row["status"] for row in rows}

    def conclude(self) -> None:
        """Judge the requests that no batch has decided, the reservations, and the reads."""
        for place in sorted(self._open):
            part, log_gen, offset = place
            at = self._cursors.get(part)
            if at is not None and log_gen == at[0] and offset >= at[1]:
                # It waits in the log. A client that was told a verdict all the same was told a lie.
                self._history.judge_waiting(place)
            else:
                self._history.judge_request(place, [])
        self._history.judge_statuses(list(self._history.claims), self._statuses)
        self._history.judge_reads()
