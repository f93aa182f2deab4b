"""A house whose servers fail, as its fans and its operators see it: what is answered, and by whom, meanwhile."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.sale import Answer, Sale
from tests.acceptance.spectator import Spectator, spectator
from tests.faults.rooms import until
from tests.faults.stage import Stage

PATIENCE_S = 30.0
PLACES = [{"area": "general", "quantity": 1}]


@dataclass
class House:
    """One show on sale; `held`: a reservation of `fan`, made while all was well; `watcher`: a socket opened then."""

    stage: Stage
    sale: Sale
    show: dict[str, Any]
    fan: str
    held: str
    watcher: Spectator

    async def hold(self, *, key: str | None = None, prefer: str = "respond-async") -> Answer:
        """Somebody else asks for a place, and does not wait for the verdict unless told to."""
        body = {"show": self.show["show"], "areas": PLACES}
        token = self.sale.fan(self.show["show"])
        answer = await self.sale.call("POST", "/api/reservations", body, token=token, key=key, prefer=prefer)
        return Answer(answer.status, answer.headers, answer.body | {"token": token})

    async def confirm(self, key: str, *, prefer: str | None = None) -> Answer:
        """The holder confirms."""
        body = {"reservation": self.held, "contact": {"name": "Ada Lovelace", "email": "ada@example.org"}}
        return await self.sale.call("POST", "/api/bookings", body, token=self.fan, key=key, prefer=prefer or "wait=2")

    async def until_refused(self, ask: Callable[[], Awaitable[Answer]], code: str) -> Answer:
        """The refusal with this code, once it is there. Whatever comes before it is an honest answer, too."""

        async def refused() -> Answer | None:
            answer = await ask()
            assert answer.status in {201, 202, 503}, answer.body
            return answer if answer.status == httpx.codes.SERVICE_UNAVAILABLE and answer.body["code"] == code else None

        return await until(refused, PATIENCE_S)

    async def until_granted(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The first answer 201; until then it is a refusal that says when to come back, or no verdict yet."""

        async def granted() -> Answer | None:
            answer = await ask()
            if answer.status == httpx.codes.CREATED:
                return answer
            assert answer.status in {202, 503}, answer.body
            assert int(answer.headers["Retry-After"]) >= 1
            return None

        return await until(granted, PATIENCE_S)

    async def until_decided(self, accepted: Answer, token: str) -> str:
        """What became of a request that was answered 202."""

        async def decided() -> str | None:
            asked = await self.sale.call("GET", accepted.headers["Location"], token=token)
            assert asked.status in {200, 503}, asked.body
            status = asked.body["status"]
            return str(status) if asked.status == httpx.codes.OK and status != "pending" else None

        return await until(decided, PATIENCE_S)

    async def looks(self) -> Mapping[str, int]:
        """What those are answered who only look: at places, at what they hold, at the list of shows."""
        here = f"/api/venues/{self.show['venue']}/shows/{self.show['show']}"
        paths = {"places": f"{here}/availability", "held": f"/api/reservations/{self.held}", "list": "/api/events"}
        return {name: (await self.sale.call("GET", path, token=self.fan)).status for name, path in paths.items()}

    async def sees(self) -> None:
        """The old socket answers, and a new one is shown the house."""
        await self.watcher.socket.send('{"type": "ping", "id": "p"}')
        await self.watcher.until("pong", reply_to="p")
        async with watching(self.stage, self.sale, self.show) as newcomer:
            await newcomer.until("snapshot")

    async def probe(self, room: str, path: str) -> tuple[int, str]:
        """The answer of a room's own process."""
        (running,) = self.stage.running(room)
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"{running.url}{path}")
        return answer.status_code, answer.text

    async def until_says(self, room: str, status: int, words: str) -> None:
        """Until `/readyz` of the room answers with this status and these words. `/livez` is 200 all the while."""

        async def says() -> bool:
            assert (await self.probe(room, "/livez"))[0] == httpx.codes.OK
            found, text = await self.probe(room, "/readyz")
            return found == status and words in text

        await until(says, PATIENCE_S)

    async def until_ready(self) -> None:
        """Until no room lacks anything: the same processes as before, since nothing starts them again."""
        for room in ("ingress", "notifier", "allocator", "expiry_worker"):
            await self.until_says(room, httpx.codes.OK, '"status":"ready"')

    async def until_measured(self, room: str, name: str, value: float) -> None:
        """Until the room's metric has this value."""

        async def has() -> bool:
            _, text = await self.probe(room, "/metrics")
            samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
            return [sample.value for sample in samples if sample.name == name] == [value]

        await until(has, PATIENCE_S)


@asynccontextmanager
async def watching(stage: Stage, sale: Sale, show: dict[str, Any]) -> AsyncIterator[Spectator]:
    """A socket to the show, that has been welcomed."""
    (notifier,) = stage.running("notifier")
    async with spectator(replace(sale, url=notifier.url), show) as socket:
        await socket.hello()
        yield socket


@asynccontextmanager
async def open_house(stage: Stage) -> AsyncIterator[House]:
    """A show of its own, with a hold and a watcher, on a stage where all is well."""
    async with stage.sale() as sale:
        show = await sale.new_show(capacity=1_000)
        fan = sale.fan(show["show"])
        held = await sale.hold(show["show"], fan, areas=PLACES)
        assert held.status == httpx.codes.CREATED, held.body
        async with watching(stage, sale, show) as watcher:
            await watcher.until("snapshot")
            house = House(stage, sale, show, fan, held.body["reservation"], watcher)
            assert set((await house.looks()).values()) == {200}
            await house.until_ready()
            yield house
