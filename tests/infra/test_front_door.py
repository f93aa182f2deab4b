"""The front door over HTTPS: Debian's nginx with the configuration that is shipped, before stand-ins for the rooms."""

import json
import math
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import pytest
from websockets.sync.client import connect
from websockets.sync.server import Server, ServerConnection, serve

from tests.infra.door import BUSY, OPERATORS, Door, Rooms, Where, missing, open_door, standing_in
from tests.servers import run_directory
from ticketing.staff import SESSION_COOKIE

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not installed here (apt install nginx openssl): {missing()}")

STATUS = "/room/shw_0000000007/status"
SEATS = "/api/venues/ven_1/shows/shw_1/seats"
LOOKERS, LOOKS = 10, 1_000


@pytest.fixture(scope="module")
def rooms() -> Iterator[Rooms]:
    with standing_in() as there:
        yield there


@pytest.fixture(scope="module")
def door(rooms: Rooms) -> Iterator[Door]:
    with run_directory() as directory, open_door(directory, rooms) as opened:
        yield opened


@pytest.fixture(autouse=True)
def nothing_heard(rooms: Rooms) -> None:
    rooms.heard.clear()


def test_a_thousand_looks_at_a_line_cost_its_room_one_a_second(door: Door, rooms: Rooms) -> None:
    def look(who: int) -> set[int]:
        with door.line() as connection:
            statuses = set()
            for look in range(LOOKS // LOOKERS):
                # What a client adds leads past no cache.
                headers = {"Cookie": f"a={who}", "Cache-Control": "no-cache", "X-Request-Id": f"{who}-{look}"}
                connection.request("GET", f"{STATUS}?{who}.{look}", headers=headers)
                answer = connection.getresponse()
                assert json.loads(answer.read()) == {"room": "waiting_room"}
                statuses.add(answer.status)
            return statuses

    began_s = monotonic()
    with ThreadPoolExecutor(LOOKERS) as crowd:
        assert set().union(*crowd.map(look, range(LOOKERS))) == {200}
    seconds = math.ceil(monotonic() - began_s)
    heard = rooms.hearing(STATUS)
    assert 1 <= len(heard) <= 1 + seconds
    for one in heard:
        assert one.path == STATUS
        assert not {"cookie", "x-request-id"} & one.headers.keys(), "the room answers a plain question at once"


def test_who_has_the_status_already_is_told_so_by_the_door(door: Door) -> None:
    tag = door.ask(STATUS)[2]["etag"]
    assert door.ask(STATUS, headers={"If-None-Match": tag})[:2] == (304, b"")


def test_seats_are_told_from_the_cache_but_not_to_whoever_says_who_they_are(door: Door, rooms: Rooms) -> None:
    for _ in range(3):
        assert door.ask(f"{SEATS}?section=1")[0] == 200
    assert len(rooms.hearing(SEATS)) == 1
    assert door.ask(f"{SEATS}?section=2")[0] == 200
    assert len(rooms.hearing(SEATS)) == 2
    door.ask(f"{SEATS}?section=1", headers={"Cookie": "lang=de"})
    assert len(rooms.hearing(SEATS)) == 2
    session = f"lang=de; {SESSION_COOKIE}=me"
    for said in ({"Authorization": "Bearer me"}, {"Cookie": session}, {"Authorization": "Bearer me"}):
        door.ask(f"{SEATS}?section=1", headers=said)
    told = [(one.headers.get("authorization"), one.headers.get("cookie")) for one in rooms.hearing(SEATS)[2:]]
    assert told == [("Bearer me", None), (None, session), ("Bearer me", None)]


@pytest.mark.parametrize(
    ("path", "room"),
    [
        ("/", "web"),
        ("/static/room/room.js", "web"),
        ("/room/shw_1", "waiting_room"),
        ("/api/reservations", "ingress"),
        ("/sign-in", "staff"),
        ("/sign-in/me", "staff"),
        ("/sign-out", "staff"),
        ("/sign-inside", "web"),
        ("/console", None),
        ("/room/admin", None),
        ("/room/admin/shw_1/pause", None),
        ("/livez", None),
        ("/readyz", None),
        ("/metrics", None),
    ],
)
def test_each_path_is_led_to_its_room_and_what_is_inside_stays_there(
    path: str, room: str | None, door: Door, rooms: Rooms
) -> None:
    status, _, headers = door.ask(path)
    assert status == (404 if room is None else 200)
    assert [one.room for one in rooms.heard] == ([] if room is None else [room])
    assert headers["strict-transport-security"].startswith("max-age=")


def test_operators_have_a_listener_of_their_own_to_which_only_their_networks_come(door: Door, rooms: Rooms) -> None:
    there: Where = {"name": OPERATORS, "port": door.operators}
    for path in ("/console", "/room/admin/shw_1/pause", "/readyz"):
        assert door.ask(path, **there)[0] == 200
    assert [one.room for one in rooms.heard] == ["console"] * 3
    assert door.ask("/metrics", **there)[0] == 404
    assert door.ask("/console", name=OPERATORS, port=door.operators, source="127.0.0.2")[0] == 403
    assert len(rooms.heard) == 3


def test_rooms_are_told_where_a_client_really_is(door: Door, rooms: Rooms) -> None:
    lies = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "http", "Forwarded": "for=198.51.100.7"}
    door.ask("/api/events/evt_1", headers=lies, source="127.0.0.3")
    (heard,) = rooms.heard
    assert heard.headers["x-forwarded-for"] == "127.0.0.3"
    assert heard.headers["x-forwarded-proto"] == "https"


