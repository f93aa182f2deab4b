"""What can be set for an allocator."""

from pydantic import Field

from runtime.settings import ServerSettings


class Settings(ServerSettings):
    """The allocator's own settings, beside those of every room."""

    allocator_tick_s: float = Field(
        default=0.3, gt=0, le=1, description="How often an allocator renews its leases and looks for partitions."
    )
    allocator_stuck_s: float = Field(
        default=10.0, gt=0, le=60, description="A desk without progress for this long has its lease renewed no more."
    )
    allocator_takes_other_deciders: bool = Field(
        default=False,
        description="Whether an allocator goes on with open shows that another version of the decider has begun. Only "
        "for a version that is known to decide the same of them.",
    )
