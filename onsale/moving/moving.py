"""The move, step by step. Each step commits by itself and can be done again."""

from collections.abc import Callable, Sequence

from ingress.carrying import carry_show
from onsale.moving import fence, tables
from onsale.moving.fence import MustStay
from onsale.verify.findings import Findings
from onsale.verify.reading import Connection, Reading, check_part
from runtime.cluster_map import ClusterMap


async def move(clusters: Sequence[Connection], places: ClusterMap, part: int, say: Callable[[str], None]) -> None:
    """Bring a partition where `places` says that it is. `clusters`: connections as the owner of the tables.

    Raises `MustStay`: nothing has been changed, or the same command goes on from there. Raises what asyncpg raises.
    """
    goal = places.number_of(part)
    target, first = clusters[goal], clusters[0]
    source = await _where_it_is(clusters, goal, part)
    if source is not None:
        await _judge(source, part, "where it is")
        await fence.fence(source, first, part)
        await _copy(source, target, part, say)
        if goal:
            await _carry(first, target, part)
        await _judge(target, part, "where it goes")
        await _leave(source, target, part)
    await fence.open_cursor(target, part)


async def _where_it_is(clusters: Sequence[Connection], goal: int, part: int) -> "Connection | None":
    """The cluster that it must leave; None: it has left already."""
    found = [await fence.look(connection, part) for connection in clusters]
    elsewhere = [number for number, seen in enumerate(found) if seen.is_there and number != goal]
    if not any(seen.is_there for seen in found):
        raise MustStay("its cursor is nowhere: onsale provision makes it")
    if len(elsewhere) > 1 or (elsewhere and found[goal].is_there and not found[goal].is_fenced):
        raise MustStay("its cursor is in several clusters, and not by a move: see onsale verify")
    return clusters[elsewhere[0]] if elsewhere else None


async def _copy(source: Connection, target: Connection, part: int, say: Callable[[str], None]) -> None:
    async with source.transaction(isolation="repeatable_read", readonly=True), target.transaction():
        for connection in (source, target):
            # One waits for the other as long as its rows take.
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        copied = await tables.copy_all(source, target, part)
        await fence.copy_cursor(source, target, part)
    say(f"{copied} bytes copied")


async def _carry(first: Connection, target: Connection, part: int) -> None:
    """The catalogue's rows of its shows."""
    for row in await target.fetch("SELECT show_id FROM show WHERE part = $1", part):
        await carry_show(first, target, row["show_id"])


async def _leave(source: Connection, target: Connection, part: int) -> None:
    try:
        async with source.transaction():
            await tables.remove_all(source, target, part)
            await fence.remove_cursor(source, part)
    except tables.NotTheSame as error:
        raise MustStay(f"table {error} was written to meanwhile: run it again") from None


async def _judge(connection: Connection, part: int, where: str) -> None:
    reading = Reading(Findings())
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await check_part(connection, part, None, reading, ())
    if reading.findings.total:
        failed = ", ".join(reading.findings.failed)
        raise MustStay(f"{where} it is not as its log says ({failed}): see onsale verify")
