"""What is noted beside holds is kept while they are asked for, and forgotten if they are refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from ingress.hold_notes import HoldNote, HoldNotes, Noted
from ingress.refusals import Refused, from_not_taken
from ingress.service import SaleDesk
from ingress.shows import Show
from ticketing.clock import Clock
from ticketing.messages import HoldMany, HoldSeats, Reservation
from ticketing.telling import NotedHold
from ticketing.vocabulary import reservation_text

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
    await sale.notes.save(show.row.part, holds, command.fingerprint, sale.clock.now_ms())
    try:
        yield
    except Refused as refused:
        # With any other status the command may be on the log all the same, and granted.
        if refused.status in LOSING:
            await sale.notes.forget(show.row.part, holds, command.fingerprint)
        raise


async def note_beside(notes: HoldNotes, show: Show, found: Reservation) -> HoldNote:
    """What was noted beside a hold. Raises StoreAway."""
    # Of what nobody noted anything about the database is not asked.
    note = await notes.find(show.row.part, show.row.show, found.id) if found.noted else None
    return note or HoldNote("", None)


async def notes_beside(notes: HoldNotes, show: Show, booking: Reservation) -> list[NotedHold]:
    """What was noted beside each hold that went into a booking. Raises StoreAway."""
    if booking.held_at_ms != booking.booked_at_ms:
        return []  # it was held for a while itself
    number = show.row.show
    return [
        NotedHold(reservation=reservation_text(number, hold), reason=note.reason or None, metadata=note.metadata)
        for hold, note in await notes.of_booking(show.row.part, number, booking.id)
    ]
