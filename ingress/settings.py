"""Settings of this room."""

from pydantic import Field

from payments.settings import PaymentSettings


class Settings(PaymentSettings):
    """What ingress can be told, beside what every room is told."""

    ingress_waiters_max: int = Field(
        default=20_000, ge=1, description="Requests that may wait for a verdict at once; more are told to come back."
    )
    ingress_holds_waiting_max: int = Field(
        default=1_000,
        ge=1,
        description="While as many requests wait for a verdict, new holds are told to come back, so that those who "
        "wait are served soon; already at fewer while a verdict takes more than 0.3 seconds. "
        "What is held can still be confirmed and given back.",
    )
    ingress_under_way_max: int = Field(
        default=2_000,
        ge=1,
        description="Commands of one partition under way to their verdicts at once, at most; beyond it callers take "
        "turns. Fewer are while a verdict takes more than 0.15 seconds, as many as are decided in that time.",
    )
    ingress_backlog_commands_max: int = Field(
        default=20_000, ge=1, description="Commands that may be on their way to the log at once."
    )
    ingress_wait_default_s: float = Field(
        default=2.0, ge=0, le=10, description="How long a request waits for its verdict when it does not say."
    )
    ingress_lag_max_ms: int = Field(
        default=5_000, ge=100, description="Above this lag of a show's allocator new holds are told to come back."
    )
    ingress_places_cached_max: int = Field(
        default=1_000_000, ge=1, description="Places of all layouts kept in memory together, and of all loaded views."
    )
    ingress_shows_cached_max: int = Field(default=5_000, ge=1, description="Shows kept in memory.")
    ingress_reservations_cached_max: int = Field(
        default=100_000,
        ge=1,
        description="Reservations remembered, about 1 kB each, so that reads of them need no database.",
    )
    ingress_key_cache_s: float = Field(
        default=5.0,
        ge=0,
        le=60,
        description="How long a look-up of an API key is believed, revoked or not.",
    )
    ingress_key_stale_s: float = Field(
        default=300.0, ge=0, description="How long a known API key is believed while Postgres is away."
    )
    ingress_keys_cached_max: int = Field(default=10_000, ge=1, description="API keys kept in memory.")
    ingress_tokens_cached_max: int = Field(
        default=50_000, ge=1, description="Verified passes and reservation tokens kept in memory, about 1 kB each."
    )
    webhook_private_addresses: bool = Field(
        default=False, description="Whether webhooks may be sent to private addresses, and without TLS."
    )
    ingress_fan_requests_per_min: int = Field(
        default=100, ge=1, description="Requests of one fan in a minute, without reads that anybody may cache."
    )
    ingress_fan_holds_per_min: int = Field(default=10, ge=1, description="Attempts of one fan to hold, in a minute.")
    ingress_fan_surge_writes_per_min: int = Field(
        default=10, ge=1, description="Changes of any kind by one fan in a minute, while the show's allocator lags."
    )
    ingress_surge_lag_ms: int = Field(
        default=1_000, ge=0, description="From which lag of a show's allocator on that is so."
    )
    ingress_address_requests_per_min: int = Field(
        default=300, ge=1, description="Requests of one address without a token in a minute, cacheable reads excepted."
    )
    ingress_address_sign_ins_per_min: int = Field(
        default=20, ge=1, description="Exchanges of an API key for a token from one address in a minute."
    )
    ingress_limited_callers_max: int = Field(
        default=500_000, ge=1_000, description="Callers whose limits are counted at once, about 200 B each."
    )
    ingress_request_log_backlog_max: int = Field(
        default=20_000, ge=1, description="Requests of API keys that may wait to be written down, about 400 B each."
    )
    ingress_request_log_days: int = Field(
        default=30, ge=1, le=3650, description="For how many days single requests of API keys are kept."
    )
    trace_ratio: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="The share of requests that are traced from here to their verdict. While it is above 0, those that "
        "bring a sampled `traceparent` are as well, up to 50 a second; at 0 nothing is traced.",
    )
    ingress_pool_max: int = Field(default=10, ge=1, le=100, description="Connections to Postgres.")
    ingress_body_deadline_s: float = Field(
        default=10.0, gt=0, le=300, description="How long a request's body may take to arrive."
    )