def test_behind_a_cdn_its_word_counts_and_nobody_else_s(rooms: Rooms) -> None:
    with run_directory() as directory, open_door(directory, rooms, cdn="127.0.0.9") as door:
        says = {"X-Forwarded-For": "192.0.2.1, 198.51.100.7"}
        door.ask("/api/events/evt_1", headers=says, source="127.0.0.9")
        door.ask("/api/events/evt_1", headers=says, source="127.0.0.3")
    assert [one.headers["x-forwarded-for"] for one in rooms.heard] == ["198.51.100.7", "127.0.0.3"]


def test_what_is_too_large_reaches_no_room(door: Door, rooms: Rooms) -> None:
    assert door.ask(f"/api/events?{'a' * 9_000}")[0] == 414
    assert door.ask("/api/events", headers={"X-Large": "a" * 9_000})[0] == 400
    assert door.ask("/api/events", headers={f"X-{at}": "a" * 7_000 for at in range(5)})[0] == 400
    status, body, headers = door.ask("/api/reservations", "POST", b"a" * 65_537)
    assert (status, json.loads(body)["code"]) == (413, "body_too_large")
    assert headers["content-type"] == "application/problem+json"
    assert rooms.heard == []


def test_a_layout_may_be_larger_and_nothing_else(door: Door, rooms: Rooms) -> None:
    assert door.ask("/api/admin/venues/ven_1/layout", "PUT", b"a" * 1_000_000)[0] == 200
    assert [len(one.body) for one in rooms.heard] == [1_000_000]


def test_a_slow_client_reaches_its_room_once_it_has_said_everything(door: Door, rooms: Rooms) -> None:
    with door.line() as slow:
        slow.putrequest("POST", "/api/reservations")
        slow.putheader("Content-Length", "10")
        slow.endheaders()
        slow.send(b"hello")
        door.ask("/api/events/evt_1")
        assert [one.path for one in rooms.heard] == ["/api/events/evt_1"]
        slow.send(b"world")
        answer = slow.getresponse()
        assert (answer.status, answer.read()) == (200, b'{"room":"ingress"}')
    assert rooms.heard[-1].body == b"helloworld"


def test_what_changes_something_is_never_sent_twice_by_the_door(door: Door, rooms: Rooms) -> None:
    status, body, headers = door.ask("/api/gone", "POST", b"{}")
    assert (status, json.loads(body)["code"], headers["retry-after"]) == (503, "busy", "1")
    assert [one.method for one in rooms.heard] == ["POST"]
    assert door.ask("/api/gone")[0] == 503
    assert [one.method for one in rooms.heard] == ["POST", "GET", "GET"]


def test_what_a_room_says_of_itself_goes_through_as_it_is(door: Door) -> None:
    assert door.ask("/api/busy")[:2] == (503, BUSY)


def test_sockets_go_through(rooms: Rooms) -> None:
    def echo(socket: ServerConnection) -> None:
        for frame in socket:
            socket.send(f"{socket.request.path if socket.request else ''}: {frame!s}")

    with serve(echo, "127.0.0.1", 0) as server, run_directory() as directory:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            _ask_a_socket(server, rooms, directory)
        finally:
            server.shutdown()
            thread.join()


def _ask_a_socket(server: Server, rooms: Rooms, directory: Path) -> None:
    notifier = Rooms(rooms.ports | {"notifier": server.socket.getsockname()[1]})
    with open_door(directory, notifier) as door:
        plain = socket.create_connection(("127.0.0.1", door.tls))
        with connect("wss://tickets.example.com/ws/venues/v/shows/s", sock=plain, ssl=door.trusting()) as client:
            client.send("hello")
            assert client.recv(timeout=10) == "/ws/venues/v/shows/s: hello"


def test_http_2_is_spoken_and_plain_http_leads_to_it(door: Door) -> None:
    context = door.trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", door.tls)) as plain,
        context.wrap_socket(plain, server_hostname="tickets.example.com") as secure,
    ):
        assert secure.selected_alpn_protocol() == "h2"
    with socket.create_connection(("127.0.0.1", door.plain)) as plain:
        plain.sendall(b"GET /room/shw_1?a=b HTTP/1.1\r\nHost: tickets.example.com\r\nConnection: close\r\n\r\n")
        said = b"".join(iter(lambda: plain.recv(4096), b""))
    assert said.startswith(b"HTTP/1.1 308 ")
    assert b"\r\nLocation: https://tickets.example.com/room/shw_1?a=b\r\n" in said


def test_old_tls_and_other_names_are_not_answered(door: Door) -> None:
    context = door.trusting()
    with (
        socket.create_connection(("127.0.0.1", door.tls)) as plain,
        pytest.raises(ssl.SSLError, match="(?i)unrecognized"),
    ):
        context.wrap_socket(plain, server_hostname="other.example.org")
