"""What a crowd asks of two small shows: holds that collide, changes, repeats, other bodies under old keys, nonsense."""

import random
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.simulation import buyers, payers
from tests.simulation.operators import PARTNERS, Operators
from ticketing import messages
from ticketing.layout import AreaBody, Bookable, CategoryBody, LayoutBody, TableBody, build_layout, encode_layout
from ticketing.messages import AnyCommand, Best, Policy
from ticketing.vocabulary import OrphanRule

LAYOUT_ID = "lay_crowd"
LAYOUT = build_layout(
    LayoutBody(
        rows=4,
        seats_per_row=6,
        categories=[
            CategoryBody(name="front", price=100, rows=[1, 2]),
            CategoryBody(name="back", price=40),
            CategoryBody(name="guests", price=0),
        ],
        areas=[
            AreaBody(label="floor", category="back", capacity=12),
            AreaBody(label="bar", category="guests", capacity=3),
        ],
        tables=[
            TableBody(label="T1", x=500, y=500, seats=3, category="back"),
            TableBody(label="T2", x=800, y=500, seats=2, category="back", bookable=Bookable.BOTH),
        ],
    )
)
DOCUMENT, SHA256 = encode_layout(LAYOUT)
SEATS = len(LAYOUT.seats)
IN_ROWS = LAYOUT.tables[0].first
SHOWS = (11, 12)
PAID_SHOW = 12
"""The second show takes bookings only with a payment."""
COSTLY_SHOW = 13
"""Two of its seats cost more than a column can hold: what is held there the store must refuse."""
COSTLY_PRICE = 2**62
EVENING_SHOW = 14
"""Opens late, closes early, leaves no single seats, and is tonight: bookings cannot be given back any more."""
OPENS_AFTER_MS = 4_000
CLOSES_AFTER_MS = 20_000
UNKNOWN_SHOW = 99
PEOPLE = PARTNERS
HOUR_MS = 3_600_000
HOLD_S = 30
HOLD_MAX_S = 60
PAYMENT_S = 20
ROOMY_MAX = 6
"""More than one person gets in a sale; but a few addresses are shared by all of them."""
SHARED = ("", "", "front", "back", "back", "nowhere")
"""Of which categories something is kept; "": of the whole show."""


def policy(show: int) -> Policy:
    return Policy(
        seats_per_hold_max=4,
        max_held_seats_per_person=6,
        hold_s=HOLD_S,
        hold_max_s=HOLD_MAX_S,
        payment_s=PAYMENT_S,
        payment_required=show == PAID_SHOW,
        seats_per_person_max=3 if show == EVENING_SHOW else ROOMY_MAX if show == PAID_SHOW else 0,
        holds_at_once_max=3 if show == PAID_SHOW else 0,
        unpaid_holds_max=2 if show == PAID_SHOW else 0,
        cool_down_s=40,
        orphan_rule=OrphanRule.ENFORCE if show == EVENING_SHOW else OrphanRule.OFF,
    )


def opening(show: int, at_ms: int) -> messages.OpenShow:
    """The command that opens one of the shows."""
    return messages.OpenShow(
        show=show,
        key=b"open".ljust(12, b"\0") + show.to_bytes(4),
        fingerprint=b"opening.",
        sent_at_ms=at_ms,
        account="key_admin",
        layout=LAYOUT_ID,
        layout_sha256=SHA256,
        currency="EUR",
        starts_at_ms=at_ms + (12 if show == EVENING_SHOW else 48) * HOUR_MS,
        opens_at_ms=at_ms + OPENS_AFTER_MS if show == EVENING_SHOW else 0,
        closes_at_ms=at_ms + CLOSES_AFTER_MS if show == EVENING_SHOW else 0,
        prices={"front": COSTLY_PRICE, "back": COSTLY_PRICE} if show == COSTLY_SHOW else {},
        policy=policy(show),
    )


