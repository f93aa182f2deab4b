"""A waiting room over stores in memory, and its application, as a test moves them by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import httpx
from starlette.types import ASGIApp

from runtime.addresses import ClientAddresses
from tests.unit.waiting_room.memory_codes import MemoryCodes
from tests.unit.waiting_room.memory_draws import MemoryDraws
from tests.unit.waiting_room.memory_records import MemoryRecords
from tests.unit.waiting_room.memory_store import MemoryCounters, MemoryLedger, MemoryRooms
from ticketing.clock import ManualClock
from ticketing.messages import ShowStatusNow
from ticketing.staff import StaffKeys
from ticketing.tokens import TokenKeys, api_key_hash, secret_hash
from ticketing.vocabulary import show_text
from waiting_room.admin_routes import AdminRoutes
from waiting_room.app import create_app
from waiting_room.beacons import OwnValue
from waiting_room.code_routes import CodeRoutes
from waiting_room.documents import Documents
from waiting_room.doorstep import Doorstep, NetworkNames
from waiting_room.draw_routes import DrawRoutes
from waiting_room.drawing import Beacon, Drawing
from waiting_room.entries import Bounds, Entries
from waiting_room.holders import Holders
from waiting_room.joining import Joining
from waiting_room.leaving import Leaving
from waiting_room.looks import Poll
from waiting_room.operator_keys import Operators
from waiting_room.overview import OverviewRoutes
from waiting_room.pages import read_room_page
from waiting_room.phases import Schedule
from waiting_room.places import GENERAL
from waiting_room.plain_routes import PlainRoutes
from waiting_room.plan_routes import PlanRoutes
from waiting_room.ports import Line
from waiting_room.pressure import SlowLane
from waiting_room.proofs import Proofs
from waiting_room.readiness import Readiness
from waiting_room.recording import Recorder
from waiting_room.records import Tallies
from waiting_room.rooms import RoomLimits
from waiting_room.routes import FanRoutes
from waiting_room.service import WaitingRoom
from waiting_room.threshold import Check, Threshold
from waiting_room.writing import writers

NOW_MS = 1_800_000_000_000
SHOW = 0xAB
PATH = f"/room/{show_text(SHOW)}"
LINE = Line(SHOW, GENERAL)
SECRET = "a secret of enough length"
STAFF = StaffKeys(["a secret of the server"])


@dataclass
class Hall:
    """What a test may look at and move."""

    clock: ManualClock
    counters: MemoryCounters
    ledger: MemoryLedger
    table: MemoryRooms
    book: MemoryDraws
    room: WaitingRoom
    http: httpx.AsyncClient
    app: ASGIApp
    fans: FanRoutes
    records: MemoryRecords
    recorder: Recorder

    async def pass_time(self, ms: int) -> None:
        """In steps of a tick, each of which moves the line."""
        for _ in range(ms // 200):
            self.clock.advance(200)
            await self.room.advance()
            if self.clock.now_ms() % 1_000 < 200:
                await self.room.draw()
                await self.recorder.step()

    @property
    def serving(self) -> int:
        """Where the line stands."""
        return self.room.rooms[SHOW].general.position.serving

    def heard(self, **changes: Any) -> None:
        """The allocator speaks."""
        values: dict[str, Any] = {"status": "open", "available": 500, "held": 0, "booked": 0, "lag_ms": 0} | changes
        self.room.observe(ShowStatusNow(show=SHOW, part=0, at_ms=0, seq=1, lag_records=0, **values))

    async def join(self, client: int, secret: str = SECRET, *, address: str = "", **more: str) -> httpx.Response:
        body = {"client_id": str(UUID(int=client)), "secret_hash": secret_hash(secret)} | more
        headers = {"x-forwarded-for": address} if address else {}
        return await self.http.post(f"{PATH}/entries", json=body, headers=headers)

    async def claim(self, place: dict[str, Any], secret: str = SECRET) -> httpx.Response:
        body = {"ticket": place["ticket"], "secret": secret}
        return await self.http.post(f"{PATH}/entries/{place['entry']}/claim", json=body)

    async def leave(self, place: dict[str, Any], secret: str = SECRET) -> httpx.Response:
        body = {"ticket": place["ticket"], "secret": secret}
        return await self.http.request("DELETE", f"{PATH}/entries/{place['entry']}", json=body)

    async def defer(self, place: dict[str, Any], to: int, secret: str = SECRET) -> httpx.Response:
        body = {"ticket": place["ticket"], "secret": secret, "place": to}
        return await self.http.post(f"{PATH}/entries/{place['entry']}/defer", json=body)

    async def status(self) -> dict[str, Any]:
        """The document as it is now, not as it was a moment ago."""
        self.clock.advance(200)
        document: dict[str, Any] = (await self.http.get(f"{PATH}/status")).json()
        return document

    async def operate(self, act: str, key: str = "osk_live_ops", *, if_match: str = "", **body: Any) -> httpx.Response:
        path = f"/room/admin/{show_text(SHOW)}"
        headers = {"authorization": f"Bearer {key}"} | ({"if-match": if_match} if if_match else {})
        if act.startswith("rate"):
            return await self.http.patch(path + act.removeprefix("rate"), json=body, headers=headers)
        return await self.http.post(f"{path}/{act}", json=body, headers=headers)

    async def inspect(self, what: str = "") -> dict[str, Any]:
        """What an operator sees."""
        path = f"/room/admin/{show_text(SHOW)}{what}"
        seen: dict[str, Any] = (await self.http.get(path, headers={"authorization": "Bearer osk_live_ops"})).json()
        return seen


def instance(
    clock: ManualClock,
    counters: MemoryCounters,
    ledger: MemoryLedger,
    table: MemoryRooms,
    *,
    rate_per_min: int = 600,
    book: MemoryDraws | None = None,
    beacon: Beacon | None = None,
) -> WaitingRoom:
    """One instance of the room; several may share the stores."""
    limits = RoomLimits(rate_per_min, lag_target_ms=500, stale_after_ms=2_500, numbers_reserved_max=1_000)
    drawing = Drawing(book or MemoryDraws(ledger), beacon or OwnValue(["a secret of the server"]), clock)
    return WaitingRoom(counters=counters, ledger=ledger, table=table, drawing=drawing, clock=clock, limits=limits)


@asynccontextmanager
async def open_hall(
    *,
    opens_in_ms: int = 0,
    wait_s: float = 5.0,
    beacon: Beacon | None = None,
    proof_from_per_min: int = 0,
    check: Check | None = None,
) -> AsyncIterator[Hall]:
    """A hall of 600 people a minute whose show starts in a day."""
    clock = ManualClock(NOW_MS)
    counters, ledger, table = MemoryCounters(clock), MemoryLedger(), MemoryRooms()
    table.shows[SHOW] = ("A First Night", Schedule(NOW_MS + opens_in_ms, 0, NOW_MS + 86_400_000))
    table.keys[api_key_hash("osk_live_ops")] = ("key_ops", frozenset({"operator"}))
    table.keys[api_key_hash("osk_live_reader")] = ("key_reader", frozenset({"read"}))
    book = MemoryDraws(ledger)
    beacon = beacon or OwnValue(["a secret of the server"])
    room = instance(clock, counters, ledger, table, book=book, beacon=beacon)
    both = writers(ledger, room.settling, rows_max=50, wait_s=wait_s, random=lambda: 0.99)
    keys = TokenKeys(["a secret of the server"])
    codes = MemoryCodes()
    holders = Holders(room, keys)
    entries = Entries(room, holders=holders, keys=keys, clock=clock, writers=both, codes=codes, bounds=Bounds(10, 100))
    tallies, records = Tallies(), MemoryRecords()
    recorder = Recorder(records, tallies, room.rooms, clock)
    joining = Joining(
        entries,
        clock=clock,
        threshold=Threshold(
            doorstep=Doorstep(address_per_min=5, network_per_min=20),
            clearings=Doorstep(address_per_min=2, network_per_min=20),
            slow=SlowLane(60),
            proofs=Proofs(["a secret of the server"]),
            rooms=room.rooms.get,
            proof_from_per_min=proof_from_per_min,
            tallies=tallies,
            check=check,
        ),
        guesses=Doorstep(address_per_min=3, network_per_min=20),
        tallies=tallies,
        network_name=NetworkNames("a secret of the server").of,
    )
    leaving = Leaving(room, holders=holders, clock=clock, claim_writer=both.claims)
    documents = Documents(clock, Poll(1, 10), 2_000)
    # The test itself is the proxy that is ours.
    address_of = ClientAddresses(["127.0.0.1"]).of
    page = read_room_page()
    fans = FanRoutes(
        room,
        entries,
        leaving,
        clock=clock,
        page=page,
        documents=documents,
        joining=joining,
        tallies=tallies,
        address_of=address_of,
    )
    plain = PlainRoutes(
        room,
        joining=joining,
        tallies=tallies,
        entries=entries,
        leaving=leaving,
        documents=documents,
        page=page,
        keys=keys,
        clock=clock,
        entropy=Random(6).randbytes,
        address_of=address_of,
    )
    callers = Operators(table, STAFF, clock)
    operators = AdminRoutes(room, table, Readiness(room, table, beacon, clock), callers, clock=clock)
    overview = OverviewRoutes(room, callers, clock=clock)
    coding = CodeRoutes(room, callers, codes, clock=clock, entropy=Random(7).randbytes)
    draws = DrawRoutes(room, book)
    plans = PlanRoutes(room, table, callers, records, clock=clock)
    routes = [
        *overview.routes(),
        *coding.routes(),
        *plans.routes(),
        *operators.routes(),
        *draws.routes(),
        *plain.routes(),
        *fans.routes(),
    ]
    app = create_app(routes, bytes)
    tasks = [asyncio.create_task(writer.run()) for writer in (both.joins, both.claims)]
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        try:
            yield Hall(clock, counters, ledger, table, book, room, http, app, fans, records, recorder)
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
