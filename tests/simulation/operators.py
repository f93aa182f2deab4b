"""What operators do to a show in mid-sale; now and then what cannot be done, or what was done before."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ticketing import messages
from ticketing.messages import AnyCommand, Policy
from ticketing.vocabulary import SYSTEM_ACCOUNT

ORDERS = (
    messages.ChangeShow,
    messages.BlockSeats,
    messages.UnblockSeats,
    messages.SetAllocation,
    messages.ReturnAllocation,
)
PARTNERS = 9
SHARES = (1, 3, 6, 8, 10, 15, 20, 40)
"""Of 44 places: some leave nearly nothing for anybody else."""


@dataclass
class Operators:
    """Know what was asked so far, as the crowd does, and nothing of what came of it."""

    rng: random.Random
    policy: Callable[[int], Policy]
    """A show's rules."""
    seats: int
    categories: Sequence[str]
    in_rows: int
    """How many of the seats are at no table."""

    def ask(self, sent: Sequence[AnyCommand], holds: Sequence[messages.HoldSeats], head: dict[str, Any]) -> AnyCommand:
        """One order, under the key of `head` or under an old one."""
        before = [it for it in sent[-100:] if isinstance(it, ORDERS)]
        if before and self.rng.random() < 0.3:
            # Each kind as often as the others: few blocks are there to be lifted, and fewer are lifted twice.
            kind = self.rng.choice(sorted({type(it) for it in before}, key=lambda kind: kind.__name__))
            again = self.rng.choice([it for it in before if isinstance(it, kind)])
            return msgspec.structs.replace(again, sent_at_ms=head["sent_at_ms"])
        if self.rng.random() < 0.5:
            return self._about_seats(sent, head)
        return self._about_shares(sent, holds, head)

    def _about_seats(self, sent: Sequence[AnyCommand], head: dict[str, Any]) -> AnyCommand:
        """Other rules and prices, seats that are not for sale."""
        show = head["show"]
        seats = self.rng.choice([self._some(1), self._some(2), (0,), (self.seats,), (), (1, 1)])
        price = self.rng.choice([{}, {"back": self.rng.randint(1, 90)}, {"nowhere": 1}])
        rules = self.rng.choice([None, self.policy(show), msgspec.structs.replace(self.policy(show), hold_s=20)])
        orders: list[AnyCommand] = [
            messages.ChangeShow(**head, prices=price, policy=rules),
            messages.BlockSeats(**head, seats=seats, reason="camera"),
            messages.UnblockSeats(**head, seats=seats),
        ]
        blocked = [it for it in sent if isinstance(it, messages.BlockSeats)]
        if blocked:
            block = self.rng.choice(blocked)
            orders += 2 * [messages.UnblockSeats(**{**head, "show": block.show}, seats=block.seats)]
        return self.rng.choice(orders)

    def _about_shares(
        self, sent: Sequence[AnyCommand], holds: Sequence[messages.HoldSeats], head: dict[str, Any]
    ) -> AnyCommand:
        """What is kept for a partner: mostly for one who has bought there already, so that it may have too much."""
        partner = f"ent_{self.rng.randrange(PARTNERS)}"
        if holds and self.rng.random() < 0.6:
            hold = self.rng.choice(holds[-40:])
            partner, head = hold.account, {**head, "show": hold.show}
        kept = [it for it in sent if isinstance(it, messages.SetAllocation)]
        roll = self.rng.random()
        if roll < 0.1:
            return messages.ReturnAllocation(**head, allocation=partner)
        if roll < 0.35 and kept:
            share = self.rng.choice(kept)
            of: dict[str, Any] = {"allocation": share.allocation, "category": share.category}
            if self.rng.random() < 0.3:
                # As the expiry worker says that the time has come: too early, twice, or of what is kept otherwise now.
                head = {**head, "account": SYSTEM_ACCOUNT, "keyed": False}
                of["give_back_at_ms"] = share.give_back_at_ms
            return messages.ReturnAllocation(**{**head, "show": share.show}, **of)
        if roll < 0.5 and kept:
            share = self.rng.choice(kept)  # another one for the same partner
            partner, head = share.allocation, {**head, "show": share.show}
        return messages.SetAllocation(
            **head,
            allocation=partner,
            share=self.rng.choice(SHARES),
            borrow=self.rng.choice((0, 2)),
            give_back_at_ms=self.rng.choice((0, head["sent_at_ms"] + 5_000)),
            category=self.rng.choice(self.categories),
        )

    def _some(self, count: int) -> tuple[int, ...]:
        return tuple(sorted(self.rng.sample(range(self.in_rows), count)))
