"""The shared counters of limits, in Redis: one script for everything that a tick has gathered (`lua/take.lua`)."""

from collections.abc import Sequence
from importlib import resources
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingress.limits import Owed


class LimitsAway(Exception):
    """Redis cannot be reached, or takes no writes: each process counts alone."""


class RedisLimits:
    """On one Redis or a Redis Cluster: all buckets share a hash tag, so that one script reaches all of them."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._prefix = f"{prefix}{{limits}}:"
        text = resources.files("ingress").joinpath("lua", "take.lua").read_text()
        self._take = client.register_script(text)

    async def tell(self, owed: Sequence[Owed]) -> list[float]:
        """How far ahead each bucket is now, in milliseconds. Raises `LimitsAway`."""
        keys = [f"{self._prefix}{bucket.quota.name}:{bucket.subject}" for bucket, _ in owed]
        numbers: list[float] = []
        for bucket, taken in owed:
            numbers += (bucket.quota.each_ms, bucket.quota.debt_max_ms, taken)
        try:
            said = cast(list[bytes], await self._take(keys=keys, args=numbers))
        except (RedisError, OSError, TimeoutError) as error:
            raise LimitsAway(repr(error)) from error
        return [float(ahead) for ahead in said]
