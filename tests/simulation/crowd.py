"""What a crowd asks of two small shows: holds that collide, changes, repeats, other bodies under old keys, nonsense."""

import random
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ticketing import messages
from ticketing.layout import AreaBody, CategoryBody, LayoutBody, build_layout, encode_layout
from ticketing.messages import AnyCommand, Best, Payment, Policy

LAYOUT_ID = "lay_crowd"
LAYOUT = build_layout(
    LayoutBody(
        rows=4,
        seats_per_row=6,
        categories=[CategoryBody(name="front", price=100, rows=[1, 2]), CategoryBody(name="back", price=40)],
        areas=[
            AreaBody(label="floor", category="back", capacity=12),
            AreaBody(label="bar", category="back", capacity=3),
        ],
    )
)
DOCUMENT, SHA256 = encode_layout(LAYOUT)
SEATS = len(LAYOUT.seats)
SHOWS = (11, 12)
PAID_SHOW = 12
"""The second show takes bookings only with a payment."""
COSTLY_SHOW = 13
"""Two of its seats cost more than a column can hold: what is held there the store must refuse."""
COSTLY_PRICE = 2**62
PEOPLE = 9
HOLD_S = 30
HOLD_MAX_S = 60


def policy(show: int) -> Policy:
    return Policy(
        seats_per_hold_max=4,
        max_held_seats_per_person=6,
        hold_s=HOLD_S,
        hold_max_s=HOLD_MAX_S,
        payment_required=show == PAID_SHOW,
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
        starts_at_ms=at_ms + 48 * 3600 * 1000,
        prices={"front": COSTLY_PRICE, "back": COSTLY_PRICE} if show == COSTLY_SHOW else {},
        policy=policy(show),
    )


@dataclass
class Crowd:
    """Asks; knows only what it asked itself, since a reservation has the key of the request that made it."""

    rng: random.Random
    sent: list[AnyCommand] = field(default_factory=list)
    holds: list[messages.HoldSeats] = field(default_factory=list)

    def ask(self, now_ms: int) -> bytes:
        """One record for the log."""
        roll = self.rng.random()
        if roll < 0.01:
            return self.rng.choice(
                [b"", b"garbage", b"\xc1", messages.encode(self.sent[0])[:-1] if self.sent else b"x"]
            )
        return messages.encode(self.command(now_ms, roll))

    def command(self, now_ms: int, roll: float | None = None) -> AnyCommand:
        """One command, perhaps one that was sent before."""
        roll = self.rng.random() if roll is None else roll
        if roll < 0.12 and self.sent:
            return self._again(now_ms)
        if roll < 0.16:
            return self._odd(now_ms)
        if roll < 0.50 and self.holds:
            command = self._about_a_hold(now_ms)
        else:
            command = self._hold(now_ms)
            self.holds.append(command)
        self.sent.append(command)
        return command

    def _again(self, now_ms: int) -> AnyCommand:
        command = self.rng.choice(self.sent[-40:])
        if self.rng.random() < 0.2:
            return msgspec.structs.replace(command, sent_at_ms=now_ms, fingerprint=b"another.")
        return msgspec.structs.replace(command, sent_at_ms=now_ms)

    def _odd(self, now_ms: int) -> AnyCommand:
        show = self.rng.choice(SHOWS)
        roll = self.rng.random()
        if roll < 0.25:
            return messages.BlockSeats(**self._head(show, now_ms))
        if roll < 0.5:
            return messages.HoldSeats(**self._head(99, now_ms), seats=(0,))
        if roll < 0.8:
            return opening(show, now_ms)
        if roll < 0.86:
            return messages.CloseShow(**self._head(show, now_ms))
        return messages.HoldSeats(**self._head(COSTLY_SHOW, now_ms), seats=self._seats(2))

    def _hold(self, now_ms: int) -> messages.HoldSeats:
        head = self._head(self.rng.choice(SHOWS), now_ms)
        person = head["account"]
        roll = self.rng.random()
        if roll < 0.25:
            areas = ((self.rng.randrange(2), self.rng.randint(1, 3)),)
            return messages.HoldSeats(**head, person=person, areas=areas)
        if roll < 0.45:
            wish = Best(self.rng.randint(1, 4), adjacent=self.rng.random() < 0.7)
            return messages.HoldSeats(**head, person=person, best=wish)
        if roll < 0.55:
            return messages.HoldSeats(**head, person=person, seats=self._seats(1), areas=((0, 1),))
        return messages.HoldSeats(**head, person=person, seats=self._seats(self.rng.randint(1, 3)))

    def _about_a_hold(self, now_ms: int) -> AnyCommand:
        hold = self.rng.choice(self.holds[-25:])
        account = hold.account if self.rng.random() < 0.95 else "ent_stranger"
        head = {**self._head(hold.show, now_ms), "account": account, "keyed": self.rng.random() < 0.8}
        roll = self.rng.random()
        if roll < 0.25:
            return messages.ExtendHold(**head, reservation=hold.key, by_s=self.rng.choice((0, 5, 50)))
        if roll < 0.45:
            return messages.ReleaseHold(**head, reservation=hold.key)
        if roll < 0.85:
            return messages.ConfirmBooking(**head, reservation=hold.key, payment=self._payment(hold))
        return messages.CancelBooking(**head, reservation=hold.key)

    def _payment(self, hold: messages.HoldSeats) -> Payment | None:
        if hold.show != PAID_SHOW or self.rng.random() < 0.1:
            return None
        places = [LAYOUT.seats[seat].category for seat in hold.seats]
        amount = sum(LAYOUT.categories[category].price for category in places)
        amount += sum(LAYOUT.categories[LAYOUT.areas[area].category].price * quantity for area, quantity in hold.areas)
        reference = hold.key.hex() if self.rng.random() < 0.9 else "the-same-one"
        return Payment("pay", reference, amount)

    def _seats(self, count: int) -> tuple[int, ...]:
        return tuple(sorted(self.rng.sample(range(SEATS), count)))

    def _head(self, show: int, now_ms: int) -> dict[str, Any]:
        return {
            "show": show,
            "key": self.rng.randbytes(16),
            "fingerprint": self.rng.randbytes(8),
            "sent_at_ms": now_ms,
            "account": f"ent_{self.rng.randrange(PEOPLE)}",
        }
