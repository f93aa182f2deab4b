"""Settings of the servers below the rooms."""

from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.cluster_map import read_cluster_map
from runtime.settings import each_secret


class InfraSettings(BaseSettings):
    """From the environment (`ONSALE_*`) and `.env`. An address given here replaces the embedded server of its kind."""

    model_config = SettingsConfigDict(env_prefix="ONSALE_", env_file=".env", extra="ignore", hide_input_in_errors=True)

    postgres_url: str | None = Field(
        default=None,
        repr=False,
        description="Postgres 16 or newer, as a superuser: postgresql://user:password@host:port/database",
    )
    postgres_clusters: str = Field(
        default="",
        repr=False,
        description="Further clusters of Postgres and the partitions that are there, as in 12-23=postgresql://...",
    )
    redis_url: str | None = Field(
        default=None, repr=False, description="Redis 6.2 or newer: redis://:password@host:port/0"
    )
    kafka_bootstrap: str | None = Field(default=None, description="Apache Kafka: host:port[,host:port]")
    data_dir: Path = Field(default=Path(".onsale"), description="Where the embedded servers keep their data")
    cache_dir: Path | None = Field(
        default=None, description="Where Kafka's jars are kept once fetched (default: onsale/ in the user's cache)"
    )
    secret: str | None = Field(
        default=None,
        repr=False,
        description="All passwords and signing keys derive from it (default: made once, kept in the data directory)",
    )
    start_timeout_s: float = Field(
        default=120, gt=0, description="The embedded servers must be up by then (downloads not counted)"
    )

    @field_validator("postgres_clusters")
    @classmethod
    def _are_clusters(cls, text: str, info: ValidationInfo) -> str:
        read_cluster_map(info.data.get("postgres_url") or "", text)
        return text

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, secret: str | None) -> str | None:
        if secret is not None:
            each_secret(secret)
        return secret
