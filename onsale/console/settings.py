"""Where the console listens, when that is to be a place of its own."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ConsoleSettings(BaseSettings):
    """Read by `onsale up`, and by `python -m onsale.console`."""

    model_config = SettingsConfigDict(env_prefix="ONSALE_", env_file=".env", env_file_encoding="utf-8", extra="ignore")

    console_host: str = Field(
        default="127.0.0.1",
        description="Address of a listener for operators alone: a process of its own, so that a pause does not wait "
        "behind a crowd. Keep it where only operators reach it, or behind a proxy with TLS.",
    )
    console_port: int = Field(
        default=0, ge=0, le=65535, description="Its port. 0: none, and operators sign in where everybody comes in."
    )
