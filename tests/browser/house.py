"""The other side of the stories: who makes shows, takes seats and asks what became of them."""

import asyncio
import os
import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from infra.embedded.processes import free_port
from onsale.admin import add_person
from onsale.crowd.director import LineWatch, send_in
from onsale.crowd.habits import draw_plans
from onsale.crowd.http import HttpClient
from onsale.crowd.queueing import secret_hash
from onsale.crowd.sale import Sale
from onsale.first_show import starts_at
from onsale.installation import Installation, infra_settings, open_installation
from onsale.records import say
from onsale.server_process import Announced, server_process
from onsale_client import AsyncClient
from tests.servers import run_directory

RUNNING = "ONSALE_TEST_UP"
"""A file with the line that `onsale up --json` printed: everything happens there, and nothing is started."""
ENVIRONMENT = {"ONSALE_ROOM_POLL_CEILING_S": "1", "ONSALE_ROOM_CHOOSING_S": "0"}

RIVALS_CONNECTIONS_MAX = 300
REASON = "We are checking something and go on soon."
LOOK_EVERY_S = 0.1
LOOKS_MAX = 600
PLAN: dict[str, Any] = {
    "fans": 300,
    "seats": 413,
    "rate_per_min": 600,
    "sold_out_s": 600,
    "wait_p50_s": 30,
    "wait_p90_s": 90,
    "worst_lag_ms": 10,
    "track": [[86_400, 150, 206, 0], [172_800, 300, 413, 0]],
}
"""So slow that whoever buys at once is ahead of it."""


@dataclass(frozen=True)
class Show:
    """Where one is."""

    show: str
    venue: str
    name: str
    places: int


