"""Settings every room shares; a room subclasses `ServerSettings` for its own, under the same prefix."""

from ipaddress import ip_network

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.cluster_map import ClusterMap, read_cluster_map
from runtime.http_limits import HttpLimits

SECRET_CHARS_MIN = 16


def each_secret(text: str) -> tuple[str, ...]:
    """The secrets of `ONSALE_SECRET`, commas between them. Raises ValueError when one is too short to be one."""
    parts = tuple(part.strip() for part in text.split(","))
    if any(len(part) < SECRET_CHARS_MIN for part in parts):
        raise ValueError(f"each secret needs at least {SECRET_CHARS_MIN} characters")
    return parts


def each_network(text: str) -> tuple[str, ...]:
    """The networks of `ONSALE_TRUSTED_PROXIES`, commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


class ServerSettings(BaseSettings):
    """Where the servers are and how long to wait for them. Read from `ONSALE_*` variables (and `.env`).

    Every field has a description: `.env.example` is compared with them by a house test.
    """

    model_config = SettingsConfigDict(
        env_prefix="ONSALE_",
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    postgres_url: str = Field(
        repr=False,
        description="Postgres: postgresql://USER:PASSWORD@HOST:PORT/DATABASE. The user makes the rooms' roles; each "
        "room signs in as its own role on the same host and database.",
    )
    postgres_clusters: str = Field(
        default="",
        repr=False,
        description="Further clusters of Postgres and the partitions that are there, as in 12-23=postgresql://...; "
        "spaces between them. What is not named is in the first, ONSALE_POSTGRES_URL. See docs/clusters.md.",
    )
    redis_url: str = Field(repr=False, description="Redis: redis://HOST:PORT/DB, or rediss:// for TLS.")
    kafka_bootstrap: str = Field(description="Kafka bootstrap servers: HOST:PORT, comma separated.")
    secret: SecretStr = Field(
        description="Signs tickets and passes and derives the roles' passwords; at least 16 characters. A comma "
        "separated list while it is being changed: the first one signs, all of them verify.",
    )
    topic_prefix: str = Field(default="", max_length=100, description="Put before every topic name (shared Kafka).")
    redis_prefix: str = Field(
        default="onsale:", max_length=100, description="Put before every Redis key (shared Redis)."
    )
    partitions: int = Field(
        default=12, ge=1, le=1024, description="Partitions of the topics `commands` and `outcomes` when they are made."
    )
    host: str = Field(default="127.0.0.1", description="Address that HTTP listens on.")
    port: int = Field(
        default=0, ge=0, le=65535, description="Port that HTTP listens on; 0 takes a free one and says which."
    )
    port_shared: bool = Field(
        default=False,
        description="Whether several processes of this machine listen on the same port; each connection is one's.",
    )
    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port of a listener of its own for /metrics alone; 0 takes a free one. Without it metrics are told "
        "where requests are answered, and no proxy should pass /metrics on.",
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address of that listener.")
    metrics_target: str = Field(
        default="",
        description="File in which the process says where its metrics are, as Prometheus reads it (file_sd_configs); "
        "named for the process. `onsale up` names one for each of its processes, in `targets/` of the data directory.",
    )
    trusted_proxies: str = Field(
        default="",
        max_length=2_000,
        description="Networks of our own proxies, comma separated, as 10.0.0.0/8 or one address: what they say in "
        "X-Forwarded-For is believed. Of everybody else the peer's address counts.",
    )
    http_connections_max: int = Field(
        default=50_000, ge=1, description="Open HTTP connections and websockets of one process; more are sent away."
    )
    http_head_s: float = Field(
        default=10.0, gt=0, le=300, description="How long a request's headers may take to arrive."
    )
    http_body_s: float = Field(
        default=60.0, gt=0, le=600, description="How long a request's body may take to arrive, whatever a room allows."
    )
    http_unread_s: float = Field(
        default=60.0, gt=0, le=600, description="How long a client may leave a long answer unread."
    )
    log_level: str = Field(
        default="info", pattern="(?i)^(debug|info|warning|error)$", description="debug, info, warning or error."
    )
    log_json: bool = Field(default=True, description="Log lines as JSON (true) or for reading on a terminal (false).")
    otlp_url: str = Field(
        default="",
        description="Where spans of traced requests go, beside the log: OTLP over HTTP, as "
        "http://HOST:4318/v1/traces. Needs the extra `otel`.",
    )
    kafka_deadline_s: float = Field(
        default=3.0, gt=0, le=60, description="How long one send to Kafka may take before its caller gets an answer."
    )
    postgres_statement_timeout_s: float = Field(
        default=10.0, gt=0, le=600, description="statement_timeout of the rooms' database connections."
    )
    postgres_lock_timeout_s: float = Field(
        default=2.0, gt=0, le=600, description="lock_timeout of the rooms' database connections."
    )
    stop_grace_s: float = Field(
        default=10.0, gt=0, le=300, description="How long a stopping process waits for its loops and open requests."
    )

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        each_secret(secret.get_secret_value())
        return secret

    @field_validator("postgres_clusters")
    @classmethod
    def _are_clusters(cls, text: str, info: ValidationInfo) -> str:
        read_cluster_map(info.data.get("postgres_url", ""), text)
        return text

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        for part in each_network(text):
            ip_network(part, strict=False)
        return text

    @property
    def cluster_map(self) -> ClusterMap:
        """Which partition is in which cluster of Postgres."""
        return read_cluster_map(self.postgres_url, self.postgres_clusters)

    @property
    def proxies(self) -> tuple[str, ...]:
        """Networks of our own proxies."""
        return each_network(self.trusted_proxies)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that verifies; the first one signs and derives passwords."""
        return each_secret(self.secret.get_secret_value())

    def http_limits(self) -> HttpLimits:
        """What each HTTP connection is granted."""
        return HttpLimits(
            connections_max=self.http_connections_max,
            head_s=self.http_head_s,
            body_s=self.http_body_s,
            unread_s=self.http_unread_s,
        )
