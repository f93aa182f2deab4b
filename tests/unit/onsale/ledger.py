"""A small sale with everything in it, as rows: the clean state that the checker's tests break in one place each."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from onsale.verify.findings import Findings
from onsale.verify.history import CHAIN_START, LoggedBatch, PartHistory
from onsale.verify.tables import AreaRow, CursorRow, PaymentRow, ShowRow, TableComparison, compare_cursor
from ticketing.layout import AreaBody, CategoryBody, LayoutBody, build_layout, encode_layout
from ticketing.messages import (
    AnyOutcome,
    BookingCancelled,
    BookingConfirmed,
    HoldExpired,
    HoldExtended,
    HoldRefused,
    HoldReleased,
    Payment,
    Policy,
    Reservation,
    SeatsHeld,
    ShowClosed,
    ShowOpened,
    encode_outcomes,
)

PART = 3
SHOW = 0x51
T0 = 1_800_000_000_000
LAYOUT = build_layout(
    LayoutBody(
        categories=[CategoryBody(name="standard", price=500)],
        rows=2,
        seats_per_row=5,
        areas=[AreaBody(label="floor", category="standard", capacity=4)],
    )
)
LAYOUT_ID = "lay_1"
DOCUMENT, SHA256 = encode_layout(LAYOUT)
POLICY = Policy(hold_s=60, payment_required=False)
CARD = Payment(provider="card", reference="p-1", amount=1000)

Log = list[list[AnyOutcome]]


def reservation(
    name: str, status: str = "held", version: int = 1, *, seats: tuple[int, ...] = (), floor: int = 0
) -> Reservation:
    """The reservation called `name`, of seats and of places on the floor."""
    areas = ((0, floor),) if floor else ()
    return Reservation(
        id=hashlib.blake2b(name.encode(), digest_size=16).digest(),
        status=status,
        version=version,
        account=f"ent_{name}",
        person=f"ent_{name}",
        seats=seats,
        areas=areas,
        prices=(500,) * (len(seats) + len(areas)),
        amount=500 * (len(seats) + floor),
        held_at_ms=T0,
        expires_at_ms=T0 + 60_000,
        hold_s=60,
    )


def then(before: Reservation, status: str, *, booked_at_ms: int = 0) -> Reservation:
    """The reservation one step further on."""
    return msgspec.structs.replace(before, status=status, version=before.version + 1, booked_at_ms=booked_at_ms)


ANNA = reservation("anna", seats=(0, 1))
ANNA_BOOKED = then(ANNA, "booked", booked_at_ms=T0 + 5_000)
BEN = reservation("ben", seats=(2,), floor=3)
BEN_EXPIRED = then(BEN, "expired")
CLEO = reservation("cleo", seats=(2, 3), floor=2)
CLEO_EXTENDED = then(CLEO, "held")
DORA = reservation("dora", seats=(4,))
DORA_RELEASED = then(DORA, "released")
EMIL = reservation("emil", seats=(5,))
EMIL_BOOKED = then(EMIL, "booked", booked_at_ms=T0 + 6_000)
EMIL_CANCELLED = then(EMIL_BOOKED, "cancelled", booked_at_ms=T0 + 6_000)


def log() -> Log:
    """Four batches: everything that can happen to a reservation, a refusal, a repeat, and the end of the sale."""
    at = T0
    return [
        [
            ShowOpened(show=SHOW, seq=1, at_ms=at, offset=0, layout=LAYOUT_ID, currency="EUR", policy=POLICY),
            SeatsHeld(show=SHOW, seq=2, at_ms=at, offset=1, reservation=ANNA),
            SeatsHeld(show=SHOW, seq=3, at_ms=at, offset=2, reservation=BEN),
            HoldRefused(show=SHOW, seq=3, at_ms=at, offset=3, code="seats_unavailable"),
        ],
        [
            BookingConfirmed(show=SHOW, seq=4, at_ms=at, offset=4, reservation=ANNA_BOOKED, payment=CARD),
            HoldExpired(show=SHOW, seq=5, at_ms=at, offset=5, reservation=BEN_EXPIRED),
            BookingConfirmed(show=SHOW, seq=5, at_ms=at, offset=6, reservation=ANNA_BOOKED, payment=CARD, repeat=True),
        ],
        [
            SeatsHeld(show=SHOW, seq=6, at_ms=at, offset=7, reservation=CLEO),
            HoldExtended(show=SHOW, seq=7, at_ms=at, offset=8, reservation=CLEO_EXTENDED),
            SeatsHeld(show=SHOW, seq=8, at_ms=at, offset=9, reservation=DORA),
            HoldReleased(show=SHOW, seq=9, at_ms=at, offset=10, reservation=DORA_RELEASED),
        ],
        [
            SeatsHeld(show=SHOW, seq=10, at_ms=at, offset=11, reservation=EMIL),
            BookingConfirmed(show=SHOW, seq=11, at_ms=at, offset=12, reservation=EMIL_BOOKED),
            BookingCancelled(show=SHOW, seq=12, at_ms=at, offset=13, reservation=EMIL_CANCELLED),
            ShowClosed(show=SHOW, seq=13, at_ms=at, offset=14),
        ],
    ]


def seal(outcomes: Sequence[Sequence[AnyOutcome]]) -> list[LoggedBatch]:
    """The rows of outcome_log that hold these outcomes: numbered, chained, from offset to offset."""
    batches: list[LoggedBatch] = []
    chain, first = CHAIN_START, 0
    for number, batch in enumerate(outcomes, 1):
        payload = encode_outcomes(list(batch))
        chain = hashlib.sha256(chain + payload).digest()
        following = first + len(batch)
        batches.append(LoggedBatch(PART, number, 0, first, following, chain, payload))
        first = following
    return batches


@dataclass
class Ledger:
    """What Postgres holds of the sale."""

    batches: list[LoggedBatch] = field(default_factory=lambda: seal(log()))
    document: bytes | None = DOCUMENT
    shows: list[ShowRow] = field(default_factory=list)
    areas: list[AreaRow] = field(default_factory=lambda: [AreaRow(SHOW, 0, 4, 2)])
    seats: dict[int, bytes] = field(default_factory=lambda: {0: ANNA.id, 1: ANNA.id, 2: CLEO.id, 3: CLEO.id})
    reservations: list[Reservation] = field(
        default_factory=lambda: [ANNA_BOOKED, BEN_EXPIRED, CLEO_EXTENDED, DORA_RELEASED, EMIL_CANCELLED]
    )
    payments: list[PaymentRow] = field(default_factory=lambda: [PaymentRow(SHOW, "card", "p-1", ANNA.id, 1000)])
    cursor: CursorRow | None = None

    def __post_init__(self) -> None:
        last = self.batches[-1]
        self.cursor = CursorRow(last.batch_seq, last.next_offset, last.log_gen, last.batch_seq, last.chain)
        policy = msgspec.json.encode(POLICY).decode()
        self.shows = [ShowRow(SHOW, "closed", 13, LAYOUT_ID, SHA256, "EUR", policy, "{}", "{}")]

    def relog(self, outcomes: Sequence[Sequence[AnyOutcome]]) -> None:
        """Replace the log by a well-formed one of other outcomes, the cursor along with it."""
        self.batches = seal(outcomes)
        last = self.batches[-1]
        self.cursor = CursorRow(last.batch_seq, last.next_offset, last.log_gen, last.batch_seq, last.chain)


def check(ledger: Ledger, only_show: int | None = None) -> Findings:
    """What the checker finds in it."""
    findings = Findings()
    history = PartHistory(PART, findings, {(row.show, row.area): row.capacity for row in ledger.areas}, only_show)
    for batch in ledger.batches:
        history.read(batch)
    compare_cursor(history, ledger.cursor)
    tables = TableComparison(history)
    for show in ledger.shows:
        tables.show_row(show, ledger.document)
    for area in ledger.areas:
        tables.area_row(area)
    for seat, owner in ledger.seats.items():
        tables.seat_row(SHOW, seat, owner)
    for row in ledger.reservations:
        tables.reservation_row(SHOW, row)
    for payment in ledger.payments:
        tables.payment_row(payment)
    tables.finish()
    return findings
