"""The room without servers: stores in memory, a log that a test decides over, requests straight into the app."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingress.app import Api
from ingress.asgi import Message, Scope
from ingress.callers import Callers
from ingress.condition import Condition
from ingress.keys import ApiKey, KeyCache
from ingress.log_edge import FutureBell, RawAppend
from ingress.looking import Looking
from ingress.operations import Operation, Table
from ingress.refusals import MEDIA_TYPE
from ingress.request_log import RequestLog
from ingress.rows import Ports, all_operations, new_limiter, open_api
from ingress.service import NotTaken, SaleDesk, Timed
from ingress.sessions import Sessions
from ingress.settings import Settings
from ingress.shelf import Shelf
from ingress.views import Views
from ingress.waiters import Waiters
from payments.provider import PaymentProvider
from tests.unit.ingress.memory import MemoryCatalogue, MemoryKeys, MemoryLedger
from tests.unit.ingress.memory_bookings import MemoryBookings
from tests.unit.ingress.memory_notes import MemoryNotes
from tests.unit.ingress.memory_owns import MemoryOwns
from tests.unit.ingress.memory_refunds import MemoryRefunds
from tests.unit.ingress.memory_requests import MemoryLetters, MemoryRequests
from tests.unit.ingress.memory_sales import MemorySales
from tests.unit.ingress.memory_sessions import MemorySessions
from tests.unit.ingress.memory_shares import MemoryShares
from tests.unit.ingress.memory_webhooks import MemoryWebhooks
from tests.unit.ingress.tales import SHOW, T0
from ticketing import messages
from ticketing.clock import ManualClock
from ticketing.messages import AnyCommand, AnyOutcome
from ticketing.pseudonyms import Pseudonyms
from ticketing.staff import StaffKeys
from ticketing.tokens import Pass, ReservationToken, TokenKeys
from ticketing.vocabulary import show_text

SECRET = "a secret of the tests"
ADMIN_KEY = "osk_test_" + "a" * 48
PARTNER_KEY = "osk_live_" + "b" * 48
SANDBOX_KEY = "osk_test_" + "e" * 48
READER_KEY = "osk_live_" + "c" * 48
REVOKED_KEY = "osk_live_" + "d" * 48
KEYS = {
    ADMIN_KEY: ApiKey("key_house", frozenset({"admin"}), True, False),
    PARTNER_KEY: ApiKey("key_partner", frozenset({"booking", "read"}), False, False),
    SANDBOX_KEY: ApiKey("key_sandbox", frozenset({"booking", "read"}), True, False),
    READER_KEY: ApiKey("key_reader", frozenset({"read"}), False, False),
    REVOKED_KEY: ApiKey("key_gone", frozenset({"booking"}), False, True),
}
HOLDS_WAITING_MAX = 50
Decide = Callable[[AnyCommand, int], list[AnyOutcome]]


@dataclass
class Reply:
    """An answer as a client sees it."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None


