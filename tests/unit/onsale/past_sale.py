"""A sale that real desks have decided, in memory: its log of commands, its batches, its dead letters."""

import hashlib
import random
from dataclasses import dataclass, field, replace

import msgspec

from allocator.errors import DataRefused
from onsale.verify.findings import REPLAYED, Findings
from onsale.verify.history import LoggedBatch
from onsale.verify.log_range import Generation, LogRange, Replayed
from onsale.verify.replay import DeadLetters, Kept, PartReplay
from onsale.verify.replaying import opening
from tests.simulation.crowd import COSTLY_SHOW, LAYOUT, LAYOUT_ID, SHA256, SHOWS, Crowd
from tests.simulation.crowd import opening as open_show
from tests.simulation.memory_log import MemoryRecord
from tests.simulation.memory_rows import Row
from tests.unit.allocator.desk_room import T0, Room, hold, settle
from ticketing.messages import AnyOutcome, ExpireHolds, decode_outcomes, encode_outcomes

PART = 0


async def crowded_room(seed: int, *, rounds: int = 60) -> Room:
    """Decided by one desk after the other: each finds out from the tables what the one before it knew."""
    room = Room()
    rng = random.Random(seed)
    crowd = Crowd(rng)
    room.say(open_show(SHOWS[1], T0), open_show(COSTLY_SHOW, T0))
    desk = await room.desk()
    for number in range(rounds):
        moved_ms = rng.randrange(-200, 6_000)
        for clock in (room.database, room.broker, room.own):
            clock.advance(moved_ms)
        for _ in range(rng.randrange(1, 12)):
            room.commands.append(crowd.ask(room.broker.now_ms())[1])
        if rng.random() < 0.5:
            room.say(_expiry(room))
        if number == rounds // 2:
            room.say(hold(number, 0, 1, show=COSTLY_SHOW))  # which no table can keep
        while room.tables.cursor[PART]["next_offset"] < room.commands.end:
            try:
                await settle(desk)
            except DataRefused:
                # Half as many at a time, until the record that cannot be kept stands alone and is rejected by force.
                desk = await room.successor(f"owner {number} of {room.tables.cursor[PART]['epoch']}")
        if number % 20 == 0:
            desk = await room.successor(f"owner {number}")
    return room


def _expiry(room: Room) -> ExpireHolds:
    """What the expiry worker would propose, too early for some."""
    holds = tuple(
        (row["reservation_id"], row["version"])
        for row in room.tables.reservation.values()
        if row["show_id"] == SHOWS[0] and row["status"] == "held"
    )
    now_ms = room.broker.now_ms()
    return ExpireHolds(show=SHOWS[0], key=bytes(16), sent_at_ms=now_ms, account="system", keyed=False, holds=holds)


@dataclass
class PastSale:
    """What is left of it: the rows, and the log as far as it is kept."""

    batches: list[LoggedBatch]
    records: dict[int, MemoryRecord]
    dead: DeadLetters
    shows: list[Row]
    reservations: list[Row]
    begin: int = 0
    findings: Findings = field(default_factory=lambda: Findings(REPLAYED))
    replayed: Replayed = field(default_factory=Replayed)

    def outcomes(self, batch_seq: int) -> list[AnyOutcome]:
        return decode_outcomes(self.batches[batch_seq - 1].payload)

    def record_otherwise(self, batch_seq: int, outcomes: list[AnyOutcome]) -> None:
        """Replace what a batch recorded."""
        self.batches[batch_seq - 1] = replace(self.batches[batch_seq - 1], payload=encode_outcomes(outcomes))

    def find(self, kind: type[AnyOutcome]) -> tuple[int, int]:
        """Number of the first batch with an outcome of this kind that is no repeat, and which of its outcomes it is."""
        return next(
            (batch.batch_seq, at)
            for batch in self.batches
            for at, outcome in enumerate(decode_outcomes(batch.payload))
            if isinstance(outcome, kind) and not outcome.repeat
        )

    def change(self, kind: type[AnyOutcome], **fields: object) -> int:
        """Record the first outcome of a kind otherwise; its offset."""
        number, at = self.find(kind)
        outcomes = self.outcomes(number)
        outcomes[at] = msgspec.structs.replace(outcomes[at], **fields)
        self.record_otherwise(number, outcomes)
        return outcomes[at].offset

    def replay(self, only_show: int | None = None) -> PartReplay:
        """As `Replaying` does with real servers; what is wrong is in `findings`."""
        generations: dict[int, Generation] = {}
        for batch in self.batches:
            first = generations.get(batch.log_gen, Generation(batch.first_offset, 0)).first_offset
            generations[batch.log_gen] = Generation(first, batch.next_offset)
        log_range = LogRange(self.begin, max(self.records, default=-1) + 1, generations)
        kept = Kept()
        for show in self.shows:
            kept.openings[show["show_id"]] = opening(show)
            kept.remember_orders(show["show_id"], show["orders"])
        for row in self.reservations:
            kept.remember(row["show_id"], row["reservation_id"], row["fingerprint"], row["recent"])
        part = PartReplay(PART, self.findings, {(LAYOUT_ID, SHA256): LAYOUT}, only_show)
        stopped = ""
        for batch in self.batches:
            why_not = stopped or log_range.why_not(batch)
            if not why_not:
                records = [self.records[offset] for offset in range(batch.first_offset, batch.next_offset)]
                stopped = part.decide_again(batch, records, self.dead)
            elif not stopped:
                stopped = part.adopt(batch, kept)
            self.replayed.note(batch, why_not)
        return part


def past_sale(room: Room) -> PastSale:
    """What a room leaves behind."""
    return PastSale(
        batches=[
            LoggedBatch(
                PART, row["batch_seq"], row["log_gen"], row["first_offset"], row["next_offset"], row["chain"],
                row["payload"], row["decided_at_ms"], row["decider_version"],
            )
            for row in room.tables.outcome_log.values()
        ],
        records={record.offset: record for record in room.commands.records},
        dead={
            (row["log_gen"], row["log_offset"]): (row["code"], hashlib.sha256(row["raw"]).digest())
            for row in room.tables.dead_letter.values()
        },
        shows=list(room.tables.show.values()),
        reservations=list(room.tables.reservation.values()),
        begin=room.commands.first,
    )  # fmt: skip
