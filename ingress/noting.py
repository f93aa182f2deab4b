"""What is noted beside holds is kept while they are asked for, and forgotten if they are refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from ingress.hold_notes import HoldNotes, Noted
from ingress.refusals import Refused, from_not_taken
from ingress.service import SaleDesk
from ingress.shows import Show
from ticketing.clock import Clock
from ticketing.messages import HoldMany, HoldSeats

LOSING = (400, 403, 404, 409, 410, 422)
"""Statuses of verdicts."""


class NotesHolds(Protocol):
    """What `noted_beside` needs of those who hold."""

    @property
    def desk(self) -> SaleDesk: ...
    @property
    def notes(self) -> HoldNotes: ...
    @property
    def clock(self) -> Clock: ...


@asynccontextmanager
async def noted_beside(
    sale: "NotesHolds", command: HoldSeats | HoldMany, show: Show, holds: Noted
) -> AsyncIterator[None]:
    """Keep what is noted beside the holds of `command` while it is asked for, and forget it if it is refused."""
    if not any(note is not None for _, note in holds):
        yield
        return
    turned_away = sale.desk.turned_away(command, show.row.part)
    if turned_away is not None:
        raise from_not_taken(turned_away)
    await sale.notes.save(holds, command.fingerprint, sale.clock.now_ms())
    try:
        yield
    except Refused as refused:
        # With any other status the command may be on the log all the same, and granted.
        if refused.status in LOSING:
            await sale.notes.forget(holds, command.fingerprint)
        raise
