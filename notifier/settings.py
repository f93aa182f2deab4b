"""Settings of the notifier."""

from pydantic import Field

from notifier.ports import Limits
from payments.settings import PaymentSettings


class NotifierSettings(PaymentSettings):
    """What only this room reads."""

    sockets_max: int = Field(default=10_000, ge=1, description="Open websockets of one notifier; more are sent away.")
    socket_stuck_s: float = Field(
        default=8.0, gt=0, le=300, description="A websocket that reads nothing for so long is closed."
    )
    socket_changes_max: int = Field(
        default=5_000,
        ge=1,
        description="Changes of a show kept for websockets that stand behind; who is further behind gets a snapshot.",
    )
    socket_recall_max: int = Field(
        default=20_000, ge=1, description="Outcomes of a show kept to be told again to those who reconnect."
    )
    socket_frames_per_s: float = Field(
        default=10.0, gt=0, description="Frames that a client may send over one websocket each second, on and on."
    )
    socket_frames_burst: int = Field(
        default=50, ge=1, description="Frames that a client may send over one websocket at once, after a pause."
    )
    socket_asks_max: int = Field(
        default=2_000,
        ge=1,
        description="Holds and releases by websocket that may wait for their verdict at once; more are told to come "
        "again.",
    )
    socket_asks_each_max: int = Field(
        default=10,
        ge=1,
        description="Of those at once of one fan, over all of their websockets; an API key has its own bound.",
    )
    socket_lag_max_ms: int = Field(
        default=5_000,
        ge=100,
        description="While a hold by websocket waits longer for its verdict, new ones for the same show are told to "
        "come again.",
    )
    notifier_postgres_connections_max: int = Field(
        default=4, ge=1, le=100, description="Connections of one notifier to Postgres."
    )
    webhook_private_addresses: bool = Field(
        default=False, description="Whether webhooks may be sent to private addresses, and without TLS."
    )

    payment_ask_after_s: float = Field(
        default=60.0,
        gt=0,
        le=86_400,
        description="How long a payment's notice is waited for before its provider is asked.",
    )

    smtp_url: str = Field(
        default="",
        max_length=1_000,
        pattern=r"^(smtps?://[^/\s]+)?$",
        repr=False,
        description="Mail server for letters about bookings: smtp://HOST:PORT (TLS where it is offered) or "
        "smtps://USER:PASSWORD@HOST:PORT, both percent-encoded. Nothing: no letters are written.",
    )
    mail_from: str = Field(
        default="tickets@localhost",
        max_length=254,
        pattern=r"^[^@\s<>]+@[^@\s<>]+$",
        description="Address that letters come from.",
    )

    def limits(self) -> Limits:
        """The bounds as the room's own modules know them."""
        return Limits(
            sockets_max=self.sockets_max,
            changes_max=self.socket_changes_max,
            events_max=self.socket_recall_max,
            client_frames_per_s=self.socket_frames_per_s,
            client_frames_burst=self.socket_frames_burst,
            stuck_ms=round(self.socket_stuck_s * 1000),
        )
