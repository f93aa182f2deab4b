"""One instance of the room's own code in a process of its own, which joins for clients and then lives on.

`python -m tests.contract.room_instance '{"postgres_url", "redis_url", "redis_prefix", "show", "clients", "result",
"rate_per_min", "secret", "claims"}'`: joins for each of `clients` (numbers), each tenth one twice; writes
`{client: [n, ticket]}` to `result`; prints `{"serving", "at_ms"}` (the store's time) at each move of the line. With
`claims` it then claims each place when it is served, and writes `{client: pass}` to `result` with `.passes` behind it.
"""

import asyncio
import json
import random
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from runtime import logs
from runtime.postgres import open_pool
from runtime.redis import open_redis
from ticketing.clock import SystemClock
from ticketing.tokens import TokenKeys, secret_hash
from waiting_room.beacons import OwnValue
from waiting_room.code_book import PostgresCodes
from waiting_room.draw_book import PostgresDraws
from waiting_room.drawing import Drawing
from waiting_room.entries import Bounds, Entries
from waiting_room.holders import Holders
from waiting_room.ledger import PostgresLedger
from waiting_room.loops import Loop
from waiting_room.ports import LedgerUnavailable, StoreUnavailable
from waiting_room.replies import Place, Turn
from waiting_room.room_table import PostgresRooms
from waiting_room.rooms import RoomLimits
from waiting_room.service import WaitingRoom
from waiting_room.store import RedisCounters
from waiting_room.writing import writers

AT_ONCE = 1_000


async def live(told: dict[str, Any]) -> None:
    async with (
        open_pool(told["postgres_url"], min_size=1, max_size=6, application_name="test") as pool,
        open_redis(told["redis_url"], client_name="test") as redis,
    ):
        ledger = PostgresLedger(pool)
        clock = SystemClock()
        room = WaitingRoom(
            counters=RedisCounters(redis, told["redis_prefix"], repeat_s=600),
            ledger=ledger,
            table=PostgresRooms(pool),
            drawing=Drawing(PostgresDraws(pool), OwnValue([told["secret"]]), clock),
            clock=clock,
            limits=RoomLimits(told["rate_per_min"], 500, 2_500, numbers_reserved_max=2_000),
        )

        both = writers(ledger, room.settling, rows_max=100_000, wait_s=5.0, random=random.random)
        keys = TokenKeys([told["secret"]])
        entries = Entries(
            room,
            holders=Holders(room, keys),
            keys=keys,
            clock=clock,
            writers=both,
            codes=PostgresCodes(pool),
            bounds=Bounds(500, 20_000),
        )

        async def move_and_say() -> None:
            await room.advance()
            for found in room.rooms.values():
                line = {"serving": found.general.position.serving, "at_ms": found.general.position.at_ms}
                print(json.dumps(line), flush=True)

        loops = [Loop("move", 0.05, move_and_say), Loop("mend", 0.05, room.mend), Loop("read", 0.5, room.refresh)]
        tasks = [asyncio.create_task(run()) for run in (*(loop.run for loop in loops), both.joins.run, both.claims.run)]
        with suppress(StoreUnavailable, LedgerUnavailable):
            await room.room(told["show"])
        places = await join_all(entries, told)
        if told.get("claims"):
            await claim_all(entries, room, told, places)
        await asyncio.gather(*tasks)


# Both ask again after a while, as a fan's page does: nothing tells them when.


async def claim_all(entries: Entries, room: WaitingRoom, told: dict[str, Any], places: dict[int, Place]) -> None:
    passes: dict[int, str] = {}

    async def claim(client: int, place: Place) -> None:
        while True:
            if room.rooms[told["show"]].general.position.serving < place.n:
                await asyncio.sleep(0.1)  # as a page asks again: nothing tells a client that it is called
                continue
            turn = await entries.claim(told["show"], place.entry, place.ticket, f"the secret of {client}")
            if isinstance(turn, Turn):
                passes[client] = turn.token
                return
            assert turn.code in ("room_unavailable", "busy", "not_your_turn"), turn
            await asyncio.sleep(0.1)  # as every client does that is told to come again

    await asyncio.gather(*(claim(client, place) for client, place in places.items()))
    write_whole(Path(told["result"]).with_suffix(".passes"), json.dumps(passes))


async def join_all(entries: Entries, told: dict[str, Any]) -> dict[int, Place]:
    results: dict[int, Place] = {}

    async def join(client: int) -> None:
        while True:
            place = await entries.join(told["show"], UUID(int=client), secret_hash(f"the secret of {client}"))
            if isinstance(place, Place):
                known = results.setdefault(client, place)
                assert (known.n, known.ticket) == (place.n, place.ticket)
                return
            assert place.code in ("room_unavailable", "busy"), place
            await asyncio.sleep(0.05)  # as above

    wanted: list[int] = [client for client in told["clients"] for _ in range(2 if client % 10 == 0 else 1)]
    for start in range(0, len(wanted), AT_ONCE):
        await asyncio.gather(*(join(client) for client in wanted[start : start + AT_ONCE]))
    written = {client: (place.n, place.ticket) for client, place in results.items()}
    write_whole(Path(told["result"]), json.dumps(written))
    return results


def write_whole(result: Path, text: str) -> None:
    """A reader sees all of it or nothing."""
    unfinished = result.with_suffix(".part")
    unfinished.write_text(text)
    unfinished.replace(result)


if __name__ == "__main__":
    logs.configure("warning")
    asyncio.run(live(json.loads(sys.argv[1])))
