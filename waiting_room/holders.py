"""Who may act for a place: whoever has its ticket, and the secret that the ticket was made with."""

from ticketing.tokens import Ticket, TokenInvalid, TokenKeys, same_secret
from waiting_room.ports import LedgerUnavailable, StoreUnavailable
from waiting_room.queues import Queue
from waiting_room.replies import Refusal, refuse, unavailable
from waiting_room.rooms import Room
from waiting_room.service import WaitingRoom


class Holders:
    """Finds rooms, and the holders of places in them."""

    def __init__(self, room: WaitingRoom, keys: TokenKeys) -> None:
        self._room = room
        self._keys = keys

    async def find(self, show: int) -> Room | Refusal:
        """The room of a show, opened if need be."""
        try:
            room = await self._room.room(show)
        except (StoreUnavailable, LedgerUnavailable):
            return unavailable("the room of this show could not be opened")
        return refuse("show_not_found", "no show has this id") if room is None else room

    async def holder(self, show: int, entry: str, token: str, secret: str) -> tuple[Room, Queue, Ticket] | Refusal:
        """Room, line and ticket of somebody who proves that the place is theirs."""
        try:
            ticket = self._keys.read_ticket(token)
        except TokenInvalid as error:
            return refuse("ticket_invalid", str(error))
        if ticket.show != show:
            return refuse("wrong_show", "the ticket is for another show")
        if ticket.entry != entry:
            return refuse("not_yours", "the ticket is of another entry")
        if not same_secret(secret, ticket.secret_hash):
            return refuse("wrong_secret", "send the secret whose hash was sent at the join")
        room = await self.find(show)
        if isinstance(room, Refusal):
            return room
        queue = room.queues.get(ticket.line)
        return refuse("ticket_invalid", "this room has no such line") if queue is None else (room, queue, ticket)
