"""Judges a sale that is over. Each check knows only what was written and what was said, not how it came about."""

from allocator.netting import next_chain
from tests.simulation import answers, money, oracle
from tests.simulation.limits import limits
from tests.simulation.lives import lives
from tests.simulation.quotas import quotas
from tests.simulation.world import World
from ticketing.show_view import AVAILABLE, BLOCKED, BOOKED, HELD
from ticketing.vocabulary import BLOCKED_BY, LIVE_STATUSES, ReservationStatus


def check(world: World) -> list[str]:
    """Everything that is wrong; empty where nothing is."""
    found = list(world.problems)
    for judge in (
        _logs_of_outcomes,
        lives,
        answers.repeats,
        answers.commands,
        answers.told,
        answers.bookings,
        quotas,
        limits,
        money.payments,
        _readers,
        _views,
    ):
        found += judge(world)
    return found + oracle.differences(world)


def _logs_of_outcomes(world: World) -> list[str]:
    return [problem for part in world.parts for problem in _log_of_outcomes(world, part)]


def _log_of_outcomes(world: World, part: int) -> list[str]:
    """Batches are numbered without a gap, chained, and each begins where the one before ended."""
    found = []
    chain, seq, next_offset, log_gen = bytes(32), 0, 0, 0
    restarts = {0: 0, **dict(world.restarts[part])}
    rows = [row for row in world.tables.outcome_log.values() if row["part"] == part]
    for row in sorted(rows, key=lambda row: int(row["batch_seq"])):
        seq += 1
        chain = next_chain(chain, row["payload"])
        if row["batch_seq"] != seq:
            found.append(f"batch {seq} is missing")
        if row["chain"] != chain:
            found.append(f"the chain breaks at batch {seq}")
        if row["log_gen"] != log_gen:
            log_gen = row["log_gen"]
            next_offset = restarts[log_gen]
        if row["first_offset"] != next_offset:
            found.append(f"batch {seq} begins at {row['first_offset']}, not at {next_offset}")
        next_offset = row["next_offset"]
    cursor = world.tables.cursor[part]
    if (cursor["batch_seq"], cursor["chain"]) != (seq, chain):
        found.append("the cursor is not where the log of outcomes ends")
    return found


def _readers(world: World) -> list[str]:
    """Every reader got each batch of its history once and in order, as the table has it."""
    found = []
    for nth, reader in enumerate(world.readers):
        history = world.histories[reader.snapshot.history_id]
        for part, start in reader.snapshot.seqs.items():
            seen = [(seq, payload) for of, seq, payload in reader.seen if of == part]
            if [seq for seq, _ in seen] != list(range(start + 1, start + 1 + len(seen))):
                found.append(f"reader {nth} saw {[seq for seq, _ in seen]} of partition {part} after {start}")
            elif any(history[part, seq] != payload for seq, payload in seen):
                found.append(f"reader {nth} saw a batch of partition {part} that is not in the table")
    return found


def _views(world: World) -> list[str]:
    """What the last reader shows is the stock."""
    found = []
    for show, view in world.reader.views.items():
        marks = bytearray(len(view.seats))
        areas = [0] * len(view.areas_held)
        for row in world.tables.reservation.values():
            if row["show_id"] == show and row["status"] in LIVE_STATUSES:
                mark = BOOKED if row["status"] == ReservationStatus.BOOKED else HELD
                for seat in row["seats"]:
                    marks[seat] = mark
                for area, quantity in zip(row["areas"][::2], row["areas"][1::2], strict=True):
                    areas[area] += quantity
        for row in world.tables.seat_taken.values():
            if row["show_id"] == show and row["reservation_id"] == BLOCKED_BY:
                marks[row["seat_no"]] = BLOCKED
        left = [area.capacity - areas[number] for number, area in enumerate(view.layout.areas)]
        if view.seats != marks or [view.area_left(area) for area in range(len(areas))] != left:
            found.append(f"the view of show {show} is not its stock")
        if view.counts()["available"] != marks.count(AVAILABLE) + sum(left):
            found.append(f"the counts of show {show} are not its stock")
    return found
