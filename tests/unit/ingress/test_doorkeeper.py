"""At the door: who is turned away without having been parsed is told the same as everybody else."""

import json

import pytest
from prometheus_client import REGISTRY

from ingress.doorkeeper import Doorkeeper, authorization_of, is_plain
from ingress.rows import open_door
from ingress.service import HAS_ITS_SHARE
from tests.unit.ingress.stage import HOLDS_WAITING_MAX, PARTNER_KEY, SANDBOX_KEY, SHOW_TEXT, Stage
from tests.unit.ingress.tales import SHOW
from tests.unit.ingress.test_direct import knock

pytestmark = pytest.mark.anyio

BODY = json.dumps({"show": SHOW_TEXT, "seats": ["A-1"]}).encode()
HEAD = b"POST /api/reservations HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nauthorization: Bearer x\r\n\r\n" % len(
    BODY
)
HOLD = HEAD + BODY


def door_of(stage: Stage, *, waiting: int = HOLDS_WAITING_MAX) -> Doorkeeper:
    for number in range(waiting):
        stage.ports.desk.crowd.enter(f"ent_{number}")
    return open_door(stage.ports, stage.settings)


async def test_it_says_what_the_ordinary_way_says() -> None:
    stage = Stage()
    answer = door_of(stage).answer(HOLD)
    assert answer is not None
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = dict(each.split(": ", 1) for each in lines)
    ordinary = await stage.call("POST", "/api/reservations", {})
    assert line == f"HTTP/1.1 {ordinary.status} Service Unavailable"
    request_id = headers["x-request-id"]
    assert headers == ordinary.headers | {"x-request-id": request_id}
    assert json.loads(body) == ordinary.body | {"request_id": request_id}
    assert int(headers["content-length"]) == len(body)


def test_each_answer_has_an_id_of_its_own() -> None:
    door = door_of(Stage())
    assert door.answer(HOLD) != door.answer(HOLD)


def counted() -> tuple[float, float]:
    """What the counters say of refusals: answers of the operation, and commands not taken."""
    answers, not_taken = {"operation": "hold", "status": "503"}, {"code": "busy"}
    return (
        REGISTRY.get_sample_value("onsale_ingress_requests_total", answers) or 0,
        REGISTRY.get_sample_value("onsale_ingress_not_taken_total", not_taken) or 0,
    )


def test_whoever_reads_the_counters_finds_every_refusal_in_them() -> None:
    door = door_of(Stage())
    before = counted()
    for refusals in range(1, 4):
        assert door.answer(HOLD) is not None
        assert counted() == (before[0] + refusals, before[1] + refusals)


def test_as_long_as_there_is_room_everybody_goes_in() -> None:
    assert door_of(Stage(), waiting=HOLDS_WAITING_MAX - 1).answer(HOLD) is None


async def test_a_key_that_has_its_share_is_told_from_its_bytes_until_one_of_its_commands_has_ended() -> None:
    stage = Stage()
    door, crowd = door_of(stage, waiting=HOLDS_WAITING_MAX - 10), stage.ports.desk.crowd
    await stage.ports.shelf.show(SHOW)
    await stage.ports.callers._keys.look_up(PARTNER_KEY, stage.clock.now_ms())
    bearer = {"authorization": f"Bearer {PARTNER_KEY}"}
    asked = [knock(stage, bearer | {"idempotency-key": f"k{n}"}, BODY)[1] for n in range(10)]
    told = [caller.replies[0].body["detail"] for caller in asked if caller.replies]
    assert told == [HAS_ITS_SHARE.detail] * 3  # seven of its own are no fewer than twice the three that are left
    assert not crowd.is_full()
    insists, other = (HOLD.replace(b"Bearer x", b"Bearer " + key.encode()) for key in (PARTNER_KEY, SANDBOX_KEY))
    said = door.answer_insistent(insists)
    assert said is not None
    assert json.loads(said.partition(b"\r\n\r\n")[2])["code"] == "busy"
    assert door.answer(insists) is door.answer_insistent(HOLD) is door.answer_insistent(other) is None
    gone = asked[0].on_gone
    assert gone is not None
    gone()
    assert door.answer_insistent(insists) is None


def test_who_insists_waits_for_the_answer_and_all_others_are_told_at_once() -> None:
    door = door_of(Stage())
    assert [(it.look, it.refusals.pause_s > 0) for it in door.doors] == [
        (door.answer_insistent, True),
        (door.answer, False),
    ]


def test_the_header_is_found_however_it_is_written() -> None:
    for name in (b"authorization:", b"Authorization: ", b"AUTHORIZATION:\t"):
        assert authorization_of(HOLD.replace(b"authorization: ", name)) == b"Bearer x"
    assert not authorization_of(HOLD.replace(b"authorization", b"x-authorization"))
    assert not authorization_of(HEAD[:-2])
    assert not authorization_of(b"")


@pytest.mark.parametrize(
    "line",
    [
        "POST /api/bookings HTTP/1.1",
        "DELETE /api/reservations/rsv_1 HTTP/1.1",
        "GET /api/reservations HTTP/1.1",
        "POST /api/reservations/batch HTTP/1.1",
        "POST /api/reservations?x=1 HTTP/1.1",
        "POST /api/reservations HTTP/1.0",
        "GET /livez HTTP/1.1",
    ],
)
def test_everything_else_goes_in(line: str) -> None:
    first, _, rest = HOLD.partition(b"\r\n")
    assert first == b"POST /api/reservations HTTP/1.1"
    assert door_of(Stage()).answer(line.encode() + b"\r\n" + rest) is None


@pytest.mark.parametrize(
    "request_",
    [
        HOLD[:-1],
        HOLD + b"P",
        HOLD + HOLD,
        HEAD[:-2],
        b"",
        *(
            HOLD.replace(b"Host: x", header)
            for header in (
                b"Transfer-Encoding: chunked",
                b"Expect: 100-continue",
                b"Upgrade: h2c",
                b"Connection: close",
                b"X-Request-Id: mine",
                b"content-length: 0",
            )
        ),
        HOLD.replace(b"Content-Length", b"Content-Size"),
        *(
            HEAD.replace(b"Length: %d" % len(BODY), b"Length: " + length) + BODY
            for length in (b"", b"-1", b"+60", b"0x3c", b"9" * 5_000)
        ),
    ],
)
def test_only_one_whole_and_plain_request_is_answered(request_: bytes) -> None:
    assert not is_plain(request_)
    assert door_of(Stage()).answer(request_) is None
