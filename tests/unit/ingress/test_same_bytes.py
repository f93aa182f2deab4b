"""A server with the short cut for holds and one without it answer the same bytes with the same bytes."""

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
import pytest

from ingress.rows import open_direct
from runtime import http_limits
from runtime.direct import DirectRoutes, Exchange
from tests.unit.ingress.stage import SHOW_TEXT, Stage
from tests.unit.ingress.tales import SHOW, T0, held, reservation
from tests.unit.runtime.both_ways import conversation
from tests.unit.runtime.raw_http import served
from ticketing import messages
from ticketing.messages import AnyCommand, AnyOutcome

pytestmark = pytest.mark.anyio

FAN = Stage().fan()
BODY = json.dumps({"show": SHOW_TEXT, "areas": [{"area": "floor", "quantity": 2}]}).encode()
LINE = b"POST /api/reservations HTTP/1.1"


def hold(*lines: bytes, line: bytes = LINE, body: bytes = BODY, **headers: bytes) -> bytes:
    """A request with more lines in its head, and with other headers: `-` leaves one out."""
    sent = {
        b"Host": b"x",
        b"content-type": b"application/json",
        b"authorization": b"Bearer " + FAN.encode(),
        b"idempotency-key": b"k1",
        b"x-request-id": b"mine",
        b"content-length": b"%d" % len(body),
    } | {name.replace("_", "-").encode(): value for name, value in headers.items()}
    written = [b"%b: %b" % (name, value) for name, value in sent.items() if value != b"-"]
    return b"\r\n".join([line, *written, *lines, b"", body])


CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
ALIKE: dict[str, list[bytes]] = {
    "a plain hold": [hold()],
    "names in capitals": [hold(b"PREFER: wait=1", idempotency_key=b"-").replace(b"x-request", b"X-Request")],
    "blanks around values": [hold(idempotency_key=b" \t k2 \t")],
    "a quoted key": [hold(idempotency_key=b'"k3"')],
    "a key in Latin-1": [hold(idempotency_key=b"k\xe9")],
    "a key with a blank in it": [hold(idempotency_key=b"k 4")],
    "no key": [hold(idempotency_key=b"-")],
    "no token": [hold(authorization=b"-")],
    "a token of nobody's": [hold(authorization=b"Bearer nonsense")],
    "an id that is none": [hold(x_request_id=b"no id!")],
    "no id": [hold(x_request_id=b"-")],
    "no time to wait": [hold(prefer=b"respond-async")],
    "another type": [hold(content_type=b"text/plain")],
    "a type with parameters": [hold(content_type=b"application/json; charset=utf-8")],
    "nothing": [hold(body=b"")],
    "no JSON": [hold(body=b"{")],
    "an unknown field": [hold(body=BODY[:-1] + b', "more": 1}')],
    "an unknown place": [hold(body=BODY.replace(b"floor", b"cellar"))],
    "a large body": [hold(body=b" " * 70_000)],
    "a packed body": [hold(b"content-encoding: gzip", body=gzip.compress(BODY, mtime=0))],
    "two of a header": [hold(b"idempotency-key: k5")],
    "a folded header": [hold(b"x-more: a", b" b")],
    "many headers": [hold(*(b"x-%d: y" % number for number in range(300)))],
    "a long header": [hold(b"x-more: " + b"y" * 70_000)],
    "a header without a name": [hold(b": y")],
    "a zero byte": [hold(b"x-more: a\0b")],
    "a blank before the colon": [hold(b"x-more : y")],
    "lone line feeds": [hold().replace(b"\r\n", b"\n")],
    "two lengths": [hold(b"content-length: 3")],
    "a length with a sign": [hold(content_length=b"+70")],
    "chunks": [hold(content_length=b"-", transfer_encoding=b"chunked", body=CHUNKED)],
    "chunks and a length": [hold(transfer_encoding=b"chunked", body=CHUNKED)],
    "the last one": [hold(connection=b"close")],
    "an old version": [hold(line=b"POST /api/reservations HTTP/1.0")],
    "a query": [hold(line=b"POST /api/reservations?x=1 HTTP/1.1")],
    "a whole address": [hold(line=b"POST http://x/api/reservations HTTP/1.1")],
    "another method": [hold(line=b"PUT /api/reservations HTTP/1.1")],
    "an upgrade that is not offered": [hold(connection=b"upgrade", upgrade=b"h2c")],
    "to be continued": [hold(expect=b"100-continue")],
    "in two pieces": [hold()[:60], hold()[60:]],
    "head and body apart": [hold()[: -len(BODY)], BODY],
    "three at once": [hold() + hold(idempotency_key=b"k6") + hold(connection=b"close")],
}


def grant(command: AnyCommand, offset: int) -> list[AnyOutcome]:
    assert isinstance(command, messages.HoldSeats)
    found = reservation(command.key, areas=command.areas, account=command.account)
    return [msgspec.structs.replace(held(found, offset=offset), at_ms=T0 + offset)]


@asynccontextmanager
async def serving(stage: Stage, direct: DirectRoutes | None = None) -> AsyncIterator[int]:
    await stage.ports.shelf.show(SHOW)
    async with served(stage.api, direct) as port:
        yield port


async def test_the_same_bytes_are_answered_with_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    # What cannot be parsed has an id of the server's making.
    monkeypatch.setattr(http_limits, "uuid4", lambda: UUID(int=7))
    stages = [Stage(decide=grant) for _ in range(2)]
    taken: list[bool] = []

    def counted(exchange: Exchange) -> bool:
        taken.append(take(exchange))
        return taken[-1]

    ((route, take),) = open_direct(stages[0].ports, stages[0].settings).routes.items()
    async with serving(stages[0], {route: counted}) as short, serving(stages[1]) as long:
        # Twice, because a short cut is short for what was seen before.
        for name, pieces in [*ALIKE.items(), *ALIKE.items()]:
            said = []
            for stage, port in zip(stages, (short, long), strict=True):
                stage._random = 0
                said.append(await conversation(port, pieces))
            assert said[0] == said[1], name
            assert said[0].startswith(b"HTTP/1.1 "), name
            assert stages[0].commands == stages[1].commands, name
    # Or the two servers would have gone the same way.
    assert taken.count(True) > 30 and taken.count(False) > 0
