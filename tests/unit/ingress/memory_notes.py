"""What is noted beside holds, in a dictionary."""

from ingress.hold_notes import HoldNote, HoldNotes, Noted
from tests.unit.ingress.memory import MemoryLedger


class MemoryNotes(HoldNotes):
    """By show, reservation and the fingerprint of the request, which the ledger's reservations do not tell: the test
    says in `made_of` what each of them was made of."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self.rows: dict[tuple[int, bytes, bytes], HoldNote] = {}
        self.made_of: dict[bytes, bytes] = {}

    async def save(self, noted: Noted, fingerprint: bytes, now_ms: int) -> None:
        self._ledger.reach()
        for hold, note in noted:
            if note is not None:
                self.rows.setdefault((hold.show, hold.key, fingerprint), note)

    async def forget(self, noted: Noted, fingerprint: bytes) -> None:
        self._ledger.reach()
        for hold, note in noted:
            if note is not None:
                self.rows.pop((hold.show, hold.key, fingerprint), None)

    async def find(self, part: int, show: int, reservation: bytes) -> HoldNote | None:
        self._ledger.reach()
        return self.rows.get((show, reservation, self.made_of.get(reservation, b"")))
