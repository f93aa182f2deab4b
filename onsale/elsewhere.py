"""An installation that somebody else runs, as a demo sees it: an address to send the crowd to, and its servers to judge
by afterwards."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from onsale.first_show import first_show
from onsale.installation import infra_settings, open_installation
from onsale.keys import kept_keys
from onsale.records import say
from onsale.running import RunningNow
from onsale.server_process import Announced
from onsale_client import AsyncClient

Result = TypeVar("Result")


class NoAddress(ValueError):
    """It is not an address that a crowd can be sent to."""


@dataclass(frozen=True)
class Elsewhere:
    """It stands where a `ServerProcess` does; none of its processes is ours."""

    announced: Announced

    def running(self) -> RunningNow | None:
        """Nothing is known of its processes."""
        return None

    def child(self, _name: str) -> int | None:
        """None of them can be killed from here."""
        return None

    async def during(self, work: Coroutine[None, None, Result]) -> Result:
        """What `work` gives; who keeps the installation running sees to that."""
        return await work

    async def ended(self) -> None:
        """Never."""
        await asyncio.Event().wait()


@asynccontextmanager
async def elsewhere(url: str, data_dir: Path | None) -> AsyncIterator[Elsewhere]:
    """The installation that answers at `url`; the environment names its servers, and its secret.

    Keys are made at the first time and kept in the data directory. Raises `infra.embedded.ServersUnavailable`,
    `OnsaleError`, `NoAddress` for one with a path or without a port.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.port is None or parts.path not in ("", "/"):
        raise NoAddress(f"{url} is not an address like http://HOST:PORT")
    with open_installation(infra_settings(data_dir), say) as installation:
        keys = await kept_keys(installation)
        async with AsyncClient(url, token=keys.admin) as house:
            show = await first_show(house)
        where = str(installation.data_dir)
        yield Elsewhere(Announced(0, where, url.rstrip("/"), keys.admin, keys.sandbox, show))
