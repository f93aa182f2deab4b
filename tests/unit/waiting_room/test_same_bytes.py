"""A room with the short way for joins and claims and one without it answer the same bytes with the same bytes."""

import json
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from runtime import http_limits
from runtime.direct import Exchange, Take
from runtime.metered import REQUESTS, Meter, metered
from tests.unit.runtime.both_ways import conversation
from tests.unit.runtime.raw_http import served
from tests.unit.waiting_room.hall import PATH, SECRET, SHOW, open_hall
from ticketing.tokens import secret_hash
from ticketing.vocabulary import show_text
from waiting_room.app import direct_routes
from waiting_room.joining import Wish
from waiting_room.ports import StoreUnavailable
from waiting_room.replies import Place

pytestmark = pytest.mark.anyio

JOIN = f"POST {PATH}/entries HTTP/1.1".encode()
ME = {"client_id": str(UUID(int=1)), "secret_hash": secret_hash(SECRET)}
BODY = json.dumps(ME).encode()
PHONE = b"Mozilla/5.0 (iPhone)"


def sent(*lines: bytes, line: bytes = JOIN, body: bytes = BODY, **headers: bytes) -> bytes:
    """A request with more lines in its head, and with other headers: `-` leaves one out."""
    usual = {
        b"host": b"x",
        b"content-type": b"application/json",
        b"user-agent": PHONE,
        b"x-request-id": b"mine",
        b"content-length": b"%d" % len(body),
    } | {name.replace("_", "-").encode(): value for name, value in headers.items()}
    written = [b"%b: %b" % (name, value) for name, value in usual.items() if value != b"-"]
    return b"\r\n".join([line, *written, *lines, b"", body])


def joining(**changes: object) -> bytes:
    """The body of a join that differs."""
    return json.dumps(ME | changes).encode()


ALIKE: dict[str, list[bytes]] = {
    "a join": [sent()],
    "somebody else": [sent(body=joining(client_id=str(UUID(int=2))))],
    "another secret": [sent(body=joining(secret_hash="0" * 64))],
    "another line": [sent(body=joining(line="club"))],
    "no id": [sent(x_request_id=b"-")],
    "an id that is none": [sent(x_request_id=b"no id!")],
    "a fan behind our proxy": [sent(b"x-forwarded-for: 203.0.113.9", body=joining(client_id=str(UUID(int=3))))],
    "another type": [sent(content_type=b"text/plain")],
    "a type with parameters": [sent(content_type=b"application/json; charset=utf-8")],
    "nothing": [sent(body=b"")],
    "no JSON": [sent(body=b"{")],
    "an unknown field": [sent(body=joining(more=1))],
    "no secret": [sent(body=b'{"client_id": "00000000-0000-0000-0000-000000000001"}')],
    "a large body": [sent(body=b" " * 70_000)],
    "a show that is not there": [sent(line=JOIN.replace(b"ab/", b"ac/"))],
    "no show": [sent(line=b"POST /room/shw_zz/entries HTTP/1.1")],
    "an endless show": [sent(line=b"POST /room/shw_%b/entries HTTP/1.1" % (b"0" * 200))],
    "the pattern itself": [sent(line=b"POST /room/{show}/entries HTTP/1.1")],
    "a blank for a show": [sent(line=b"POST /room/%20/entries HTTP/1.1")],
    "a query": [sent(line=JOIN.replace(b"entries", b"entries?x=1"))],
    "another method": [sent(line=JOIN.replace(b"POST", b"PUT"))],
    "an old version": [sent(line=JOIN.replace(b"1.1", b"1.0"))],
    "two of a header": [sent(b"x-request-id: other")],
    "chunks": [
        sent(content_length=b"-", transfer_encoding=b"chunked", body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY))
    ],
    "the last one": [sent(connection=b"close")],
    "to be continued": [sent(expect=b"100-continue")],
    "in two pieces": [sent()[:40], sent()[40:]],
    "three at once": [sent() + sent(x_request_id=b"second") + sent(connection=b"close")],
}


