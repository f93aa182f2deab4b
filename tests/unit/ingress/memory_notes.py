"""What is noted beside holds, in a dictionary."""

from ingress.hold_notes import HoldNote, HoldNotes, Noted
from tests.unit.ingress.memory import MemoryLedger
from ticketing.messages import BookNow


class MemoryNotes(HoldNotes):
    """By show, reservation and the fingerprint of the request, which the ledger's reservations do not tell: the test
    says in `made_of` what each of them was made of."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self.rows: dict[tuple[int, bytes, bytes], HoldNote] = {}
        self.made_of: dict[bytes, bytes] = {}
        self.baskets: dict[tuple[int, bytes], list[bytes]] = {}

    async def save(self, part: int, noted: Noted, fingerprint: bytes, now_ms: int) -> None:
        self._ledger.reach()
        for hold, note in noted:
            if note is not None:
                self.rows.setdefault((hold.show, hold.key, fingerprint), note)

    async def forget(self, part: int, noted: Noted, fingerprint: bytes) -> None:
        self._ledger.reach()
        for hold, note in noted:
            if note is not None:
                self.rows.pop((hold.show, hold.key, fingerprint), None)

    async def keep_together(self, part: int, command: BookNow, now_ms: int) -> None:
        self._ledger.reach()
        own = (it for it in self._ledger.reservations.values() if it.account == command.account)
        named = [it.id for it in own if {*command.seats} & {*it.seats}]
        holds = dict.fromkeys((*command.reservations, *named))
        self.baskets[command.show, command.key] = [hold for hold in holds if await self.find(part, command.show, hold)]

    async def of_booking(self, part: int, show: int, booking: bytes) -> list[tuple[bytes, HoldNote]]:
        self._ledger.reach()
        noted = [(hold, await self.find(part, show, hold)) for hold in self.baskets.get((show, booking), [])]
        return [(hold, note) for hold, note in noted if note is not None]

    async def find(self, part: int, show: int, reservation: bytes) -> HoldNote | None:
        self._ledger.reach()
        return self.rows.get((show, reservation, self.made_of.get(reservation, b"")))