@dataclass
class Crowd:
    """Asks; knows only what it asked itself, since a reservation has the key of the request that made it."""

    rng: random.Random
    shows: tuple[int, ...] = SHOWS
    asked: int = 0
    """How many commands, repeats and all; nonsense is none."""
    sent: list[AnyCommand] = field(default_factory=list)
    holds: list[messages.HoldSeats] = field(default_factory=list)
    paying: list[messages.HoldSeats] = field(default_factory=list)
    """For which it has begun to pay."""
    rush: list[messages.HoldSeats] = field(default_factory=list)
    """Wishes for the same places, which will be asked one right after the other."""

    def ask(self, now_ms: int) -> tuple[int, bytes]:
        """One record for the log, and the show for whose partition it is."""
        if self.rng.random() < 0.01:
            cut_off = messages.encode(self.sent[0])[:-1] if self.sent else b"x"
            return self.rng.choice(self.shows), self.rng.choice([b"", b"garbage", b"\xc1", cut_off])
        command = self.command(now_ms)
        return command.show, messages.encode(command)

    def command(self, now_ms: int) -> AnyCommand:
        """One command, perhaps one that was sent before."""
        self.asked += 1
        if self.rush:
            return msgspec.structs.replace(self.rush.pop(), sent_at_ms=now_ms)
        roll = self.rng.random()
        if roll < 0.12 and self.sent:
            return self._again(now_ms)
        if roll < 0.16:
            return self._odd(now_ms)
        if roll < 0.19:
            return self._many(now_ms)
        if roll < 0.22:
            return self._order(self._head(self.rng.choice(self.shows), now_ms))
        if roll < 0.25:
            return self._buy(self._head(self.rng.choice(self.shows), now_ms))
        if roll < 0.52 and self.holds:
            command = self._about_a_hold(now_ms)
        else:
            command = self._hold(now_ms)
            self.holds.append(command)
            if self.rng.random() < 0.05:
                self.rush = self._same_again(command)
        self.sent.append(command)
        return command

    def _again(self, now_ms: int) -> AnyCommand:
        command = self.rng.choice(self.sent[-40:])
        if self.rng.random() < 0.02:
            # A show seldom ends; that its end is ordered twice under one key would hardly ever happen.
            ends = [it for it in self.sent if isinstance(it, messages.CloseShow | messages.CancelShow)]
            command = self.rng.choice([*ends, command])
        if self.rng.random() < 0.2:
            return msgspec.structs.replace(command, sent_at_ms=now_ms, fingerprint=b"another.")
        return msgspec.structs.replace(command, sent_at_ms=now_ms)

    def _odd(self, now_ms: int) -> AnyCommand:
        show = self.rng.choice(self.shows)
        head = self._head(show, now_ms)
        roll = self.rng.random()
        if roll < 0.05:
            return messages.HoldSeats(**self._head(COSTLY_SHOW, now_ms), seats=self._seats(2))
        if roll < 0.3:
            return self._against_the_rules(head)
        if roll < 0.4:
            return messages.HoldSeats(**self._head(UNKNOWN_SHOW, now_ms), seats=(0,))
        if roll < 0.65:
            return self._opening(show, now_ms)
        if roll < 0.7:
            close = messages.CloseShow(**head)
            self.sent.append(close)
            return close
        return self._buy(head)

    def _against_the_rules(self, head: dict[str, Any]) -> AnyCommand:
        seats: tuple[int, ...] = self.rng.choice([(), (0, 0), (SEATS,), tuple(range(5))])
        return messages.HoldSeats(**head, seats=seats)

    def _opening(self, show: int, now_ms: int) -> AnyCommand:
        again = opening(show, now_ms)
        roll = self.rng.random()
        if roll < 0.5:
            return again
        head = self._head(show if roll < 0.75 else UNKNOWN_SHOW, now_ms)
        return msgspec.structs.replace(again, **head, layout_sha256=bytes(32))

    def _buy(self, head: dict[str, Any]) -> AnyCommand:
        tried = {it.reservation for it in self.sent[-80:] if isinstance(it, messages.ConfirmBooking)}
        booked = [it for it in self.holds if it.key in tried]
        kept = [it for it in self.sent if isinstance(it, messages.SetAllocation)]
        command = buyers.ask(self.rng, LAYOUT, head, self.holds, booked=booked, kept=kept)
        self.sent.append(command)
        return command

    def _many(self, now_ms: int) -> AnyCommand:
        """Several holds as one; now and then two of them want the same, or it is a repeat with one changed."""
        count = self.rng.randint(1, 4)
        first = self._hold(now_ms)
        head = {**self._head(first.show, now_ms), "account": first.account}
        wishes = [first]
        while len(wishes) < count:
            wish = self._hold(now_ms)
            wishes.append(msgspec.structs.replace(wish, show=first.show, account=first.account, person=first.person))
        if self.rng.random() < 0.1:
            wishes.append(wishes[0])
        many = messages.HoldMany(**head, holds=tuple(wishes), atomic=self.rng.random() < 0.95)
        self.holds += wishes
        self.sent.append(many)
        return many

    def _order(self, head: dict[str, Any]) -> AnyCommand:
        """What an operator does to a show."""
        order = Operators(self.rng, policy, SEATS, SHARED, IN_ROWS).ask(self.sent, self.holds, head)
        if order.key == head["key"]:
            self.sent.append(order)
        return order

    def _hold(self, now_ms: int) -> messages.HoldSeats:
        head = self._head(self.rng.choice(self.shows), now_ms)
        person = head["account"]
        roll = self.rng.random()
        if roll < 0.1 and self.paying:
            wanted = self.rng.choice(self.paying[-30:])
            return messages.HoldSeats(**{**head, "show": wanted.show}, person=person, seats=wanted.seats)
        if roll < 0.25:
            areas = ((self.rng.randrange(2), self.rng.randint(1, 3)),)
            return messages.HoldSeats(**head, person=person, areas=areas, noted=self.rng.random() < 0.3)
        if roll < 0.45:
            wish = Best(self.rng.randint(1, 4), adjacent=self.rng.random() < 0.7)
            return messages.HoldSeats(**head, person=person, best=wish)
        if roll < 0.55:
            return messages.HoldSeats(**head, person=person, seats=self._seats(1), areas=((0, 1),))
        if roll < 0.65:
            return messages.HoldSeats(**head, person=person, seats=self._at_tables(), partial=self.rng.random() < 0.3)
        partial = self.rng.random() < 0.1
        seats = self._seats(self.rng.randint(1, 3))
        more: tuple[messages.AreaCount, ...] = ((1, 2),) if partial else ()
        return messages.HoldSeats(**head, person=person, seats=seats, areas=more, partial=partial)

    def _same_again(self, wanted: messages.HoldSeats) -> list[messages.HoldSeats]:
        """What others want, and some of them twice, at the moment at which it is lost."""
        heads = [self._head(wanted.show, wanted.sent_at_ms) for _ in range(self.rng.randint(2, 6))]
        heads += [head for head in heads if self.rng.random() < 0.1]
        return [msgspec.structs.replace(wanted, **head, person=head["account"]) for head in heads]

    def _about_a_hold(self, now_ms: int) -> AnyCommand:
        hold = self.rng.choice(self.holds[-25:] if self.rng.random() < 0.85 else self.holds[-100:])
        account = hold.account if self.rng.random() < 0.95 else "ent_stranger"
        head = {**self._head(hold.show, now_ms), "account": account, "keyed": self.rng.random() < 0.8}
        roll = self.rng.random()
        if roll < 0.15:
            return messages.ExtendHold(**head, reservation=hold.key, by_s=self.rng.choice((0, 5, 50)))
        if roll < 0.28:
            some = hold.seats[:1] if self.rng.random() < 0.4 else ()
            return messages.ReleaseHold(**head, reservation=hold.key, seats=some)
        if roll < 0.55:
            paid = payers.own_word(self.rng, hold, payers.cost(LAYOUT, hold)) if hold.show == PAID_SHOW else None
            return messages.ConfirmBooking(**head, reservation=hold.key, payment=paid, bound=payers.bound_to(self.rng))
        if roll < 0.70:
            self.paying.append(hold)
            return messages.BeginPayment(
                **head, reservation=hold.key, provider=payers.PROVIDER, bound=payers.bound_to(self.rng)
            )
        if roll < 0.87:
            # A provider takes its time: many a hold has ended by then, and its places are somebody else's.
            hold = self.rng.choice(self.paying[-30:] if self.paying and self.rng.random() < 0.8 else self.holds[-60:])
            head = {**head, "show": hold.show}
            return payers.providers_word(self.rng, hold, head, payers.cost(LAYOUT, hold))
        return messages.CancelBooking(**head, reservation=hold.key)

    def _seats(self, count: int) -> tuple[int, ...]:
        return tuple(sorted(self.rng.sample(range(IN_ROWS), count)))

    def _at_tables(self) -> tuple[int, ...]:
        """A whole table, some seats of one, or both tables and more than anybody may have."""
        first, second = (tuple(table.seats) for table in LAYOUT.tables)
        return self.rng.choice([first, first, second, second[:1], first[:2], (0, *first), (*first, *second)])

    def _head(self, show: int, now_ms: int) -> dict[str, Any]:
        return {
            "show": show,
            "key": self.rng.randbytes(16),
            "fingerprint": self.rng.randbytes(8),
            "sent_at_ms": now_ms,
            "account": f"ent_{self.rng.randrange(PEOPLE)}",
        }
