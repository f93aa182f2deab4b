"""An allocator is killed -9: how long until its partitions are claimed, and decided over again."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bench.site import Connection, Room

POLL_S = 0.005
TAKEOVER_S_MAX = 60.0

CURSORS = "SELECT part, epoch, batch_seq, next_offset FROM allocator_cursor"


@dataclass(frozen=True)
class Stand:
    """Where one cursor stands."""

    epoch: int
    batch_seq: int
    next_offset: int


@dataclass
class Takeover:
    """Seconds from the kill until each partition that was claimed anew was claimed, and had decided again."""

    claimed_s: dict[int, float]
    deciding_s: dict[int, float]

    @property
    def loading_s(self) -> float:
        """The longest time from a claim to the first batch after it."""
        return max(self.deciding_s[part] - at for part, at in self.claimed_s.items())

    @property
    def all_deciding_s(self) -> float:
        """Until the last partition of all, whoever owns it, had decided a command that was sent after the kill."""
        return max(self.deciding_s.values())


async def cursors(connection: Connection) -> dict[int, Stand]:
    """Every partition's."""
    return {row["part"]: Stand(*list(row.values())[1:]) for row in await connection.fetch(CURSORS)}


async def kill(connection: Connection, victim: Room, ends: Mapping[int, int], *, owned: int) -> Takeover:
    """Kill an allocator that owns `owned` partitions, and watch the cursors.

    Commands must be coming in on every partition of `ends`: the offset behind the last one sent, which whoever sends
    them goes on raising. Raises TimeoutError.
    """
    before = await cursors(connection)
    victim.process.kill()
    began_s = time.perf_counter()
    sent = dict(ends)
    claims: dict[int, Stand] = {}
    takeover = Takeover({}, {})
    async with asyncio.timeout(TAKEOVER_S_MAX):
        while takeover.deciding_s.keys() < sent.keys() or len(claims) < owned:
            for part, stand in (await cursors(connection)).items():
                now_s = time.perf_counter() - began_s
                if part not in claims and stand.epoch != before[part].epoch:
                    claims[part] = stand
                    takeover.claimed_s[part] = now_s
                    # What the dead one had on its way when it was killed does not count.
                    takeover.deciding_s.pop(part, None)
                if part in claims:
                    is_deciding = stand.batch_seq > claims[part].batch_seq
                else:
                    is_deciding = stand.next_offset > sent[part]
                if is_deciding:
                    takeover.deciding_s.setdefault(part, now_s)
            await asyncio.sleep(POLL_S)
    await victim.process.wait()
    return takeover
