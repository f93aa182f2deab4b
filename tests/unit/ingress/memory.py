"""The room's stores in memory, with a switch for what it is like when Postgres is gone."""

from collections.abc import Callable

from ingress.catalogue import Catalogue
from ingress.ledger import ContactRow, Cursor, Ledger, Snapshot
from ingress.shows import LayoutRow, NewLayout, NewShow, ShowRow, VenueRow, Wanted
from ingress.stores import StoreAway
from tests.unit.ingress.tales import LAYOUT, PART, SHOW, T0, VENUE, hall, show_row
from ticketing.intake import ConfirmBody
from ticketing.layout import encode_layout
from ticketing.messages import Reservation


class MemoryCatalogue(Catalogue):
    """The catalogue's tables as dictionaries. `away`: as if Postgres were gone."""

    def __init__(self) -> None:
        document, sha256 = encode_layout(hall())
        self.away = False
        self.venues = {VENUE: VenueRow(VENUE, "The Hall", T0)}
        self.layouts = {LAYOUT: LayoutRow(LAYOUT, VENUE, 1, sha256, hall().places, T0)}
        self.documents = {LAYOUT: (document, sha256)}
        self.stored: dict[int, ShowRow] = {SHOW: show_row()}

    def reach(self) -> None:
        if self.away:
            raise StoreAway("gone")

    async def add_venue(self, venue: VenueRow) -> VenueRow:
        self.reach()
        return self.venues.setdefault(venue.venue, venue)

    async def venue(self, venue: str) -> VenueRow | None:
        self.reach()
        return self.venues.get(venue)

    async def add_layout(self, venue: str, new: NewLayout, now_ms: int) -> LayoutRow:
        self.reach()
        version = 1 + sum(row.venue == venue for row in self.layouts.values())
        row = LayoutRow(new.layout, venue, version, new.sha256, new.places, now_ms)
        self.layouts[new.layout] = row
        self.documents[new.layout] = (new.document, new.sha256)
        return row

    async def layout(self, venue: str, version: int | None) -> LayoutRow | None:
        self.reach()
        rows = [row for row in self.layouts.values() if row.venue == venue and version in (None, row.version)]
        return max(rows, key=lambda row: row.version, default=None)

    async def layout_by_id(self, layout: str) -> LayoutRow | None:
        self.reach()
        return self.layouts.get(layout)

    async def document(self, layout: str) -> tuple[bytes, bytes] | None:
        self.reach()
        return self.documents.get(layout)

    async def show(self, show: int) -> ShowRow | None:
        self.reach()
        return self.stored.get(show)

    async def show_by_request(self, request_key: bytes) -> ShowRow | None:
        self.reach()
        return next((row for row in self.stored.values() if row.request_key == request_key), None)

    async def shows(self, wanted: Wanted) -> list[tuple[int, str]]:
        self.reach()
        places = sorted((row.starts_at_ms, row.show) for row in self.stored.values())
        return [(show, "open") for starts, show in places if (starts, show) > wanted.after][: wanted.limit]

    async def add_show(self, new: NewShow) -> ShowRow | None:
        self.reach()
        if new.new_layout is not None and new.new_venue is not None:
            self.venues[new.venue] = VenueRow(new.venue, new.new_venue, T0)
            await self.add_layout(new.venue, new.new_layout, T0)
        layout = self.layouts[new.layout]
        row = ShowRow(
            new.show, PART, new.venue, self.venues[new.venue].name, new.layout, layout.version, layout.sha256,
            new.name, new.currency, new.starts_at_ms, new.opens_at_ms, new.closes_at_ms, new.places, new.prices,
            new.policy, new.test, new.created_by, new.request_key, new.fingerprint, new.created_at_ms,
        )  # fmt: skip
        self.stored[new.show] = row
        return row


class MemoryLedger(Ledger):
    """What the allocator would have written. `before_cursor`: what happens just before the cursor is read."""

    def __init__(self) -> None:
        self.away = False
        self.open_shows = {SHOW}
        self.reservations: dict[bytes, Reservation] = {}
        self.batches: dict[tuple[int, int, int], bytes] = {}
        self.log_gen = 0
        self.before_cursor: Callable[[], None] = lambda: None
        self.contacts: dict[tuple[int, bytes], ContactRow] = {}

    def reach(self) -> None:
        if self.away:
            raise StoreAway("gone")

    async def reservation(self, part: int, show: int, reservation: bytes) -> Reservation | None:
        self.reach()
        return self.reservations.get(reservation)

    async def batch_with(self, part: int, log_gen: int, offset: int) -> bytes | None:
        self.reach()
        return self.batches.get((part, log_gen, offset))

    async def cursor(self, part: int) -> Cursor | None:
        self.reach()
        self.before_cursor()
        return Cursor(self.log_gen, len(self.batches)) if part == PART else None

    async def snapshot(self, part: int, show: int) -> Snapshot | None:
        self.reach()
        return Snapshot(0, "open", 0, []) if show in self.open_shows else None

    async def published(self, part: int) -> int:
        return 0

    async def save_contact(
        self, show: int, reservation: bytes, contact_hash: bytes, body: ConfirmBody, now_ms: int
    ) -> None:
        self.reach()
        contact = body.contact
        assert contact is not None
        assert contact_hash
        self.contacts[show, reservation] = ContactRow(
            contact.name, contact.email, contact.phone or "", body.notes or "", body.special_requests or ""
        )

    async def contact(self, show: int, reservation: bytes) -> ContactRow | None:
        return self.contacts.get((show, reservation))
