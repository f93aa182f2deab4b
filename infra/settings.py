"""Settings of the servers below the rooms."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class InfraSettings(BaseSettings):
    """From the environment (`ONSALE_*`) and `.env`. An address given here replaces the embedded server of its kind."""

    model_config = SettingsConfigDict(env_prefix="ONSALE_", env_file=".env", extra="ignore")

    postgres_url: str | None = Field(
        default=None, description="Postgres 16 or newer, as a superuser: postgresql://user:password@host:port/database"
    )
    redis_url: str | None = Field(default=None, description="Redis 6.2 or newer: redis://:password@host:port/0")
    kafka_bootstrap: str | None = Field(default=None, description="Apache Kafka: host:port[,host:port]")
    data_dir: Path = Field(default=Path(".onsale"), description="Where the embedded servers keep their data")
    cache_dir: Path | None = Field(
        default=None, description="Where Kafka's jars are kept once fetched (default: onsale/ in the user's cache)"
    )
    secret: str | None = Field(
        default=None,
        min_length=16,
        description="All passwords and signing keys derive from it (default: made once, kept in the data directory)",
    )
    start_timeout_s: float = Field(
        default=120, gt=0, description="The embedded servers must be up by then (downloads not counted)"
    )
