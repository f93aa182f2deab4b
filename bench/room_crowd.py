"""A crowd for a waiting room: `python -m bench.room_crowd PLAN`, where PLAN is a file with a `Plan` as JSON.

Every fan has a client id and a secret of their own, joins at a moment of their own, looks at the status as often as the
status says, finds their place by the seed of the draw, and claims with the secret once it is served; then holds a place
with the pass. A few join twice, as after a lost answer, and some try to claim before their turn. What is remembered of
each is a few numbers and the ticket, and requests go over a few hundred connections that stay open, so a hundred
thousand fans fit beside the servers they ask. Prints a `Seen` as JSON.
"""

import asyncio
import random
import sys
import time
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from bench.load import HEAD_END
from bench.room_connection import Connection
from bench.room_fans import Fans, Look, Plan, Seen, Status, post, summary
from ticketing.tokens import secret_hash

TICK_S = 0.02
LOOK_ROUND_S = 0.1
"""How often the one who only watches looks."""
RETRY_S = 1.0
JITTER = 0.1
JOIN, LOOK, CLAIM, EARLY, HOLD, AGAIN = range(6)
KINDS = 6


class Crowd:
    """All of them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.fans = Fans(plan)
        self.seen = Seen()
        self._rng = random.Random(plan.seed)
        self._wheel: dict[int, list[int]] = defaultdict(list)
        self._due: dict[str, deque[tuple[int, float]]] = {"room": deque(), "shop": deque()}
        self._idle: dict[str, list[Connection]] = {"room": [], "shop": []}
        self._statuses: dict[bytes, Status] = {}
        self._answers: Counter[str] = Counter()
        self._join_ms: list[float] = []
        self._claim_ms: list[float] = []
        self._began_s = 0.0
        self._opening: set[asyncio.Task[None]] = set()
        self._tick = 0
        self._left = plan.fans
        self._ended = False

    async def run(self) -> Seen:
        """Until everybody has what they came for, or the time is over."""
        plan, loop = self.plan, asyncio.get_running_loop()
        for number in range(plan.connections):
            await self._open("room", plan.rooms[number % len(plan.rooms)])
        for _ in range(max(1, plan.connections // 4)):
            await self._open("shop", plan.shop)
        self._began_s = time.perf_counter()
        for fan in range(plan.fans):
            late = fan >= plan.fans - plan.late
            at_s = plan.opens_in_s + self._rng.random() * plan.late_s if late else self._rng.random() * plan.join_s
            self._later(JOIN, fan, at_s)
        watching = loop.create_task(self._watch())
        await self._turn_the_wheel()
        self._ended = True
        watching.cancel()
        return self._sum_up()

    async def _turn_the_wheel(self) -> None:
        last_s = self._began_s
        while self._left > 0 and last_s - self._began_s < self.plan.last_s:
            now_s = time.perf_counter()
            self.seen.paused_ms = max(self.seen.paused_ms, (now_s - last_s - TICK_S) * 1000)
            last_s = now_s
            until = int((now_s - self._began_s) / TICK_S)
            while self._tick <= until:
                due_s = self._began_s + self._tick * TICK_S
                for code in self._wheel.pop(self._tick, ()):
                    kind = code % KINDS
                    self._due["shop" if kind == HOLD else "room"].append((code, due_s))
                self._tick += 1
            for to, idle in self._idle.items():
                while idle and self._due[to]:
                    idle.pop().send(*self._due[to].popleft())
            await asyncio.sleep(TICK_S)

    async def _watch(self) -> None:
        """One who only looks, and has a connection of their own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.plan.rooms[0])
        while True:
            writer.write(self._look_bytes())
            head = await reader.readuntil(HEAD_END)
            at = head.index(b"content-length: ") + 16
            status = Status(await reader.readexactly(int(head[at : head.index(b"\r", at)])))
            at_s = time.perf_counter() - self._began_s
            self.seen.watched.append(
                Look(at_s, status.server_time, status.serving, status.issued, status.rate_target, status.limited_by)
            )
            await asyncio.sleep(LOOK_ROUND_S)

    async def _open(self, to: str, port: int) -> None:
        await asyncio.get_running_loop().create_connection(lambda: Connection(self, to, port), "127.0.0.1", port)

    def lost(self, connection: Connection, code: int | None) -> None:
        """The server closed a connection, which it may when nothing was asked for a while; another takes its place."""
        if self._ended:
            return
        if code is not None:
            self._answers[f"{_NAMES[code % KINDS]} cut off"] += 1
            self._due[connection.to].appendleft((code, time.perf_counter()))
        elif connection in self._idle[connection.to]:
            self._idle[connection.to].remove(connection)
        opening = asyncio.get_running_loop().create_task(self._open(connection.to, connection.port))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    def free(self, connection: Connection) -> None:
        """A connection can take the next request."""
        due = self._due[connection.to]
        if due:
            connection.send(*due.popleft())
        else:
            self._idle[connection.to].append(connection)

    def request(self, code: int) -> bytes:
        """What a fan sends."""
        fan, kind = divmod(code, KINDS)
        path = f"/room/{self.plan.show}/entries"
        client, secret = self.fans.own(fan)
        if kind == LOOK:
            return self._look_bytes()
        if kind in {JOIN, AGAIN}:
            return post(path, {"client_id": client, "secret_hash": secret_hash(secret)})
        if kind == HOLD:
            wish = {"show": self.plan.show, "areas": [{"area": "general", "quantity": 1}]}
            more = f"authorization: Bearer {self.fans.passes[fan]}\r\nidempotency-key: {client}\r\nprefer: wait=10\r\n"
            return post("/api/reservations", wish, more)
        body = {"ticket": self.fans.ticket[fan], "secret": secret}
        return post(f"{path}/{self.fans.entry[fan]}/claim", body)

    def answered(self, code: int, due_s: float, sent_s: float, answer: bytes) -> None:
        """What a fan is told."""
        fan, kind = divmod(code, KINDS)
        now_s = time.perf_counter()
        status = int(answer[9:12])
        body = answer[answer.index(HEAD_END) + 4 :]
        if kind == LOOK and status == 200:
            self.seen.looks += 1
            self._look(fan, self._read(body), now_s)
            return
        self._answers[f"{_NAMES[kind]} {status}"] += 1
        if status in {429, 503}:
            retry_s = msgspec.json.decode(body).get("retry_after_s", RETRY_S)
            self._later(kind, fan, now_s - self._began_s + retry_s * (1 + self._rng.random()))
        elif kind in {JOIN, AGAIN} and status == 201:
            self._joined(fan, kind, msgspec.json.decode(body), (now_s - due_s) * 1000, now_s)
        elif kind in {CLAIM, EARLY} and status == 200:
            # An early one is granted where the line was faster than it; whether it was, the tables tell.
            if not self.fans.passed_s[fan]:
                self._let_in(fan, msgspec.json.decode(body), (now_s - sent_s) * 1000, now_s)
        elif kind == EARLY and status == 409:
            self.seen.early_refused += 1
            self.seen.refused_ahead.append((self.fans.place[fan], sent_s - self._began_s))
        elif kind == HOLD and status == 201:
            self.seen.held += 1
            self._left -= 1
        else:
            self.seen.wrong.append(f"{_NAMES[kind]} of fan {fan}: {status} {body[:200].decode(errors='replace')}")
            self._left -= 1

    def _joined(self, fan: int, kind: int, body: dict[str, Any], ms: float, now_s: float) -> None:
        fans = self.fans
        if kind == AGAIN:
            self.seen.twice += 1
            if body["ticket"] != fans.ticket[fan]:
                self.seen.wrong.append(f"fan {fan} joined twice and has two tickets")
            return
        self.seen.joined += 1
        self._join_ms.append(ms)
        fans.n[fan], fans.ticket[fan], fans.entry[fan] = body["n"], body["ticket"], body["entry"]
        fans.place[fan] = body["place"] or 0
        since_s = now_s - self._began_s
        if self._rng.random() < self.plan.twice_part:
            self._later(AGAIN, fan, since_s + 1)
        # Everybody sees the page at once, and then at its own pace.
        self._later(LOOK, fan, since_s + self._rng.random())

    def _look(self, fan: int, status: Status, now_s: float) -> None:
        fans = self.fans
        place = fans.place[fan]
        if place == 0:
            place = fans.place[fan] = status.place(fans.n[fan])
            if place > status.serving + 1_000 and self._rng.random() < self.plan.early_part:
                self._later(EARLY, fan, now_s - self._began_s)
        if fans.passed_s[fan]:
            return
        if 0 < place <= status.serving:
            self._later(CLAIM, fan, now_s - self._began_s)
            return
        pause_s = status.next_look_s(place) * (1 - JITTER + 2 * JITTER * self._rng.random())
        self._later(LOOK, fan, now_s - self._began_s + pause_s)

    def _let_in(self, fan: int, body: dict[str, Any], ms: float, now_s: float) -> None:
        fans = self.fans
        self.seen.passes += 1
        self._claim_ms.append(ms)
        fans.passed_s[fan] = now_s - self._began_s
        self.seen.let_in.append((fans.place[fan], now_s - self._began_s))
        if body["entry"] != fans.entry[fan]:
            self.seen.wrong.append(f"fan {fan} was given the pass of {body['entry']}")
        fans.passes[fan] = body["pass"]
        self._later(HOLD, fan, now_s - self._began_s + 1 + 3 * self._rng.random())

    def _later(self, kind: int, fan: int, at_s: float) -> None:
        self._wheel[max(self._tick, int(at_s / TICK_S))].append(fan * KINDS + kind)

    def _read(self, body: bytes) -> Status:
        found = self._statuses.get(body)
        if found is None:
            if len(self._statuses) > 64:
                self._statuses.clear()
            found = self._statuses[body] = Status(body)
        return found

    def _look_bytes(self) -> bytes:
        return f"GET /room/{self.plan.show}/status HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode()

    def _sum_up(self) -> Seen:
        seen = self.seen
        seen.seconds = time.perf_counter() - self._began_s
        seen.cpu_s = time.process_time()
        seen.answers = dict(self._answers)
        seen.join_ms, seen.claim_ms = summary(self._join_ms), summary(self._claim_ms)
        serving = [look.serving for look in seen.watched]
        waits = []
        for fan in range(self.plan.fans):
            at = bisect_left(serving, self.fans.place[fan])
            if self.fans.passed_s[fan] and at < len(serving):
                # Nobody was called before the watcher saw it, so nobody waits less than nothing.
                waits.append(max(0.0, self.fans.passed_s[fan] - seen.watched[at].at_s))
        seen.turn_s = summary(waits)
        return seen


_NAMES = ("join", "look", "claim", "early claim", "hold", "join again")


def main() -> int:
    """The exit code."""
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan)
    seen = uvloop.run(Crowd(plan).run())
    sys.stdout.buffer.write(msgspec.json.encode(seen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
