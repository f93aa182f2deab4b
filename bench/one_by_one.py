"""The design that everybody starts with: one transaction per request. `SELECT … FOR UPDATE`, insert, commit.

The same rows as ours in tables of the same form, without a log, a batch or a record of outcomes. The lock on the
area's row is what keeps it right, and what makes all buyers of one show wait for each other.
"""

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from bench.site import Connection
from ticketing import messages

PREPARE = """
DROP SCHEMA IF EXISTS one_by_one CASCADE;
CREATE SCHEMA one_by_one;
CREATE TABLE one_by_one.area (LIKE public.area INCLUDING ALL) WITH (fillfactor = 50);
CREATE TABLE one_by_one.reservation (LIKE public.reservation INCLUDING ALL) WITH (fillfactor = 80);
CREATE TABLE one_by_one.seat_taken (LIKE public.seat_taken INCLUDING ALL);
"""
ADD_AREA = "INSERT INTO one_by_one.area (part, show_id, area_no, capacity, taken) VALUES (0, $1, 0, $2, 0)"
TAKEN = "SELECT taken FROM one_by_one.area WHERE part = 0 AND show_id = $1 AND area_no = 0"

LOCK = "SELECT capacity - taken FROM one_by_one.area WHERE part = 0 AND show_id = $1 AND area_no = 0 FOR UPDATE"
_COLUMNS = """
(part, show_id, reservation_id, status, version, account, person, seats, areas, prices, amount, held_at_ms,
 expires_at_ms, hold_s, booked_at_ms, external_id, payment_until_ms, fingerprint, recent)
"""
_VALUES = """
0, $1, $2::bytea, 'held', 1, $3::text, $3, '{}', ARRAY[0, $4], ARRAY[4500], 4500 * $4::int, $5::bigint,
$5 + 300000, 300, 0, '', 0, $6::bytea, ''
"""
# The count and the row in one statement, which spares the baseline a round trip.
TAKE = f"""
WITH counted AS (UPDATE one_by_one.area SET taken = taken + $4 WHERE part = 0 AND show_id = $1 AND area_no = 0)
INSERT INTO one_by_one.reservation {_COLUMNS} VALUES ({_VALUES})
"""
ONE_STATEMENT = f"""
WITH counted AS (
    UPDATE one_by_one.area SET taken = taken + $4
    WHERE part = 0 AND show_id = $1 AND area_no = 0 AND taken + $4 <= capacity RETURNING 1)
INSERT INTO one_by_one.reservation {_COLUMNS} SELECT {_VALUES} FROM counted RETURNING 1
"""


@dataclass(frozen=True, slots=True)
class Ask:
    """One person's wish for places in the only area of a show."""

    show: int
    reservation: bytes
    account: str
    quantity: int
    now_ms: int
    fingerprint: bytes


Taking = Callable[[Connection, Ask], Awaitable[bool]]


def asks(holds: Iterable[messages.HoldSeats]) -> list[Ask]:
    """The wishes of `bench.wishes.area_holds`, as this design gets them."""
    return [
        Ask(hold.show, hold.key, hold.account, hold.areas[0][1], hold.sent_at_ms, hold.fingerprint) for hold in holds
    ]


async def prepare(connection: Connection) -> None:
    """Empty tables."""
    await connection.execute(PREPARE)


async def add_area(connection: Connection, show: int, capacity: int) -> None:
    """A show with one area."""
    await connection.execute(ADD_AREA, show, capacity)


async def take(connection: Connection, ask: Ask) -> bool:
    """Whether the places were had: begin, `SELECT … FOR UPDATE`, count and insert, commit."""
    async with connection.transaction():
        free = await connection.fetchval(LOCK, ask.show)
        if free is None or free < ask.quantity:
            return False
        await connection.execute(
            TAKE, ask.show, ask.reservation, ask.account, ask.quantity, ask.now_ms, ask.fingerprint
        )
    return True


async def take_in_one_statement(connection: Connection, ask: Ask) -> bool:
    """The same by one statement in autocommit: the best that one request at a time can do."""
    taken = await connection.fetchval(
        ONE_STATEMENT, ask.show, ask.reservation, ask.account, ask.quantity, ask.now_ms, ask.fingerprint
    )
    return taken is not None


async def rate(connection: Connection, taking: Taking, asked: Iterable[Ask], for_s: float) -> float:
    """Commits per second of one connection in a closed loop, over `for_s` seconds."""
    done = 0
    began_s = time.perf_counter()
    for ask in asked:
        if not await taking(connection, ask):
            raise RuntimeError("the baseline was refused: there are enough places for all")
        done += 1
        if time.perf_counter() - began_s >= for_s:
            break
    return done / (time.perf_counter() - began_s)
