"""How the crowd pays: what its people say themselves, and what a payment provider says."""

import random
from typing import Any

from ticketing import messages
from ticketing.layout import Layout
from ticketing.messages import AnyCommand, Payment
from ticketing.vocabulary import provider_account

PROVIDER = "bank"


def cost(layout: Layout, hold: messages.HoldSeats) -> int:
    """What a hold costs, as far as the crowd can know: the best seats may be any."""
    places = [(layout.seats[seat].category, 1) for seat in hold.seats]
    places += [(layout.areas[area].category, quantity) for area, quantity in hold.areas]
    return sum(layout.categories[category].price * quantity for category, quantity in places)


def bound_to(rng: random.Random) -> tuple[str, ...]:
    """Whose address it is, and whose card: few of either, so that many have the same."""
    roll = rng.random()
    address, card = f"eml_{rng.randrange(2)}", f"pay_{rng.randrange(2)}"
    return () if roll < 0.3 else (address,) if roll < 0.65 else (address, card) if roll < 0.85 else (card,)


def providers_word(rng: random.Random, hold: messages.HoldSeats, head: dict[str, Any], due: int) -> AnyCommand:
    """What it says of a payment: it may be late, said twice, of a wrong amount, or of another payment."""
    if head["account"] != "ent_stranger":
        head = {**head, "account": provider_account(PROVIDER), "keyed": False}
    roll = rng.random()
    if roll < 0.3:
        about: dict[str, Any] = {"reservation": hold.key, "version": rng.choice((0, 0, 2, 4))}
        return messages.FailPayment(**head, **about, provider=PROVIDER, reason="declined")
    amount = due + rng.choice((0, 0, 0, 0, 1))
    references = (hold.key.hex(), hold.key.hex(), f"{hold.key.hex()} again", "the-same-one")
    paid = Payment(PROVIDER, rng.choice(references), amount) if roll < 0.97 else None
    named = hold.key if rng.random() < 0.97 else head["key"]
    return messages.ConfirmBooking(**head, reservation=named, payment=paid, bound=bound_to(rng))


def own_word(rng: random.Random, hold: messages.HoldSeats, due: int) -> Payment | None:
    """What a caller says of a payment made elsewhere: perhaps nothing, perhaps that it was another's, too."""
    if rng.random() < 0.1:
        return None
    return Payment("pay", hold.key.hex() if rng.random() < 0.9 else "the-same-one", due)
