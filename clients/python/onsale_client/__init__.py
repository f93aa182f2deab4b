"""A client for onsale's HTTP API and websockets.

`AsyncClient` and `Client` are the same client, with and without `await`. Each call that changes something carries an
idempotency key, is sent again with it until there is a verdict, and asks for the verdict where the answer was that
there is none yet. So a call has three ends: what it returns, `Refused` (a verdict: no) and `Undecided` (not known; call
again with the key that the exception carries).
"""

from onsale_client._aio import AsyncClient
from onsale_client._aio_live import AsyncLive
from onsale_client._flow import Patience
from onsale_client._picture import Frame
from onsale_client._sync import Client
from onsale_client._sync_live import Live
from onsale_client.errors import OnsaleError, Problem, Refused, Undecided, Unreachable
from onsale_client.made import Layout, Venue
from onsale_client.shapes import (
    Availability,
    Caller,
    Event,
    EventLine,
    FeedEvent,
    FeedPage,
    SeatMap,
    Seats,
    SeatWord,
    SeatWords,
    Whose,
)
from onsale_client.sold import Booking, Checkout, HeldTogether, Quote, Reservation, Verdict
from onsale_client.webhooks import SignatureWrong, WebhookEvent, verify_webhook
from onsale_client.wishes import AreaWish, Best, Contact, Hold, Payment

__all__ = [
    "AreaWish",
    "AsyncClient",
    "AsyncLive",
    "Availability",
    "Best",
    "Booking",
    "Caller",
    "Checkout",
    "Client",
    "Contact",
    "Event",
    "EventLine",
    "FeedEvent",
    "FeedPage",
    "SignatureWrong",
    "WebhookEvent",
    "verify_webhook",
    "Frame",
    "HeldTogether",
    "Hold",
    "Layout",
    "Live",
    "OnsaleError",
    "Patience",
    "Payment",
    "Problem",
    "Quote",
    "Refused",
    "Reservation",
    "SeatMap",
    "SeatWord",
    "SeatWords",
    "Seats",
    "Undecided",
    "Unreachable",
    "Venue",
    "Verdict",
    "Whose",
]
