"""What belongs to a partition, table by table: copied, compared and removed. Whoever calls has opened a transaction."""

import tempfile
from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# Rooms may still write these for a show that is over: another contact, a refund that is tried again. `show` comes last,
# since its rows say which are the shows of the partition.
OF_ITS_SHOWS = ("booking_rating", "contact_basket", "contact_booking", "contact_hold")
STILL_WRITTEN = (
    *OF_ITS_SHOWS, "delivery_cursor", "delivery_payment", "delivery_refund", "delivery_mail", "dead_letter_settled"
)  # fmt: skip
FENCED = (
    "seat_taken", "area", "reservation", "payment", "outcome_log", "dead_letter", "decided_before", "log_pruned",
    "show_pruned",
)  # fmt: skip
TABLES = (*FENCED, *STILL_WRITTEN, "show")

# Put together from the names above alone.
_WHERE = {
    table: "show_id IN (SELECT show_id FROM show WHERE part = $1)" if table in OF_ITS_SHOWS else "part = $1"
    for table in TABLES
}
READ = {table: f"SELECT * FROM {table} WHERE {where}" for table, where in _WHERE.items()}  # noqa: S608 -- as above
REMOVE = {table: f"DELETE FROM {table} WHERE {where}" for table, where in _WHERE.items()}  # noqa: S608 -- as above
# Whatever order the rows come in; the text of a row says all that is in it.
_DIGEST = "SELECT count(*), COALESCE(sum(hashtextextended(t::text, 0)), 0)"
DIGEST = {table: f"{_DIGEST} FROM ({READ[table]}) AS t" for table in TABLES}
REMOVED = {table: f"WITH t AS ({REMOVE[table]} RETURNING *) {_DIGEST} FROM t" for table in TABLES}  # noqa: S608
LOCK = f"LOCK TABLE {', '.join(STILL_WRITTEN)} IN SHARE MODE"


class NotTheSame(Exception):
    """What was removed is not what was copied; the text names the table."""


async def copy_all(source: Connection, target: Connection, part: int) -> int:
    """Copy every row of the partition but its cursor; how many bytes. What `target` had of it is removed before."""
    for table in TABLES:
        await target.execute(REMOVE[table], part)
    copied = 0
    for table in TABLES:
        with tempfile.TemporaryFile() as rows:
            await source.copy_from_query(READ[table], part, output=rows, format="binary")
            copied += rows.tell()
            rows.seek(0)
            await target.copy_to_table(table, source=rows, format="binary")
    return copied


async def remove_all(source: Connection, target: Connection, part: int) -> None:
    """Remove every row of the partition but its cursor, each table only as `target` has it.

    Those that rooms may still write are locked first: nothing is written between the look and the end. Raises
    `NotTheSame`.
    """
    for table in TABLES:
        if table == STILL_WRITTEN[0]:
            await source.execute(LOCK)
        removed, kept = await source.fetchrow(REMOVED[table], part), await target.fetchrow(DIGEST[table], part)
        if removed != kept:
            raise NotTheSame(table)
