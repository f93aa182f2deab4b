"""How each story about a stock's store begins."""

from typing import Any
from uuid import UUID, uuid4

from allocator.ports import Cursor
from allocator.stock import PartitionState
from tests.contract.stock_stores import TABLES, Ground, Row, StockStore
from tests.simulation.crowd import DOCUMENT, LAYOUT, LAYOUT_ID, SHA256, SHOWS
from tests.simulation.writer import Writer
from ticketing import messages

T0 = 1_800_000_000_000
PART = 3
ANNA, BEN = uuid4(), uuid4()


async def owned(ground: Ground, owner: UUID = ANNA) -> tuple[StockStore, Cursor, Writer]:
    """A claimed partition of a database that knows the layout, and its writer."""
    await ground.put_layout(LAYOUT_ID, SHA256, DOCUMENT)
    store = ground.store(PART, owner)
    await ground.live(owner)
    cursor = await store.claim()
    assert cursor is not None
    state = PartitionState(PART)
    state.layouts[LAYOUT_ID, SHA256] = LAYOUT
    return store, cursor, Writer(cursor.at, state)


async def everything(ground: Ground) -> dict[str, list[Row]]:
    """All rows of the stock."""
    return {table: sorted(await ground.rows(table), key=repr) for table in TABLES}


def by_cursor(rows: list[Row]) -> Row:
    return next(row for row in rows if row["part"] == PART)


def a_hold(n: int, *seats: int, floor: int = 0, **more: Any) -> messages.HoldSeats:
    return messages.HoldSeats(
        show=more.pop("show", SHOWS[0]),
        key=n.to_bytes(16),
        fingerprint=b"f" * 8,
        sent_at_ms=T0 + n,
        account=more.pop("account", f"ent_{n}"),
        seats=seats,
        areas=((0, floor),) if floor else (),
        **more,
    )