@dataclass
class Stage:
    """The room, and what a test may move: the clock, the stores, what the log says and what is decided."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(T0))
    condition: Condition = field(default_factory=Condition)
    catalogue: MemoryCatalogue = field(default_factory=MemoryCatalogue)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    decide: Decide | None = None
    log_says: NotTaken | None = None
    end: int | None = None
    provider: PaymentProvider | None = None
    secrets: Sequence[str] = (SECRET,)
    seen: int = 0
    """The last batch that was read from the topic."""

    def __post_init__(self) -> None:
        self.commands: list[AnyCommand] = []
        self.tokens = TokenKeys(self.secrets)
        self.waiters = Waiters(100)
        self.views = Views(places_max=100_000, reservations_max=1_000)
        self._random = 0
        self.key_table = MemoryKeys(KEYS, self.catalogue.reach)
        table = self.key_table
        self.webhooks = MemoryWebhooks()
        self.bookings = MemoryBookings(self.ledger)
        self.notes = MemoryNotes(self.ledger)
        self.refunds = MemoryRefunds()
        self.letters, self.requests = MemoryLetters(), MemoryRequests(self.ledger.reach)
        self.request_log = RequestLog(100)
        self.sessions, self.cookies = MemorySessions(self.ledger.reach), StaffKeys([SECRET])
        keys = KeyCache(table.find, table.find_by_id, fresh_ms=5_000, stale_ms=60_000, keys_max=100)
        given: Any = {"postgres_url": "-", "redis_url": "-", "kafka_bootstrap": "-", "secret": SECRET}
        self.settings = Settings(**given, _env_file=None)
        self.waves: dict[int, int] = {}
        self.ports = Ports(
            desk=SaleDesk(
                log=self, waiters=self.waiters, condition=self.condition, new_bell=FutureBell, alarms=self,
                clock=self.clock, elapsed=self.clock, lag_max_ms=5_000, holds_waiting_max=HOLDS_WAITING_MAX,
                under_way_max=1_000,
            ),
            catalogue=self.catalogue,
            ledger=self.ledger,
            notes=self.notes,
            shares=MemoryShares(self.ledger),
            owns=MemoryOwns(self.ledger),
            sales=MemorySales(self.ledger),
            shelf=Shelf(self.catalogue.show, self.catalogue.document, shows_max=100, places_max=100_000),
            looking=Looking(views=self.views, snapshots=self.ledger, seen=lambda _: self.seen, pause=self._pause),
            views=self.views,
            callers=Callers(keys=keys, tokens=self.tokens, clock=self.clock, waves=self.waves, tokens_max=100),
            sessions=Sessions(self.sessions, keys, self.cookies, self.clock),
            keys=table,
            webhooks=self.webhooks,
            bookings=self.bookings,
            refunds=self.refunds,
            letters=self.letters,
            requests=self.requests,
            request_log=self.request_log,
            append=RawAppend(self),
            condition=self.condition,
            reasons=self._reasons,
            limiter=new_limiter(self.settings, self.condition, self.clock),
            tokens=self.tokens,
            pseudonyms=Pseudonyms([SECRET]),
            ends=Ends(self),
            counts={},
            clock=self.clock,
            entropy=self.entropy,
            provider=self.provider,
        )  # fmt: skip
        self.api: Api = open_api(self.ports, self.settings)
        self.table = Table(self.operations)

    @property
    def operations(self) -> list[Operation]:
        """The table."""
        return all_operations(self.ports, self.settings)

    def entropy(self, count: int) -> bytes:
        """Not random at all, and never the same."""
        self._random += 1
        return self._random.to_bytes(count)

    def append(self, part: int, value: bytes, placed: Callable[[int | NotTaken], None]) -> None:
        """The log: what is decided comes back at once, before the acknowledgement."""
        if self.log_says is not None:
            placed(self.log_says)
            return
        command = messages.decode_command(value)
        offset = len(self.commands)
        self.commands.append(command)
        if self.decide is not None:
            outcomes = self.decide(command, offset)
            self.ledger.batches[part, 0, offset] = messages.encode_outcomes(outcomes)
            self.views.apply(part, outcomes)
            self.waiters.hear(part, 0, outcomes)
        placed(offset)

    def set(self, who: Timed, after_s: float) -> Callable[[Timed], None]:
        """No wait is ever long here: it is over when everything else has had its turn."""
        timer = asyncio.get_running_loop().call_soon(who.overdue)
        return lambda _: timer.cancel()

    async def call(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        token: str | None = None,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        pieces: list[bytes] | None = None,
        address: str = "192.0.2.7",
    ) -> Reply:
        """One request. `body`: JSON, or bytes as they are; `pieces`: a body in pieces, its length not announced."""
        path, _, query = target.partition("?")
        sent = {"content-type": "application/json"} | (headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        if key is not None:
            sent["idempotency-key"] = key
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        chunks = [raw] if pieces is None else pieces
        if pieces is None:
            sent.setdefault("content-length", str(len(raw)))
        scope: Scope = {
            "type": "http",
            "method": method,
            "client": (address, 40_000),
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        }
        arriving = iter(chunks)
        left = len(chunks)
        said: list[Message] = []

        async def receive() -> Message:
            nonlocal left
            left -= 1
            return {"type": "http.request", "body": next(arriving), "more_body": left > 0}

        async def send(message: Message) -> None:
            said.append(message)

        await self.api(scope, receive, send)
        start, *content = said
        assert [message.get("more_body", False) for message in content] == [True] * (len(content) - 1) + [False]
        found = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        reply = Reply(start["status"], found, b"".join(message["body"] for message in content))
        self._is_announced(method, path, reply)
        return reply

    def _is_announced(self, method: str, path: str, reply: Reply) -> None:
        """Whatever a test asks: a problem has a code that the OpenAPI document has for that call, unless a sandbox key
        has forced it, as it may any."""
        operation = self.table.find(path)[0].get("GET" if method == "HEAD" else method)
        if operation is None or reply.headers.get("content-type") != MEDIA_TYPE or not reply.raw:
            return
        if not reply.body["detail"].startswith("forced by "):
            assert reply.body["code"] in operation.codes, f"{operation.name} does not announce {reply.body['code']}"

    def fan(self, name: str = "anna", *, show: int = SHOW, minutes: int = 20, wave: int = 0) -> str:
        """A fan's pass."""
        return self.tokens.sign_pass(Pass(show, f"ent_{name}", wave, self.clock.now_ms() + minutes * 60_000))

    def reservation_token(self, reservation: str, account: str = "ent_anna", *, minutes: int = 60) -> str:
        """The token of one reservation."""
        return self.tokens.sign_reservation(
            ReservationToken(SHOW, reservation, account, self.clock.now_ms() + minutes * 60_000)
        )

    def _reasons(self) -> list[str]:
        return self.ports.desk.degraded()

    async def _pause(self, seconds: float) -> None:
        self.clock.advance(round(seconds * 1000))


@dataclass
class Ends:
    """Where the stage's log ends."""

    stage: Stage

    async def end(self, part: int) -> int | None:
        """As `request_routes.LogEnds`."""
        return len(self.stage.commands) if self.stage.end is None else self.stage.end


SHOW_TEXT = show_text(SHOW)
