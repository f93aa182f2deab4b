"""What the bodies of holds come to in one show: thousands ask for the same within seconds. Worked out once."""

from ticketing.intake import ShowFacts
from ticketing.wishes import Wish

BODY_BYTES_MAX = 512
WISHES_MAX = 1_000


class Judged:
    """Wishes by the bytes of their bodies, as long as the show's facts are the same object."""

    def __init__(self, facts: ShowFacts) -> None:
        self._facts = facts
        self._wishes: dict[tuple[bytes, bool], Wish] = {}

    def find(self, facts: ShowFacts, body: bytes, *, partner: bool) -> Wish | None:
        """What the body came to before, by the rules that hold now."""
        if facts is not self._facts:
            self._facts = facts
            self._wishes.clear()
        return self._wishes.get((body, partner))

    def keep(self, body: bytes, wish: Wish, *, partner: bool) -> None:
        """For the next one who asks for it; to be called after `find`. Seats are asked for by one person only."""
        if not wish.seats and len(body) <= BODY_BYTES_MAX:
            if len(self._wishes) >= WISHES_MAX:
                self._wishes.clear()
            self._wishes[body, partner] = wish
