"""Shows to sell and what is asked of them: the same wishes for every design that is measured."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from ticketing import messages
from ticketing.layout import AreaBody, CategoryBody, Layout, LayoutBody, build_layout
from ticketing.vocabulary import new_show_id

SALE_LASTS_MS = 10**10
POLICY = messages.Policy(payment_required=False, admission_required=False)


@dataclass(frozen=True)
class Hall:
    """A show that is to be sold: its number, its layout as stored, and the rules."""

    show: int
    layout_id: str
    layout: Layout
    sha256: bytes


def area_layout(capacity: int) -> Layout:
    """One standing area."""
    return build_layout(
        LayoutBody(
            categories=[CategoryBody(name="standing", price=4500)],
            areas=[AreaBody(label="floor", category="standing", capacity=capacity)],
        )
    )


def seat_layout(rows: int, seats_per_row: int) -> Layout:
    """Rows of numbered seats of one category."""
    return build_layout(
        LayoutBody(categories=[CategoryBody(name="stalls", price=7500)], rows=rows, seats_per_row=seats_per_row)
    )


def new_show(rng: random.Random) -> int:
    """A show's number."""
    return new_show_id(rng.randbytes(5))


def opening(hall: Hall, now_ms: int, rng: random.Random) -> messages.OpenShow:
    """The command that opens the show."""
    return messages.OpenShow(
        show=hall.show,
        key=rng.randbytes(16),
        sent_at_ms=now_ms,
        account="system",
        layout=hall.layout_id,
        layout_sha256=hall.sha256,
        currency="EUR",
        starts_at_ms=now_ms + SALE_LASTS_MS,
        policy=POLICY,
    )


def area_holds(hall: Hall, count: int, now_ms: int, rng: random.Random) -> Iterator[messages.HoldSeats]:
    """`count` people who want two places in the only area each."""
    for _ in range(count):
        yield hold(hall.show, now_ms, rng, areas=((0, 2),))


def pair_holds(hall: Hall, count: int, now_ms: int, rng: random.Random) -> Iterator[messages.HoldSeats]:
    """`count` people who want two neighbours each: every pair once, in random order, then again from the start."""
    pairs = list(range(0, len(hall.layout.seats) - 1, 2))
    rng.shuffle(pairs)
    for number in range(count):
        first = pairs[number % len(pairs)]
        yield hold(hall.show, now_ms, rng, seats=(first, first + 1))


def hold(
    show: int,
    now_ms: int,
    rng: random.Random,
    *,
    seats: tuple[int, ...] = (),
    areas: tuple[tuple[int, int], ...] = (),
) -> messages.HoldSeats:
    """Somebody new who wants these places."""
    entry = f"ent_{rng.getrandbits(64):016x}"
    return messages.HoldSeats(
        show=show,
        key=rng.randbytes(16),
        fingerprint=rng.randbytes(8),
        sent_at_ms=now_ms,
        account=entry,
        person=entry,
        seats=seats,
        areas=areas,
    )


def confirmation(of: messages.HoldSeats, rng: random.Random) -> messages.ConfirmBooking:
    """The one who was granted a hold books it."""
    return messages.ConfirmBooking(
        show=of.show,
        key=rng.randbytes(16),
        fingerprint=rng.randbytes(8),
        sent_at_ms=of.sent_at_ms,
        account=of.account,
        person=of.person,
        reservation=of.key,
    )
