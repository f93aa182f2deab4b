"""Settings of the waiting room."""

from pydantic import Field, SecretStr

from runtime.settings import ServerSettings


class Settings(ServerSettings):
    """What only this room reads."""

    room_rate_per_min: int = Field(
        default=1_200,
        ge=0,
        le=1_000_000,
        description="People let in per minute where no operator has said otherwise.",
    )
    room_tick_ms: int = Field(
        default=200, ge=20, le=1_000, description="How often each instance moves the lines on, in milliseconds."
    )
    room_numbers_reserved_max: int = Field(
        default=10_000,
        ge=100,
        le=10_000_000,
        description="Numbers of a line that are reserved in Postgres at a time, at most: about as many as are given "
        "away in a second. A Redis that forgets costs one or two such blocks of numbers, which nobody gets.",
    )
    room_joins_per_script_max: int = Field(
        default=500, ge=1, le=5_000, description="Joins or claims in one call of Redis; more wait for the next one."
    )
    room_waiting_requests_max: int = Field(
        default=20_000, ge=1, description="Joins or claims of one line that may wait in an instance; more get a 503."
    )
    room_repeat_s: int = Field(
        default=24 * 3600, ge=60, description="How long a client that asks again after its join gets the same ticket."
    )
    room_ledger_wait_s: float = Field(
        default=1.0,
        gt=0,
        le=10,
        description="How long a join or claim waits for Postgres before it is answered anyway.",
    )
    room_ledger_rows_max: int = Field(
        default=200_000,
        ge=1,
        description="Joins that may wait to be written while Postgres is away; more get a 503.",
    )
    room_lag_target_ms: int = Field(
        default=500, ge=1, description="Above this lag of the allocator fewer people are let in, in proportion."
    )
    room_status_stale_s: float = Field(
        default=2.0, gt=0, description="An allocator that has said nothing of a show for this long counts as stalled."
    )
    room_active_max: int = Field(
        default=1_000_000, ge=1, description="Passes of one show that may be in use at a time; more are not called."
    )
    room_choosing_s: float = Field(
        default=60.0,
        ge=0,
        le=600,
        description="How long people take at most from being called to taking places: so long places are kept for them "
        "in mind, so that nobody is called for the last ones in vain. 0: only places that are taken count.",
    )
    room_poll_floor_s: int = Field(default=1, ge=1, description="The shortest time between two looks at the status.")
    room_poll_ceiling_s: int = Field(default=10, ge=1, description="The longest time between two looks at the status.")
    room_looks_per_s: int = Field(
        default=2_000,
        ge=1,
        description="Looks at the status of one show in a second, all instances together, above which people are told "
        "to look more seldom. A cache in front that keeps to max-age bears any number: then set it high.",
    )
    room_joins_per_address: int = Field(
        default=300,
        ge=0,
        description="Joins per minute from one public address (IPv6: one /64) in each instance; more are told to come "
        "again in a few seconds. 0: any number.",
    )
    room_joins_per_network: int = Field(
        default=3_000,
        ge=0,
        description="Joins per minute from one public network (IPv4: a /24, IPv6: a /48) in each instance. "
        "0: any number.",
    )
    room_proof_from_per_min: int = Field(
        default=0,
        ge=0,
        description="Joins of one room per minute from which on a join has to show a little work (ALTCHA), and more "
        "with each doubling; whoever shows none joins by the slow lane. 0: never.",
    )
    room_slow_lane_per_min: int = Field(
        default=600,
        ge=1,
        description="Joins without work per minute and instance while a room asks for work; more are told to come "
        "again in a few seconds.",
    )
    room_check_url: str = Field(
        default="",
        pattern=r"^(https?://.+)?$",
        description="An outside check of people that counts instead of work: where to ask what it gave the fan, in the "
        "way of reCAPTCHA, hCaptcha and Turnstile. Empty: none.",
    )
    room_check_secret: SecretStr = Field(default=SecretStr(""), description="Our secret with the outside check.")
    room_check_site_key: str = Field(
        default="", max_length=200, description="The key by which the page shows the outside check."
    )
    room_beacon: str = Field(
        default="local",
        pattern=r"^(local|file:.+|https?://.+)$",
        description="What decides the draw among those who came before the opening: the address of a drand chain "
        "(https://HOST/CHAIN), file:PATH (lines of JSON: round, at_ms, value in hex), or local, which is our own "
        "committed value and is shown as not independent.",
    )
    room_beacon_patience_s: int = Field(
        default=120,
        ge=0,
        le=3_600,
        description="How long after its round was due the draw waits for a beacon before our own value counts.",
    )

    @property
    def check_secret(self) -> str:
        """Our secret with the outside check."""
        return self.room_check_secret.get_secret_value()
