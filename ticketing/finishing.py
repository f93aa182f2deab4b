"""The token that comes with a hold: the right to finish it, which outlives the pass or the key it was made with."""

from ticketing.messages import Reservation
from ticketing.tokens import ReservationToken, TokenKeys
from ticketing.vocabulary import reservation_text

RESERVATION_TOKEN_LIFE_MS = 24 * 3600 * 1000
"""From the hold on: long enough to finish whatever the show's rules allow, and to look at the booking afterwards."""


def finishing_token(show: int, reservation: Reservation, tokens: TokenKeys) -> str:
    """The same for the same hold, so that a repeat is given what the first one got."""
    return tokens.sign_reservation(
        ReservationToken(
            show=show,
            reservation=reservation_text(show, reservation.id),
            account=reservation.account,
            expires_at_ms=reservation.held_at_ms + RESERVATION_TOKEN_LIFE_MS,
        )
    )
