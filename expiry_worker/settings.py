"""Settings of the expiry worker."""

from pydantic import Field

from runtime.settings import ServerSettings


class ExpirySettings(ServerSettings):
    """What only this room reads."""

    expiry_grace_ms: int = Field(
        default=15,
        ge=0,
        le=5_000,
        description="How long after its end a hold is proposed for release. A worker whose clock is ahead of Kafka's "
        "by more than this proposes in vain and again a second later.",
    )
    expiry_backlog_records_max: int = Field(
        default=50_000, ge=1, description="Proposals and warnings that may be on their way to Kafka at one time."
    )
