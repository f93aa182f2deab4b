"""Settings of the sign-in."""

from pydantic import Field

from runtime.settings import ServerSettings


class Settings(ServerSettings):
    """What only this room reads."""

    staff_session_s: int = Field(
        default=12 * 3600,
        ge=60,
        le=7 * 24 * 3600,
        description="How long an operator, admin or partner stays signed in to the pages.",
    )
