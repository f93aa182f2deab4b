"""Which part lives on which host, and who is to be deaf to whom. Pure: names and addresses, and nothing is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeVar

T = TypeVar("T")

HOSTS = ("a", "b", "c")
ROOMS = ("ingress", "allocator", "expiry_worker", "notifier")
"""One of each on every host."""
SANDBOX = "payments.sandbox"
FACES = {"a": ("staff", "web"), "b": ("waiting_room",), "c": ("waiting_room", SANDBOX)}
"""What a whole sale needs beside them."""
SERVERS = {"a": ("kafka", "postgres"), "b": ("kafka", "postgres"), "c": ("kafka", "redis")}
OUTSIDE = "outside"
"""Where fans are, and the door they come by: on no host of ours."""

ROOM_PORT, DOOR_PORT = 8000, 8400
"""Each room has an address of its own, so all have one port."""

NETWORK = "10.77.0.0/16"
BITS = 16
WE = "10.77.0.1"
"""Whoever runs all this, at the switch itself."""
POSTGRES = "10.77.0.10"
"""The address that moves with the role of the primary."""

Mode = Literal["to", "from", "both"]
MODES: tuple[Mode, ...] = ("to", "from", "both")
"""A pair `x, y` is cut: nothing of x reaches y, nothing of y reaches x, neither."""

TALKING = (
    ("fans", "ingress"),
    ("ingress", "kafka"),
    ("ingress", "postgres"),
    ("ingress", "redis"),
    ("allocator", "kafka"),
    ("allocator", "postgres"),
    ("expiry_worker", "kafka"),
    ("expiry_worker", "postgres"),
    ("notifier", "kafka"),
    ("notifier", "postgres"),
    ("kafka", "kafka"),
    ("postgres", "postgres"),
)
"""Kinds of parts that have anything to say to each other."""


IN_A_SALE = (
    ("waiting_room", "redis"),
    ("waiting_room", "postgres"),
    ("waiting_room", "kafka"),
    ("door", "waiting_room"),
    ("door", "notifier"),
)
"""The others, which only a whole sale has anything to do with."""


@dataclass(frozen=True)
class Part:
    """One namespace: a room or a server, as a container would be."""

    kind: str
    host: str
    address: str

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.host}"


@dataclass(frozen=True)
class Deaf:
    """`part` hears nothing that comes from `sender`, an address or a network."""

    part: Part
    sender: str


def parts() -> list[Part]:
    """All of them: those of a host share its network."""
    found = [Part("fans", OUTSIDE, "10.77.0.2"), Part("door", OUTSIDE, "10.77.0.3")]
    for number, host in enumerate(HOSTS, start=1):
        kinds = (*SERVERS[host], *ROOMS, *FACES[host])
        found += [Part(kind, host, f"10.77.{number}.{place}") for place, kind in enumerate(kinds, start=1)]
    return found


def settings_of_the_sale() -> dict[str, dict[str, str]]:
    """What every room is told, by room, as compose.yaml tells it."""
    (door,), (sandbox,) = addresses(parts(), "door"), addresses(parts(), SANDBOX)
    told = {
        "ONSALE_PUBLIC_URL": f"http://{door}:{DOOR_PORT}",
        "ONSALE_PAYMENT_PROVIDER": "sandbox",
        "ONSALE_SANDBOX_URL": f"http://{sandbox}:{ROOM_PORT}",
        "ONSALE_TRUSTED_PROXIES": door,
        # A crowd on one machine looks often, and meets at the last places.
        "ONSALE_ROOM_POLL_CEILING_S": "3",
        "ONSALE_ROOM_CHOOSING_S": "0",
    }
    return {room: told for room in (*ROOMS, *(face for faces in FACES.values() for face in faces))}


def addresses(everything: Sequence[Part], kind: str) -> list[str]:
    """Of all parts of a kind."""
    return [part.address for part in everything if part.kind == kind]


def network_of(host: str) -> str:
    """The network of everything on a host."""
    return f"10.77.{HOSTS.index(host) + 1}.0/24"


def pairs_of_hosts() -> list[tuple[str, str]]:
    """Each pair once."""
    return list(combinations(HOSTS, 2))


def between_hosts(everything: Sequence[Part], one: str, other: str, mode: Mode, primary: str = "a") -> list[Deaf]:
    """Two hosts that are cut off from each other, whatever lives on them; `primary`: the host of the Postgres that has
    the address that moves."""
    return [
        Deaf(part, sender)
        for speaks, hears in _directions(one, other, mode)
        for part in everything
        if part.host == hears
        for sender in (network_of(speaks), *((POSTGRES,) if speaks == primary else ()))
    ]


def between_kinds(everything: Sequence[Part], one: str, other: str, mode: Mode) -> list[Deaf]:
    """All parts of one kind are cut off from all of another; of the same kind, the first one from its fellows."""
    if one == other:
        first, *fellows = _of(everything, one)
        return [
            Deaf(part, sender.address)
            for speak, hear in _directions([first], fellows, mode)
            for part in hear
            for sender in speak
        ]
    return [
        Deaf(part, sender)
        for speak, hear in _directions(one, other, mode)
        for part in _of(everything, hear)
        for sender in (
            *(each.address for each in _of(everything, speak)),
            *((POSTGRES,) if speak == "postgres" else ()),
        )
    ]


def _of(everything: Sequence[Part], kind: str) -> list[Part]:
    return [part for part in everything if part.kind == kind]


def _directions(one: T, other: T, mode: Mode) -> list[tuple[T, T]]:
    """`(who is not heard, by whom)`."""
    return [*([(one, other)] if mode != "from" else []), *([(other, one)] if mode != "to" else [])]
