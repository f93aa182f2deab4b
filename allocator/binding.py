"""Whom the limits of one person bind beside their pass: the e-mail address, and what was paid with.

Both are known only when somebody pays or confirms, so it is then that they are looked at. They are hashes under a key
of the installation's, in which `eml_` and `pay_` say of what; and they bind where a person is bound: a partner's
customer that has no name is nobody.
"""

from collections.abc import Iterable

from allocator.stock import ShowStock
from ticketing.layout import Layout
from ticketing.messages import Reservation

WHAT = {"eml": "e-mail address", "pay": "means of payment"}


def bound_by(person: str, before: Iterable[str], said: Iterable[str]) -> tuple[str, ...]:
    """What binds a reservation from now on: what is said now stands for all that was said of its kind before."""
    if not person:
        return ()
    said = tuple(dict.fromkeys(said))
    kinds = {_kind(name) for name in said}
    return (*(name for name in before if _kind(name) not in kinds), *said)


def units_of(layout: Layout, reservation: Reservation) -> int:
    """Places, without those at whole tables, which have a limit of their own."""
    at_tables = sum(table.count for table in layout.whole_tables(reservation.seats))
    return len(reservation.seats) - at_tables + sum(quantity for _, quantity in reservation.areas)


def too_many_bound(
    show: ShowStock, new: Reservation, *, before: Iterable[Reservation] = (), left: Iterable[Reservation] = ()
) -> tuple[str, str] | None:
    """`(code, detail)` of why `new` cannot be for whom it is bound to; None: it can. `before`: the live reservations
    that it comes from, itself among them; `left`: what remains of those beside it."""
    most = show.terms.policy.seats_per_person_max
    if not most or not new.bound:
        return None
    for name in new.bound:
        has = show.taken_by_bound.get(name, 0) + units_of(show.layout, new)
        has -= sum(units_of(show.layout, it) for it in before if name in it.bound)
        has += sum(units_of(show.layout, it) for it in left if name in it.bound)
        if has > most:
            return "limit_exceeded", f"one {WHAT.get(_kind(name), 'person')} may have {most} places of this show"
    return None


def _kind(name: str) -> str:
    return name.partition("_")[0]
