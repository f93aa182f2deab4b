"""`python -m tests.hosts.hearing`, in a namespace of its own: who hears whom on three hosts, as one JSON line.

`b` listens; `a` and `c` speak to it over connections that they keep, always `a` first. So what `b` has heard by the
time that it hears `c` is all that can come.
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack

from tests.faults.rooms import Place
from tests.hosts.network import open_network
from tests.hosts.plan import MODES, Part, between_hosts

PARTS = tuple(Part("allocator", host, f"10.77.{number}.1") for number, host in enumerate("abc", start=1))
PORT = 9
# Once both are connected, it repeats what it hears, line by line.
LISTEN = f"""
import selectors, socket
listener, heard = socket.create_server(("0.0.0.0", {PORT})), selectors.DefaultSelector()
print("listening", flush=True)
for _ in range(2):
    heard.register(listener.accept()[0], selectors.EVENT_READ)
while True:
    for key, _ in heard.select():
        print(key.fileobj.recv(100).decode(), end="", flush=True)
"""
SPEAK = f"""
import socket, sys
line = socket.create_connection(("{PARTS[1].address}", {PORT}))
print("connected", flush=True)
for word in sys.stdin:
    line.sendall(word.encode())
    print("said", flush=True)
"""


class Speaker:
    """One program in a part, which reads and writes lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def says(self) -> str:
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().strip()

    async def tell(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n".encode())
        await self.says()


async def start(stack: AsyncExitStack, program: str, place: Place) -> Speaker:
    """Running, and past its first line."""
    process = await asyncio.create_subprocess_exec(
        *place.within, sys.executable, "-c", program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    stack.push_async_callback(process.wait)
    stack.callback(process.kill)
    speaker = Speaker(process)
    await speaker.says()
    return speaker


async def heard() -> dict[str, list[str]]:
    """What `b` heard after each cut, and after each healing."""
    found: dict[str, list[str]] = {}
    a, b, c = PARTS
    async with AsyncExitStack() as stack:
        network = await stack.enter_async_context(open_network(PARTS))
        ear = await start(stack, LISTEN, network.places[b])
        first, second = [await start(stack, SPEAK, network.places[part]) for part in (a, c)]

        async def speak(word: str) -> list[str]:
            await first.tell(f"a {word}")
            await second.tell(f"c {word}")
            lines = [await ear.says()]
            while not lines[-1].startswith("c"):
                lines.append(await ear.says())
            return lines

        found["whole"] = await speak("whole")
        for mode in MODES:
            await network.cut(between_hosts(PARTS, "a", "b", mode, "c"))
            found[mode] = await speak(mode)
            await network.heal()
            # What did not come is sent again by the kernel of `a`.
            found[f"{mode}, healed"] = [await ear.says()] if len(found[mode]) == 1 else []
        await network.unplug("a")
        found["unplugged"] = await speak("unplugged")
        await network.plug("a")
        found["plugged"] = [await ear.says()]
    return found


async def stay() -> None:
    """Open a network, say which processes keep it, and do nothing more."""
    async with open_network(PARTS) as network:
        print(json.dumps([keeper.pid for keeper in network.keepers]), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["--stay"]:
        asyncio.run(stay())
    print(json.dumps(asyncio.run(heard())))
