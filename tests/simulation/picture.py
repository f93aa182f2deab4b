"""A partition's memory as plain values, to compare two that should be the same; and the tables it should be in."""

from typing import Any

from allocator.netting import pack_verdicts
from allocator.stock import PartitionState, ShowStock
from tests.simulation.memory_rows import Row, payment_row, record_row, rewritten
from tests.simulation.memory_tables import Tables
from ticketing.layout import Layout

SHOW_COLUMNS = ("show_id", "seq", "status", "policy", "prices", "allocations", "orders")


def of_state(state: PartitionState) -> dict[str, Any]:
    """All that decisions are made from."""
    return {
        "part": state.part,
        "last_now_ms": state.last_now_ms,
        "shows": {number: _of_show(show) for number, show in state.shows.items()},
    }


def _of_show(show: ShowStock) -> dict[str, Any]:
    return {
        "terms": show.terms,
        "orders": show.orders,
        "status": str(show.status),
        "seq": show.seq,
        "free": bytes(show.free),
        "owners": dict(show.owners),
        "area_taken": list(show.area_taken),
        "area_booked": list(show.area_booked),
        "seats_booked": show.seats_booked,
        "seats_blocked": show.seats_blocked,
        "live": dict(show.live),
        "ended": set(show.ended),
        "held_by_person": dict(show.held_by_person),
        "taken_by_partner": dict(show.taken_by_partner),
        "free_in": list(show.free_in),
        "booked_by_person": dict(show.booked_by_person),
        "taken_by_bound": dict(show.taken_by_bound),
        "holds_by_person": dict(show.holds_by_person),
        "tables_by_person": dict(show.tables_by_person),
        "payments": dict(show.payments.by_name),
    }


def of_stock(state: PartitionState) -> dict[str, list[Row]]:
    """The stock tables as this memory says they are; ended reservations, which it need not hold, are left out."""
    part = state.part
    shows = state.shows.items()
    return {
        "seat_taken": _sorted(
            {"part": part, "show_id": number, "seat_no": seat, "reservation_id": owner}
            for number, show in shows
            for seat, owner in show.owners.items()
        ),
        "area": _sorted(
            {
                "part": part,
                "show_id": number,
                "area_no": area_no,
                "capacity": _capacity(show.layout, area_no),
                "taken": taken,
            }
            for number, show in shows
            for area_no, taken in enumerate(show.area_taken)
        ),
        "reservation": _sorted(
            record_row(part, number, record) for number, show in shows for record in show.live.values()
        ),
        "ended": _sorted(
            {"show_id": number, "reservation_id": reservation} for number, show in shows for reservation in show.ended
        ),
        "show": _sorted(
            {
                "show_id": number,
                "seq": show.seq,
                "status": str(show.status),
                **rewritten(show.terms.changeable(), pack_verdicts(show.orders)),
            }
            for number, show in shows
        ),
        "payment": _sorted(
            payment_row(part, number, *name, paid.reservation, paid.amount, paid.accepted, paid.refund_due)
            for number, show in shows
            for name, paid in show.payments.by_name.items()
        ),
    }


def of_tables(tables: Tables, part: int) -> dict[str, list[Row]]:
    """The same, as the tables have it."""
    reservations = [row for row in tables.reservation.values() if row["part"] == part]
    live = [row for row in reservations if row["status"] in {"held", "paying", "booked"}]
    ended = [row for row in reservations if row["status"] not in {"held", "paying", "booked"}]
    return {
        "seat_taken": _sorted(row for row in tables.seat_taken.values() if row["part"] == part),
        "area": _sorted(row for row in tables.area.values() if row["part"] == part),
        "reservation": _sorted(live),
        "ended": _sorted(_only(row, "show_id", "reservation_id") for row in ended),
        "show": _sorted(_only(row, *SHOW_COLUMNS) for row in tables.show.values() if row["part"] == part),
        "payment": _sorted(row for row in tables.payment.values() if row["part"] == part),
    }


def _capacity(layout: Layout, area_no: int) -> int:
    return layout.areas[area_no].capacity


def _only(row: Row, *columns: str) -> Row:
    return {column: row[column] for column in columns}


def _sorted(rows: Any) -> list[Row]:
    return sorted(rows, key=repr)
