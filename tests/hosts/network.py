"""Hosts and their network: a namespace for each part, a bridge and a cable for each host, all in a world of our own.

The process that opens a network is in a namespace of its own already (`tests.hosts.__main__` starts it there): nothing
leads from there to the machine's own network, so nothing of ours can be reached from outside. A namespace has no name
in any file; it is there for as long as a process is in it. What keeps each of them is a `cat` that reads from a pipe of
ours. So whatever way we end, the kernel takes namespaces, links and addresses away, and no later run finds any.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.faults.rooms import Place
from tests.hosts.plan import BITS, HOSTS, OUTSIDE, WE, Deaf, Part

PROGRAMS = {"ip": "iproute2", "unshare": "util-linux", "nsenter": "util-linux"}
"""Each with the Debian package that has it."""
SWITCH = "switch"
DEAF_PREFERENCE = 10
LOCAL_PREFERENCE = 100
"""The rule that finds local addresses stands at 0, before all others: it is moved behind deafness."""


class NetworkFailed(Exception):
    """A program that was to change the network has failed; the text says what it said."""


@dataclass
class Network:
    """Parts that can be cut off from each other, and hosts that can be unplugged."""

    places: dict[Part, Place] = field(default_factory=dict)
    keepers: list[asyncio.subprocess.Process] = field(default_factory=list)
    _deaf: list[Deaf] = field(default_factory=list)

    async def cut(self, deaf: Iterable[Deaf]) -> None:
        """Make them deaf, without a word to those who speak: packets are dropped where they arrive."""
        chosen = list(deaf)
        self._deaf += chosen
        await self._change("add", chosen)

    async def heal(self) -> None:
        """Everybody hears everybody again."""
        healed, self._deaf = self._deaf, []
        await self._change("del", healed)

    async def unplug(self, host: str) -> None:
        """Pull the host's cable: its parts have only each other."""
        await ip("link", "set", _cable(host), "down")

    async def plug(self, host: str) -> None:
        """Put it back."""
        await ip("link", "set", _cable(host), "up")

    async def give_address(self, part: Part, address: str) -> None:
        """One more address for a part, told to everybody: who sends there finds it."""
        within = self.places[part].within
        await ip("address", "add", f"{address}/{BITS}", "dev", "eth0", within=within)
        # A link that is given an address of its hardware announces itself (arp_notify), be it the one it had.
        (link,) = (await ip("-br", "link", "show", "eth0", within=within)).splitlines()
        await ip("link", "set", "eth0", "address", link.split()[2], within=within)

    async def take_address(self, part: Part, address: str) -> None:
        """The part no longer has it."""
        await ip("address", "del", f"{address}/{BITS}", "dev", "eth0", within=self.places[part].within)

    async def _change(self, verb: str, deaf: Sequence[Deaf]) -> None:
        """All at one moment, nearly."""
        lines: dict[Part, list[str]] = {}
        for each in deaf:
            rule = f"rule {verb} preference {DEAF_PREFERENCE} from {each.sender} iif eth0 blackhole"
            lines.setdefault(each.part, []).append(rule)
        await asyncio.gather(*(_batch(rules, self.places[part].within) for part, rules in lines.items()))


@asynccontextmanager
async def open_network(parts: Sequence[Part]) -> AsyncIterator[Network]:
    """All parts connected, each in its own namespace."""
    network = Network()
    try:
        await _batch(_switch_and_hosts())
        for part in parts:
            keeper = await asyncio.create_subprocess_exec(
                "unshare", "--net", "cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
            network.keepers.append(keeper)
            network.places[part] = await _connect(part, keeper)
        yield network
    finally:
        for keeper in network.keepers:
            keeper.kill()
        await asyncio.gather(*(keeper.wait() for keeper in network.keepers))


def missing() -> str:
    """Programs that are not installed here, with the packages that have them; empty where all are."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    return ", ".join(f"{name} (apt install {PROGRAMS[name]})" for name in lacking)


def _switch_and_hosts() -> list[str]:
    lines = ["link set lo up", f"link add {SWITCH} type bridge", f"link set {SWITCH} up"]
    lines.append(f"address add {WE}/{BITS} dev {SWITCH}")
    for host in HOSTS:
        lines += [
            f"link add {_bridge(host)} type bridge",
            f"link add {_cable(host)} type veth peer name {_cable(host)}-end",
            f"link set {_cable(host)} master {SWITCH}",
            f"link set {_cable(host)}-end master {_bridge(host)}",
            *(f"link set {link} up" for link in (_bridge(host), _cable(host), f"{_cable(host)}-end")),
        ]
    return lines


async def _connect(part: Part, keeper: asyncio.subprocess.Process) -> Place:
    """A namespace that is there, connected to its host."""
    assert keeper.stdin is not None and keeper.stdout is not None
    # What comes back has gone through `cat`: by then it is in its namespace.
    keeper.stdin.write(b"there\n")
    await keeper.stdout.readline()
    within = ("nsenter", f"--net=/proc/{keeper.pid}/ns/net", "--")
    # Names of links have at most 15 characters, too few for those of parts.
    link = f"part-{keeper.pid}"
    bridge = SWITCH if part.host == OUTSIDE else _bridge(part.host)
    await _batch(
        [
            f"link add {link} type veth peer name eth0 netns {keeper.pid}",
            f"link set {link} master {bridge}",
            f"link set {link} up",
        ]
    )
    await _run([*within, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/eth0/arp_notify"])
    await _batch(
        [
            "link set lo up",
            f"address add {part.address}/{BITS} dev eth0",
            "link set eth0 up",
            f"rule add preference {LOCAL_PREFERENCE} lookup local",
            "rule del preference 0",
        ],
        within,
    )
    return Place(part.address, within)


def _bridge(host: str) -> str:
    return f"host-{host}"


def _cable(host: str) -> str:
    return f"cable-{host}"


async def ip(*words: str, within: Sequence[str] = ()) -> str:
    """What `ip` says, asked in a part's namespace or in ours. Raises NetworkFailed."""
    return await _run([*within, "ip", *words])


async def _batch(lines: Sequence[str], within: Sequence[str] = ()) -> None:
    await _run([*within, "ip", "-batch", "-"], "".join(f"{line}\n" for line in lines))


async def _run(words: Sequence[str], told: str = "") -> str:
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complaint = await process.communicate(told.encode())
    if process.returncode != 0:
        raise NetworkFailed(f"{' '.join(words)}: {complaint.decode().strip()}\n{told}")
    return said.decode()
