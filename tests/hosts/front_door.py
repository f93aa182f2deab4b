"""The front door of compose.yaml, before the rooms of three hosts: nginx, as it is shipped, with their addresses."""

import asyncio
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.faults.rooms import ROOT, Place, ending_with_us, until
from tests.hosts.plan import DOOR_PORT, ROOM_PORT, SANDBOX

OPEN_S_MAX = 20.0


class DoorFailed(Exception):
    """nginx is not here, or does not open; the text says why."""


def configured(text: str, rooms: Mapping[str, Sequence[str]], address: str, directory: Path) -> str:
    """`plain.conf`, listening on `address`, keeping its files in `directory`, before the rooms at these addresses.

    Raises KeyError for a room that has none.
    """

    def before(found: re.Match[str]) -> str:
        # There the sandbox lives where the door does.
        room = SANDBOX if found[1] == "127.0.0.1" else found[1]
        return " ".join(f"server {each}:{ROOM_PORT};" for each in rooms[room])

    text = re.sub(rf"server ([\w.]+):{ROOM_PORT};", before, text)
    text = text.replace(f"listen {DOOR_PORT};", f"listen {address}:{DOOR_PORT};")
    return text.replace("/tmp/", f"{directory}/")


@asynccontextmanager
async def open_door(within: Path, place: Place, rooms: Mapping[str, Sequence[str]]) -> AsyncIterator[str]:
    """Its URL, for as long as the context is open; its files are `within` a directory. Raises DoorFailed."""
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if nginx is None:
        raise DoorFailed("nginx is not here (apt install nginx)")
    conf = _laid_out(within, rooms, place.host)
    directory, log = conf.parent, conf.with_name("said")
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *ending_with_us(signal.SIGTERM, place), nginx, "-p", str(directory), "-c", str(conf), "-g", "daemon off;",
            stdout=said, stderr=said,
        )  # fmt: skip

    async def opened() -> bool:
        if process.returncode is not None:
            raise DoorFailed(log.read_text())
        try:
            _, writer = await asyncio.open_connection(place.host, DOOR_PORT)
        except OSError:
            return False
        writer.close()
        return True

    try:
        await until(opened, OPEN_S_MAX)
        yield f"http://{place.host}:{DOOR_PORT}"
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def _laid_out(within: Path, rooms: Mapping[str, Sequence[str]], address: str) -> Path:
    """All that nginx reads, in a new directory that its workers, who are nobody, may pass through."""
    directory = Path(tempfile.mkdtemp(prefix="door-", dir=within))
    directory.chmod(0o711)
    for file in (ROOT / "infra" / "nginx").glob("*.conf"):
        shutil.copy(file, directory)
    conf = directory / "plain.conf"
    conf.write_text(configured(conf.read_text(), rooms, address, directory))
    return conf