def claims(place: dict[str, str]) -> dict[str, list[bytes]]:
    """Claims of one place, and what is none."""
    entry, ticket = place["entry"], place["ticket"]
    line = f"POST {PATH}/entries/{entry}/claim HTTP/1.1".encode()
    body = json.dumps({"ticket": ticket, "secret": SECRET}).encode()
    wrong = json.dumps({"ticket": ticket, "secret": "not the secret, but long"}).encode()
    return {
        "a claim": [sent(line=line, body=body)],
        "a wrong secret": [sent(line=line, body=wrong)],
        "no ticket": [sent(line=line, body=b"{}")],
        "no entry": [sent(line=line.replace(b"ent_", b"nt_"), body=body)],
        "another entry": [sent(line=f"POST {PATH}/entries/ent_{'0' * 32}/claim HTTP/1.1".encode(), body=body)],
        "another show": [sent(line=line.replace(show_text(SHOW).encode(), show_text(SHOW + 1).encode()), body=body)],
    }


def counts(room: str) -> dict[tuple[str, str], float]:
    """What its metrics say, by call and status."""
    return {
        (sample.labels["call"], sample.labels["status"]): sample.value
        for family in REQUESTS.collect()
        for sample in family.samples
        if sample.name.endswith("_total") and sample.labels["room"] == room
    }


async def test_the_same_bytes_are_answered_with_the_same_bytes_and_counted_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What cannot be parsed has an id of the server's making.
    monkeypatch.setattr(http_limits, "uuid4", lambda: UUID(int=7))
    taken: list[bytes] = []

    def noting(take: Take) -> Take:
        def noted(exchange: Exchange) -> bool:
            taken.append(exchange.target)
            return take(exchange)

        return noted

    async with open_hall() as one, open_hall() as other:
        meter = Meter("short way")
        routes = {route: noting(take) for route, take in direct_routes(one.fans, bytes, meter).items()}
        async with (
            served(metered(one.app, meter), routes) as short,
            served(metered(other.app, Meter("long way"))) as long,
        ):

            async def compare(requests: dict[str, list[bytes]]) -> None:
                for name, pieces in requests.items():
                    said = [await conversation(port, pieces) for port in (short, long)]
                    assert said[0] == said[1], name
                    assert said[0].startswith(b"HTTP/1.1 "), name

            await compare(ALIKE)
            place = (await one.join(1)).json()
            assert (await other.join(1)).json() == place
            await compare(claims(place))
            for hall in (one, other):
                await hall.pass_time(1_000)
            await compare(claims(place))
    assert counts("short way") == counts("long way")
    # Or the two servers would have gone the same way.
    assert len([target for target in taken if target.endswith(b"/entries")]) > 12
    assert len([target for target in taken if target.endswith(b"/claim")]) == 2 * len(claims(place))


async def test_what_a_call_raises_is_answered_as_ever_and_a_bug_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_hall() as one, open_hall() as other:
        meter = Meter("short")
        for raised, code in (
            (StoreUnavailable("away"), b"room_unavailable"),
            (RuntimeError("a bug"), b"internal_error"),
        ):

            async def raises(_wish: Wish, error: Exception = raised) -> Place:
                raise error

            for hall in (one, other):
                monkeypatch.setattr(hall.fans._joining, "join", raises)
            routes = direct_routes(one.fans, bytes, meter)
            async with (
                served(metered(one.app, meter), routes) as short,
                served(metered(other.app, Meter("long"))) as long,
            ):
                said = [await conversation(port, [sent()]) for port in (short, long)]
            # uvicorn closes the connection behind a bug; on the short way it is still of use.
            assert said[0].startswith(said[1])
            assert code in said[1]
    assert counts("short").items() >= {("join", "503"): 1, ("join", "500"): 1}.items() <= counts("long").items()
    for room in ("short", "long"):
        assert REGISTRY.get_sample_value("runtime_http_bugs_total", {"room": room}) == 1
