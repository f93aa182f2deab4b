"""The room's stores in memory, with a switch for what it is like when Postgres is gone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ingress.catalogue import Catalogue
from ingress.key_table import KeyRow, KeyTable, Terms
from ingress.keys import ApiKey
from ingress.ledger import ContactRow, Cursor, DecidedBatch, Ledger, LogBatch, Snapshot
from ingress.shows import LayoutRow, ListedVenue, NewLayout, NewShow, ShowRow, VenueRow, Wanted
from ingress.stores import StoreAway
from tests.unit.ingress.tales import LAYOUT, PART, SHOW, T0, VENUE, hall, show_row
from ticketing.asks import Buyer
from ticketing.key_limits import Limits, read_networks
from ticketing.layout import encode_layout
from ticketing.messages import Reservation
from ticketing.tokens import api_key_hash, new_api_key


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

    async def list_venues(self, text: str | None, before: tuple[int, str], limit: int) -> list[ListedVenue]:
        self.reach()
        rows = sorted(self.venues.values(), key=lambda row: (row.created_at_ms, row.venue), reverse=True)
        fits = [row for row in rows if (text or "").lower() in row.name.lower()]
        found = [row for row in fits if (row.created_at_ms, row.venue) < before][:limit]
        return [await self._listed(row) for row in found]

    async def _listed(self, row: VenueRow) -> ListedVenue:
        newest = await self.layout(row.venue, None)
        if newest is None:
            return ListedVenue(row, None, None, None)
        return ListedVenue(row, newest.layout, newest.version, newest.places)

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
        rows = self.stored.values() if wanted.status in (None, "open") else ()
        fits = [row for row in rows if (wanted.text or "").lower() in row.name.lower()]
        places = sorted((row.starts_at_ms, row.show) for row in fits)
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


class MemoryKeys(KeyTable):
    """The table of keys as a dictionary: hash of the secret -> what it gives; ids -> how admins see them."""

    def __init__(self, keys: dict[str, ApiKey], reach: Callable[[], None]) -> None:
        self.secrets = {api_key_hash(secret): key for secret, key in keys.items()}
        self.rows = {key.key_id: _row_of(key) for key in keys.values()}
        self._reach = reach

    async def add(self, terms: Terms, now_ms: int, entropy: bytes) -> tuple[str, str]:
        self._reach()
        key_id, secret = f"key_{entropy.hex()[-8:]}", new_api_key(entropy[8:], sandbox=terms.sandbox)
        self.rows[key_id] = KeyRow(key_id, terms, secret[:13], now_ms, None, None, None)
        self._give(key_id, secret)
        return key_id, secret

    async def find(self, key_hash: bytes) -> ApiKey | None:
        self._reach()
        return self.secrets.get(key_hash)

    async def find_by_id(self, key_id: str) -> ApiKey | None:
        self._reach()
        return next((key for key in self.secrets.values() if key.key_id == key_id and key.ends_at_ms is None), None)

    async def read(self, key_id: str) -> KeyRow | None:
        return self.rows.get(key_id)

    async def page(self, after: tuple[int, str], limit: int, partner: str | None = None) -> list[KeyRow]:
        mine = [row for row in self.rows.values() if partner in (None, row.terms.partner)]
        rows = sorted(mine, key=lambda row: (row.created_at_ms, row.key_id))
        return [row for row in rows if (row.created_at_ms, row.key_id) > after][:limit]

    async def revoke(self, key_id: str, now_ms: int) -> bool:
        row = self.rows.get(key_id)
        if row is None or row.revoked_at_ms is not None:
            return False
        self.rows[key_id] = replace(row, revoked_at_ms=now_ms)
        self._change(key_id, revoked=True)
        return True

    async def rotate(self, key_id: str, key: str, ends_at_ms: int, now_ms: int) -> bool:
        row = self.rows[key_id]
        if row.revoked_at_ms is not None:
            return False
        self.rows[key_id] = replace(row, rotated_at_ms=now_ms, previous_ends_at_ms=ends_at_ms, shown_prefix=key[:13])
        self._change(key_id, ends_at_ms=ends_at_ms)
        self._give(key_id, key)
        return True

    async def change(self, key_id: str, terms: Terms) -> bool:
        self.rows[key_id] = replace(self.rows[key_id], terms=terms)
        given = _given(self.rows[key_id])
        self._change(
            key_id, limits=given.limits, requests_per_min=given.requests_per_min, partner=given.partner
        )  # fmt: skip
        return True

    def _give(self, key_id: str, secret: str) -> None:
        self.secrets[api_key_hash(secret)] = _given(self.rows[key_id])

    def _change(self, key_id: str, **changes: Any) -> None:
        for key_hash, key in self.secrets.items():
            if key.key_id == key_id:
                self.secrets[key_hash] = replace(key, **changes)


def _row_of(key: ApiKey) -> KeyRow:
    terms = Terms(
        key.key_id, tuple(sorted(key.roles)), key.sandbox, tuple(sorted(key.permissions)), partner=key.partner
    )
    return KeyRow(key.key_id, terms, "osk_", T0, None, None, T0 if key.revoked else None)


def _given(row: KeyRow) -> ApiKey:
    terms = row.terms
    limits = Limits(frozenset(terms.venues), frozenset(terms.shows), read_networks(terms.addresses))
    return ApiKey(
        row.key_id, frozenset(terms.roles), terms.sandbox, row.revoked_at_ms is not None,
        frozenset(terms.permissions), limits, terms.requests_per_min, terms.selling_at_once_max,
        partner=terms.partner,
    )  # fmt: skip


class MemoryLedger(Ledger):
    """What the allocator would have written. `before_cursor`: what happens just before the cursor is read."""

    def __init__(self) -> None:
        self.away = False
        self.open_shows = {SHOW}
        self.kept: dict[str, dict[str, int]] = {}
        self.reservations: dict[bytes, Reservation] = {}
        self.batches: dict[tuple[int, int, int], bytes] = {}
        self.log_gen = 0
        self.published_seq = 2**40
        self.before_cursor: Callable[[], None] = lambda: None
        self.contacts: dict[tuple[int, bytes], ContactRow] = {}
        self.stars: dict[tuple[int, bytes], int] = {}

    def reach(self) -> None:
        if self.away:
            raise StoreAway("gone")

    async def reservation(self, part: int, show: int, reservation: bytes) -> Reservation | None:
        self.reach()
        return self.reservations.get(reservation)

    async def batch_with(self, part: int, log_gen: int, offset: int) -> DecidedBatch | None:
        self.reach()
        payload = self.batches.get((part, log_gen, offset))
        return None if payload is None else DecidedBatch(offset + 1, self.published_seq, payload)

    async def batches_of(self, part: int, show: int, first: int, last: int, limit: int) -> list[LogBatch]:
        self.reach()
        found = [
            LogBatch(offset + 1, log_gen, payload)
            for (of, log_gen, offset), payload in sorted(self.batches.items())
            if of == part and first <= offset + 1 <= last
        ]
        return found[:limit]

    async def cursor(self, part: int) -> Cursor | None:
        self.reach()
        self.before_cursor()
        return Cursor(self.log_gen, len(self.batches)) if part == PART else None

    async def snapshot(self, part: int, show: int) -> Snapshot | None:
        self.reach()
        return Snapshot(0, "open", 0, []) if show in self.open_shows else None

    async def published(self, part: int) -> int:
        return min(self.published_seq, len(self.batches))

    async def save_contact(
        self, part: int, show: int, reservation: bytes, contact_hash: bytes, body: Buyer, *, now_ms: int
    ) -> None:
        self.reach()
        contact = body.contact
        assert contact is not None
        assert contact_hash
        self.contacts[show, reservation] = ContactRow(
            contact.name, contact.email, contact.phone or "", body.notes or "", body.special_requests or "",
            contact.language or "",
        )  # fmt: skip

    async def replace_contact(
        self, part: int, show: int, reservation: bytes, contact_hash: bytes, row: ContactRow, *, now_ms: int
    ) -> None:
        self.reach()
        assert contact_hash
        self.contacts[show, reservation] = row

    async def contact(self, part: int, show: int, reservation: bytes) -> ContactRow | None:
        return self.contacts.get((show, reservation))
