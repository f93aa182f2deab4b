"""Whose address a request comes from."""

import pytest

from runtime.addresses import ClientAddresses

OURS = ClientAddresses(["10.0.0.0/8", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", b"198.51.100.1", "192.0.2.1"),
        ("10.1.1.1", None, "10.1.1.1"),
        ("10.1.1.1", b"198.51.100.1", "198.51.100.1"),
        ("10.1.1.1", b"203.0.113.9, 198.51.100.1, 10.2.2.2", "198.51.100.1"),
        ("10.1.1.1", b"203.0.113.9, 10.2.2.2, 198.51.100.1", "198.51.100.1"),
        ("10.1.1.1", b"198.51.100.1, rubbish", "10.1.1.1"),
        ("10.1.1.1", b"10.3.3.3,10.2.2.2", "10.3.3.3"),
        ("2001:db8::1", b" 2001:db9::7 ", "2001:db9::7"),
        ("", b"198.51.100.1", ""),
        ("10.1.1.1", b"9" * 9_000, "10.1.1.1"),
    ],
    ids=[
        "nothing is forwarded",
        "a stranger says so",
        "the proxy itself",
        "by one proxy",
        "by two, behind what the client made up",
        "an address of ours that the client made up",
        "what is no address vouches for nothing",
        "proxies only",
        "the sixth version",
        "no peer",
        "absurdly long",
    ],
)
def test_a_proxy_of_ours_is_believed_and_nobody_else(peer: str, forwarded: bytes | None, client: str) -> None:
    assert OURS.of(peer, forwarded) == client


def test_without_proxies_the_peer_counts() -> None:
    assert ClientAddresses([]).of("127.0.0.1", b"198.51.100.1") == "127.0.0.1"


def test_a_network_that_is_none_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        ClientAddresses(["our proxies"])
