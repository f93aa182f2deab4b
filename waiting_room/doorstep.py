"""How many may join from one address and one network at a time. Pure: the moment is an argument.

Whoever is over is slowed and told so, and may come again in a moment: thousands of people can share an address. In IPv6
a line of its own is a /64, so that counts as an address there and a /48 as a network. Addresses that are not public say
nothing about who is behind them (our own machine, a proxy that nobody named), so they are not counted.
"""

import hmac
import math
from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network

MINUTE_MS = 60_000
ALMOST_ONE = 1 - 1e-9
"""Whoever waited as told is not sent away for what rounding took."""
KEYS_MAX = 200_000
"""Beyond that, whoever came longest ago is forgotten: by then most of them could join as often again anyway."""


class Doorstep:
    """A bucket for each address and each network, which fills in a minute; `per_min` 0: not counted."""

    def __init__(self, *, address_per_min: int, network_per_min: int, keys_max: int = KEYS_MAX) -> None:
        self._limits = (address_per_min, network_per_min)
        self._keys_max = keys_max
        # Key -> how much is in the bucket, and when that was.
        self._buckets: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait_s(self, address: str, now_ms: int) -> int:
        """0: one more may join, and is counted; else after how many seconds to ask again."""
        wait_s = self.would_wait_s(address, now_ms)
        if wait_s == 0:
            self._count(address, now_ms)
        return wait_s

    def would_wait_s(self, address: str, now_ms: int) -> int:
        """As `wait_s`, and nothing is counted."""
        short = [(1 - level) * 60 / limit for _, limit, level in self._levels(address, now_ms) if level < ALMOST_ONE]
        return max(1, math.ceil(max(short))) if short else 0

    def _levels(self, address: str, now_ms: int) -> list[tuple[str, int, float]]:
        asked = [(key, limit) for key, limit in zip(_keys(address), self._limits, strict=False) if limit > 0]
        return [(key, limit, self._filled(key, limit, now_ms)) for key, limit in asked]

    def _count(self, address: str, now_ms: int) -> None:
        for key, _, level in self._levels(address, now_ms):
            self._buckets[key] = (max(0.0, level - 1), now_ms)
            self._buckets.move_to_end(key)
        while len(self._buckets) > self._keys_max:
            self._buckets.popitem(last=False)

    def _filled(self, key: str, limit: int, now_ms: int) -> float:
        level, at_ms = self._buckets.get(key, (float(limit), now_ms))
        return min(float(limit), level + max(0, now_ms - at_ms) * limit / MINUTE_MS)


class NetworkNames:
    """Names under which networks (a /24, a /48) are counted, and from which without our secret nobody gets back."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"onsale-network-name", "sha256")

    def of(self, address: str) -> str:
        """Empty for an address that says nothing about who is there."""
        keys = _keys(address)
        return hmac.digest(self._key, keys[1].encode(), "sha256")[:6].hex() if keys else ""


@lru_cache(maxsize=50_000)
def _keys(address: str) -> tuple[str, ...]:
    """The address and its network, as far as they say anything."""
    try:
        found = ip_address(address)
    except ValueError:
        return ()
    if not isinstance(found, IPv4Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if not found.is_global:
        return ()
    own, network = (32, 24) if found.version == 4 else (64, 48)
    return tuple(str(ip_network(f"{found}/{length}", strict=False)) for length in (own, network))
