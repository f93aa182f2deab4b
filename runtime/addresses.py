"""Whose address a request comes from: the peer's, or, where the peer is a proxy of ours, the one that it names.

Anybody can write `X-Forwarded-For`, so it is believed only as far as proxies that are named in the settings vouch for
it: it is read from its end, and the first address that is no proxy of ours is the client's.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

FORWARDED = b"x-forwarded-for"
HOPS_MAX = 20
"""More are not read: nobody has so many proxies of their own."""
ADDRESS_CHARS_MAX = 45


class ClientAddresses:
    """`trusted`: networks of our own proxies, as `10.0.0.0/8` or one address. Raises ValueError for what is neither."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(text, strict=False) for text in trusted]
        self._is_ours = lru_cache(maxsize=10_000)(self._look)

    def of(self, peer: str, forwarded: bytes | None) -> str:
        """The client's address. `forwarded`: the value of `X-Forwarded-For`, if it came."""
        if forwarded is None or not self._networks or not self._is_ours(peer):
            return peer
        client = peer
        for hop in reversed(forwarded.decode("latin-1").split(",")[-HOPS_MAX:]):
            named = hop.strip()
            if not _is_address(named):
                break
            client = named
            if not self._is_ours(named):
                break
        return client

    def _look(self, text: str) -> bool:
        if not _is_address(text):
            return False
        address = ip_address(text)
        return any(address.version == network.version and address in network for network in self._networks)


def _is_address(text: str) -> bool:
    if len(text) > ADDRESS_CHARS_MAX:
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
