"""What `MemoryLedger` says that somebody has."""

from ingress.own_table import Owned, OwnTable
from ingress.quoting import Held
from tests.unit.ingress.memory import MemoryLedger
from ticketing.vocabulary import LIVE_STATUSES, UNPAID_STATUSES


class MemoryOwns(OwnTable):
    """Looks at every reservation."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    async def seats_of(
        self, part: int, show: int, seats: tuple[int, ...], account: str, person: str
    ) -> dict[int, bytes]:
        self._ledger.reach()
        own = [it for it in self._ledger.reservations.values() if (it.account, it.person) == (account, person)]
        return {seat: it.id for it in own if it.status in LIVE_STATUSES for seat in it.seats if seat in seats}

    async def held_by(self, part: int, show: int, person: str) -> list[Held]:
        self._ledger.reach()
        own = [it for it in self._ledger.reservations.values() if it.person == person]
        return [(it.seats, it.areas) for it in own if it.status in UNPAID_STATUSES]

    async def whose(self, part: int, show: int, seats: list[int], account: str | None) -> dict[int, Owned]:
        self._ledger.reach()
        live = [it for it in self._ledger.reservations.values() if it.status in LIVE_STATUSES]
        return {
            seat: Owned(it.id, it.status, it.account, it.expires_at_ms, it.booked_at_ms, price)
            for it in live if account in (None, it.account)
            for seat, price in zip(it.seats, it.prices, strict=False) if seat in seats
        }  # fmt: skip
