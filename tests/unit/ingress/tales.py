"""What the stories of this room are told with: a small hall, outcomes made by hand."""

from ingress.shows import Show, ShowRow
from ticketing import messages
from ticketing.intake import ShowFacts
from ticketing.layout import Layout, LayoutBody, build_layout, encode_layout
from ticketing.messages import AnyOutcome, Policy, Reservation
from ticketing.telling import Where
from ticketing.vocabulary import show_text

T0 = 1_800_000_000_000
SECOND = 1_000
HOUR = 3600 * SECOND
DAY = 24 * 3600 * SECOND
PART = 3
SHOW = 77
VENUE = "ven_" + "1" * 32
LAYOUT = "lay_" + "2" * 32
PAYING_POLICY = Policy(payment_required=False)

HALL = LayoutBody.model_validate(
    {
        "name": "hall",
        "rows": 3,
        "seats_per_row": 5,
        "categories": [{"name": "front", "price": 5000, "rows": [1]}, {"name": "back", "price": 3000}],
        "areas": [{"label": "floor", "category": "back", "capacity": 20}],
    }
)


def hall() -> Layout:
    """Rows A to C of five seats, A in front; a floor for 20."""
    return build_layout(HALL)


def show_row(number: int = SHOW, *, part: int = PART, policy: Policy = PAYING_POLICY) -> ShowRow:
    layout = hall()
    return ShowRow(
        show=number,
        part=part,
        venue=VENUE,
        venue_name="The Hall",
        layout=LAYOUT,
        layout_version=1,
        layout_sha256=encode_layout(layout)[1],
        name="A Night",
        currency="EUR",
        starts_at_ms=T0 + 30 * DAY,
        opens_at_ms=0,
        closes_at_ms=T0 + 30 * DAY,
        places=layout.places,
        prices={},
        policy=policy,
        test=False,
        created_by="key_house",
        request_key=number.to_bytes(16),
        fingerprint=b"12345678",
        created_at_ms=T0,
    )


def a_show(number: int = SHOW) -> Show:
    row, layout = show_row(number), hall()
    facts = ShowFacts(show=number, part=row.part, venue=VENUE, layout=layout, policy=row.policy)
    where = Where(number, VENUE, row.currency, layout)
    return Show(row, facts, layout.category_prices({}), show_text(number), where)


def reservation(
    key: bytes,
    *,
    seats: tuple[int, ...] = (),
    areas: tuple[tuple[int, int], ...] = (),
    status: str = "held",
    version: int = 1,
    account: str = "ent_anna",
) -> Reservation:
    layout = hall()
    prices = tuple(layout.categories[layout.seats[seat].category].price for seat in seats)
    prices += tuple(layout.categories[layout.areas[area].category].price for area, _ in areas)
    amount = sum(prices[: len(seats)])
    amount += sum(
        price * quantity for price, (_, quantity) in zip(prices[len(seats) :], areas, strict=True)
    )  # fmt: skip
    return Reservation(
        id=key,
        status=status,
        version=version,
        account=account,
        seats=seats,
        areas=areas,
        prices=prices,
        amount=amount,
        held_at_ms=T0,
        expires_at_ms=T0 + 300 * SECOND,
        hold_s=300,
        booked_at_ms=T0 if status in ("booked", "cancelled") else 0,
    )


def held(of: Reservation, *, seq: int = 1, offset: int = 0, repeat: bool = False, show: int = SHOW) -> AnyOutcome:
    return messages.SeatsHeld(
        show=show, seq=seq, at_ms=T0, offset=offset, key=of.id, account=of.account, reservation=of, repeat=repeat
    )


def released(of: Reservation, *, seq: int, offset: int = 0) -> AnyOutcome:
    return messages.HoldReleased(
        show=SHOW, seq=seq, at_ms=T0, offset=offset, key=b"r" * 16, account=of.account, reservation=of
    )


def refused(key: bytes, code: str, *, offset: int = 0, seq: int = 0) -> AnyOutcome:
    return messages.HoldRefused(show=SHOW, seq=seq, at_ms=T0, offset=offset, key=key, account="ent_anna", code=code)