@dataclass(frozen=True)
class House:
    """The installation, called with an admin's key and with a partner's."""

    url: str
    console_url: str
    """Where operators have a listener of their own; where there is none, that of everybody."""
    installation: Installation
    admin_key: str
    admin: AsyncClient
    partner: AsyncClient

    async def add_show(self, layout: dict[str, Any], name: str, **terms: Any) -> Show:
        """On sale at once, unless `terms` say otherwise."""
        venue = await self.admin.add_venue("The Browser Hall")
        await self.admin.put_layout(venue.venue, layout)
        policy = {"payment": "optional", "hold_s": 300, **terms.pop("policy", {})}
        wanted = {"name": name, "venue": venue.venue, "starts_at": starts_at(), "currency": "EUR", "policy": policy}
        event = await self.admin.add_show(wanted | terms)
        return Show(event.show, venue.venue, name, event.total_seats)

    async def add_person(self, email: str, password: str, *roles: str, partner: str = "") -> None:
        """Somebody who may sign in, as whoever runs the machine makes them. `partner`: whom they work for."""
        await add_person(self.installation, email, "Ann Operator", list(roles), password, partner=partner)

    async def admits(self, show: Show, rate_per_min: int) -> None:
        """So many people a minute from now on."""
        await self.admin.set_rate(show.show, rate_per_min=rate_per_min, reason="the pace of a story")

    async def pause(self, show: Show) -> None:
        """Nobody is called."""
        await self._tell("POST", show, "pause")

    async def stops_the_line(self, show: Show) -> None:
        """Nobody is called, and whoever joins now waits: strangers take the places that had been called before anybody
        came for them."""
        await self.pause(show)
        last = 0
        async with httpx.AsyncClient(base_url=self.url) as http:
            for _ in range(LOOKS_MAX):
                status = (await http.get(f"/room/{show.show}/status")).json()
                line = status["lines"]["general"]
                if status["phase"] == "paused" and last <= line["serving"]:
                    last = await _stranger(http, show)
                # What was said before the last stranger came may leave out people who were called meanwhile.
                elif status["phase"] == "paused" and line["issued"] >= last:
                    return
                await asyncio.sleep(LOOK_EVERY_S)
        raise TimeoutError("the line does not stand still")

    async def resume(self, show: Show) -> None:
        """The line goes on."""
        await self._tell("POST", show, "resume")

    async def plans(self, show: Show, plan: dict[str, Any] = PLAN) -> None:
        """Files a plan, as `onsale simulate --store` would."""
        await self._tell("PUT", show, "plan", plan=plan)

    async def _tell(self, method: str, show: Show, act: str, **said: Any) -> None:
        async with httpx.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {self.admin_key}"}) as http:
            answer = await http.request(method, f"/room/admin/{show.show}/{act}", json={"reason": REASON} | said)
            answer.raise_for_status()

    async def wait_for_a_letter(self, about: str) -> None:
        """Until one has come in whose subject has these words. Raises TimeoutError when none does."""
        async with httpx.AsyncClient(base_url=self.url) as http:
            for _ in range(LOOKS_MAX):
                if about in (await http.get("/dev/mail")).text:
                    return
                await asyncio.sleep(LOOK_EVERY_S)
        raise TimeoutError(f"no letter comes about {about}")

    async def wait_for_a_line(self, show: Show, people: int) -> None:
        """Until so many have joined. Raises TimeoutError when they do not come."""
        async with httpx.AsyncClient(base_url=self.url) as http:
            for _ in range(LOOKS_MAX):
                status = (await http.get(f"/room/{show.show}/status")).json()
                if status["lines"]["general"]["issued"] >= people:
                    return
                await asyncio.sleep(LOOK_EVERY_S)
        raise TimeoutError(f"{people} people do not come")

    @asynccontextmanager
    async def rivals(self, show: Show, *, fans: int, seed: int, arrival_s: float) -> AsyncIterator[Sale]:
        """So many simulated fans come to the show meanwhile; those who are still there at the end are sent home."""
        address = urlsplit(self.url)
        assert address.hostname is not None and address.port is not None
        http = HttpClient(address.hostname, address.port, connections_max=RIVALS_CONNECTIONS_MAX)
        sale = Sale(http=http, show=show.show, venue=show.venue, places=show.places, seed=seed)
        await sale.load()
        crowd = asyncio.create_task(send_in(sale, draw_plans(seed, fans, arrival_s), LineWatch(), 300))
        try:
            yield sale
        finally:
            crowd.cancel()
            await asyncio.gather(crowd, return_exceptions=True)
            http.close()


@asynccontextmanager
async def running_house() -> AsyncIterator[House]:
    """`onsale up` in a directory of its own, or the one that `RUNNING` names."""
    if file := os.environ.get(RUNNING):
        announced = _announced(Path(file))
        async with _open_house(announced, announced.url) as house:
            yield house
        return
    port = free_port()
    with run_directory() as directory:
        async with (
            server_process(
                ["--port", "0", "--data-dir", str(directory / "data")],
                ENVIRONMENT | {"ONSALE_CONSOLE_PORT": str(port)},
            ) as server,
            _open_house(server.announced, f"http://127.0.0.1:{port}") as house,
        ):
            yield house


async def _stranger(http: httpx.AsyncClient, show: Show) -> int:
    """The place of somebody who will not come for it."""
    body = {"client_id": str(uuid.uuid4()), "secret_hash": secret_hash(secrets.token_hex())}
    answer = await http.post(f"/room/{show.show}/entries", json=body)
    answer.raise_for_status()
    return int(answer.json()["place"])


def _announced(file: Path) -> Announced:
    return msgspec.json.decode(file.read_bytes(), type=Announced)


@asynccontextmanager
async def _open_house(announced: Announced, console_url: str) -> AsyncIterator[House]:
    with open_installation(infra_settings(Path(announced.data_dir)), say) as installation:
        async with (
            AsyncClient(announced.url, token=announced.admin_key) as admin,
            AsyncClient(announced.url, token=announced.sandbox_key) as partner,
        ):
            yield House(announced.url, console_url, installation, announced.admin_key, admin, partner)
