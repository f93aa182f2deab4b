"""Where an API key is good, whichever door it is shown at."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a key is good: at these venues or shows (of both none: everywhere), from these addresses (none: any)."""

    venues: frozenset[str] = frozenset()
    shows: frozenset[int] = frozenset()
    networks: tuple[Network, ...] = ()

    @property
    def none(self) -> bool:
        """Whether the key is good everywhere."""
        return not (self.venues or self.shows or self.networks)

    def allow(self, venue: str, show: int | None) -> bool:
        """Whether the key is good for this show of this venue, or (None) for the venue itself."""
        return not (self.venues or self.shows) or venue in self.venues or show in self.shows

    def allow_address(self, address: str) -> bool:
        """Whether the key is good from there."""
        if not self.networks:
            return True
        try:
            came_from = ip_address(address)
        except ValueError:
            return False
        return any(came_from.version == network.version and came_from in network for network in self.networks)


NOWHERE_IN_PARTICULAR = Limits()


def read_networks(texts: "list[str] | tuple[str, ...]") -> tuple[Network, ...]:
    """Address ranges as `192.0.2.0/24`, or one address. Raises ValueError."""
    return tuple(ip_network(text, strict=False) for text in texts)
