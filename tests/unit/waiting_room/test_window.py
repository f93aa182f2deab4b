"""At the window: what is answered from the bytes is what the route answers."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.unit.waiting_room.hall import PATH, SHOW, Hall, open_hall
from waiting_room.documents import Documents, Window
from waiting_room.looks import Poll

LINE = f"GET {PATH}/status HTTP/1.1\r\n".encode()
PLAIN = LINE + b"Host: x\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n"


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with open_hall() as found:
        yield found


def window_of(hall: Hall) -> Window:
    return Window(Documents(hall.clock, Poll(1, 10), 2_000), hall.room.rooms.get)


def read(answer: bytes | None) -> httpx.Response:
    assert answer is not None
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = dict(each.split(": ", 1) for each in lines)
    return httpx.Response(int(line.split()[1]), headers=headers, content=body)


async def test_it_answers_what_the_route_answers(hall: Hall) -> None:
    for client in range(20):
        await hall.join(client)
    await hall.pass_time(1_000)
    hall.heard()
    ordinary = await hall.http.get(f"{PATH}/status")
    answer = read(window_of(hall).answer(PLAIN))
    assert (answer.status_code, answer.content) == (200, ordinary.content)
    assert set(ordinary.headers) - set(answer.headers) == {"x-request-id"}
    assert all(ordinary.headers[name] == value for name, value in answer.headers.items())


async def test_whoever_has_the_document_is_told_so(hall: Hall) -> None:
    await hall.http.get(f"{PATH}/status")
    window = window_of(hall)
    etag = read(window.answer(PLAIN)).headers["etag"]
    again = LINE + f"If-None-Match: {etag}\r\n\r\n".encode()
    answer = read(window.answer(again))
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    hall.clock.advance(1_000)
    assert read(window.answer(again)).status_code == 200


async def test_what_it_says_is_never_older_than_a_moment(hall: Hall) -> None:
    await hall.join(1)
    window = window_of(hall)
    first = read(window.answer(PLAIN)).json()
    await hall.pass_time(1_000)
    assert read(window.answer(PLAIN)).json()["lines"]["general"]["serving"] > first["lines"]["general"]["serving"]


@pytest.mark.parametrize(
    "data",
    [
        LINE + b"Host: x\r\n",
        PLAIN + PLAIN,
        PLAIN + b"x",
        LINE + b"Content-Length: 0\r\n\r\n",
        LINE + b"transfer-encoding: chunked\r\n\r\n",
        LINE + b"EXPECT: 100-continue\r\n\r\n",
        LINE + b"Connection: close\r\n\r\n",
        LINE + b"Upgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        LINE + b"X-Request-Id: mine\r\n\r\n",
        LINE + b"x: " + b"y" * 9_000 + b"\r\n\r\n",
        f"GET {PATH}/status?x=1 HTTP/1.1\r\n\r\n".encode(),
        f"GET {PATH}/status HTTP/1.0\r\n\r\n".encode(),
        f"HEAD {PATH}/status HTTP/1.1\r\n\r\n".encode(),
        b"GET /room/nonsense/status HTTP/1.1\r\n\r\n",
        b"GET /room/\xff\xfe/status HTTP/1.1\r\n\r\n",
        b"GET /room/shw_00000000ff/status HTTP/1.1\r\n\r\n",
        b"",
    ],
)
async def test_everything_else_goes_the_ordinary_way(hall: Hall, data: bytes) -> None:
    await hall.http.get(f"{PATH}/status")
    assert window_of(hall).answer(data) is None


async def test_a_room_that_is_not_open_here_is_opened_the_ordinary_way(hall: Hall) -> None:
    assert hall.room.rooms.get(SHOW) is None
    assert window_of(hall).answer(PLAIN) is None
