"""The bookings of `MemoryLedger`, in a list."""

from ingress.booking_table import BookingRow, BookingsWanted, BookingTable
from tests.unit.ingress.memory import MemoryLedger
from tests.unit.ingress.tales import SHOW
from ticketing.messages import Reservation


class MemoryBookings(BookingTable):
    """As the statement says, one condition after the other."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self.pages = 0
        self.links: dict[str, str] = {}

    async def page(self, wanted: BookingsWanted) -> list[BookingRow]:
        self._ledger.reach()
        self.pages += 1
        found = [it for it in self._ledger.reservations.values() if it.status in ("booked", "cancelled")]
        fitting = [it for it in found if all(self._fits(it, name, given) for name, given in wanted.conditions.items())]
        fitting.sort(key=lambda it: (it.booked_at_ms, it.id), reverse=True)
        return [BookingRow(SHOW, it, self._ledger.contacts.get((SHOW, it.id))) for it in fitting[: wanted.limit]]

    async def ask_for_link(
        self, mail: str, part: int, show: int, reservation: bytes, *, email: str, now_ms: int
    ) -> None:
        self._ledger.reach()
        contact = self._ledger.contacts.get((show, reservation))
        if contact is not None and contact.email.lower() == email.lower():
            self.links.setdefault(mail, email)

    async def rate(self, part: int, show: int, reservation: bytes, stars: int, *, now_ms: int) -> None:
        self._ledger.reach()
        self._ledger.stars[show, reservation] = stars

    def _fits(self, it: Reservation, name: str, given: tuple[object, ...]) -> bool:
        contact = self._ledger.contacts.get((SHOW, it.id))
        match name:
            case "show":
                return given[1] == SHOW
            case "status":
                return it.status == given[0]
            case "account" | "channel":
                return it.account == given[0]
            case "fans":
                return not it.account.startswith("key_")
            case "from":
                return it.booked_at_ms >= int(str(given[0]))
            case "to":
                return it.booked_at_ms < int(str(given[0]))
            case "external_id":
                return it.external_id == given[0]
            case "email":
                return contact is not None and contact.email.lower() == str(given[0]).lower()
            case "before":
                return (it.booked_at_ms, it.id) < given
            case _:
                raise LookupError(name)
