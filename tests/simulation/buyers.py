"""What the crowd wants beyond single holds: bookings of several, other seats for a booking, and shows that are off."""

import random
from collections.abc import Sequence
from typing import Any

from tests.simulation.payers import bound_to, cost
from ticketing import messages
from ticketing.layout import Layout
from ticketing.messages import AnyCommand, Payment
from ticketing.vocabulary import SYSTEM_ACCOUNT


def ask(
    rng: random.Random,
    layout: Layout,
    head: dict[str, Any],
    holds: Sequence[messages.HoldSeats],
    *,
    booked: Sequence[messages.HoldSeats],
    kept: Sequence[messages.SetAllocation],
) -> AnyCommand:
    """One command about some of the `holds`, about those that may be `booked`, or about places that nobody holds.

    Often where some are `kept` for partners, and by these: otherwise they would seldom ask for more than their share.
    """
    if kept and rng.random() < 0.4:
        share = rng.choice(kept)
        head = {**head, "show": share.show, "account": rng.choice((share.allocation, head["account"]))}
        holds = [it for it in holds if it.show == share.show]
        booked = [it for it in booked if it.show == share.show]
        booked = [it for it in booked if it.account == share.allocation] or booked
        if booked and rng.random() < 0.5:
            return _one_more(rng, layout, rng.choice(booked), head)
    hold = rng.choice(holds[-25:]) if holds else None
    roll = rng.random()
    if booked and roll >= 0.4:
        hold = rng.choice(booked)
    if hold is None or roll < 0.18:
        if hold is not None and rng.random() < 0.5:
            head = {**head, "show": hold.show, "account": hold.account}  # who has some may have too many
        areas: tuple[messages.AreaCount, ...] = rng.choice(
            [((0, 1),), ((0, 2), (1, 1)), ((0, 4),), ((1, 2),), (), ((9, 1),), ((0, 99),)]
        )
        bound = bound_to(rng)
        return messages.BookNow(**head, person=head["account"], areas=areas, payment=_paid(rng, head, 40), bound=bound)
    account = hold.account if rng.random() < 0.95 else "ent_stranger"
    head = {**head, "show": hold.show, "account": account}
    if roll < 0.42:
        return _book(rng, layout, holds, hold, head)
    if roll < 0.93:
        return _change(rng, layout, hold, {**head, "keyed": rng.random() < 0.8})
    if roll < 0.95:
        return messages.CancelShow(**{**head, "account": "key_admin"}, reason="flooded")
    of_show = tuple((it.key, rng.choice((1, 2, 2, 3))) for it in holds[-60:] if it.show == hold.show)
    return messages.CancelShow(**{**head, "account": SYSTEM_ACCOUNT, "keyed": False}, bookings=of_show)


def _book(
    rng: random.Random,
    layout: Layout,
    holds: Sequence[messages.HoldSeats],
    hold: messages.HoldSeats,
    head: dict[str, Any],
) -> messages.BookNow:
    """A hold whole or a seat of it, perhaps with another one of the same owner and with a place more."""
    more: tuple[messages.AreaCount, ...] = ((0, 1),) if rng.random() < 0.3 else ()
    own = [it for it in holds[-40:] if (it.show, it.account) == (hold.show, hold.account) and it.key != hold.key]
    others = tuple(it.key for it in own[-1:] if rng.random() < 0.4)
    due = cost(layout, hold) + 40 * len(more)
    if hold.seats and rng.random() < 0.55:
        named = hold.seats[: rng.randint(1, len(hold.seats))]
        return messages.BookNow(**head, seats=named, areas=more, payment=_paid(rng, head, due))
    person = head["account"] if rng.random() < 0.5 else ""
    return messages.BookNow(
        **head,
        person=person,
        reservations=(hold.key, *others),
        areas=more,
        payment=_paid(rng, head, due),
        bound=bound_to(rng),
    )


def _paid(rng: random.Random, head: dict[str, Any], due: int) -> Payment | None:
    return Payment("pay", head["key"].hex(), due) if rng.random() < 0.4 else None


def _one_more(
    rng: random.Random, layout: Layout, hold: messages.HoldSeats, head: dict[str, Any]
) -> messages.ChangeBooking:
    take = (rng.randrange(len(layout.seats)),)
    return messages.ChangeBooking(
        **{**head, "account": hold.account}, reservation=hold.key, give=(), take=take, partner=True
    )


def _change(
    rng: random.Random, layout: Layout, hold: messages.HoldSeats, head: dict[str, Any]
) -> messages.ChangeBooking:
    give = hold.seats[:1] if rng.random() < 0.9 else hold.seats
    take = tuple(rng.sample(range(len(layout.seats) + 1), rng.choice((0, 1, 1, 2, 2, 3))))
    return messages.ChangeBooking(**head, reservation=hold.key, give=give, take=take, partner=rng.random() < 0.5)
