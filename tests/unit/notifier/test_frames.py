"""What goes over a socket."""

import json
from typing import Any

import msgspec
import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from notifier.bodies import decided
from notifier.frames import Unreadable, frame, pack, read_client_frame
from tests.unit.notifier.theatre import PART, SHOW, T0, VENUE, Sale, small_layout, text_of
from ticketing.messages import AnyOutcome, Conflict, HoldRefused, Policy, ShowOpened
from ticketing.socket_frames import (
    CLIENT_FRAME_BYTES_MAX,
    Hello,
    Hold,
    Ping,
    Release,
    Resume,
    Subscribe,
    Unsubscribe,
    Welcome,
)
from ticketing.telling import Where


def told(outcome: AnyOutcome, log_gen: int = 0) -> Any:
    """The body as a client decodes it."""
    where = Where(SHOW, VENUE, "EUR", small_layout())
    return msgspec.json.decode(msgspec.json.encode(decided(outcome, part=PART, log_gen=log_gen, where=where)))


def test_a_server_frame_has_the_documented_form() -> None:
    made = frame("welcome", Welcome(venue=VENUE, heartbeat_s=20), show=SHOW, seq=5, at_ms=T0, event="evt_1")
    assert json.loads(text_of(made.packed)) == {
        "v": 1,
        "type": "welcome",
        "id": "evt_1",
        "seq": 5,
        "show": "shw_0000000007",
        "ts": "2027-01-15T08:00:00.000Z",
        "data": {"venue": VENUE, "heartbeat_s": 20},
    }


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 1_000_000])
def test_a_text_of_any_size_is_packed_as_the_library_reads_it(size: int) -> None:
    peer = ClientProtocol(parse_uri("ws://x/"), state=OPEN, max_size=None)
    peer.receive_data(pack(b"x" * size))
    (heard,) = peer.events_received()
    assert isinstance(heard, WebSocketFrame)
    assert (heard.opcode, heard.fin, bytes(heard.data)) == (Opcode.TEXT, True, b"x" * size)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"type":"hello"}', Hello()),
        ('{"type":"hello","token":"t","resume":{"after_seq":7},"v":1}', Hello(token="t", resume=Resume(7))),
        ('{"type":"subscribe","id":"3"}', Subscribe(id="3")),
        ('{"type":"subscribe","bbox":[0,-1.5,1,2e3]}', Subscribe(bbox=(0, -1.5, 1, 2000))),
        ('{"type":"unsubscribe"}', Unsubscribe()),
        ('{"type":"hold","key":"k","body":{"a":1}}', Hold(key="k", body=msgspec.Raw(b'{"a":1}'))),
        ('{"type":"release","id":"4","reservation":"rsv_1"}', Release(id="4", reservation="rsv_1")),
        ('{"type":"ping","id":"p"}', Ping(id="p")),
    ],
)
def test_client_frames_are_read(text: str, said: object) -> None:
    assert read_client_frame(text.encode()) == said


@pytest.mark.parametrize(
    ("text", "code", "hopeless"),
    [
        ("", "malformed_json", True),
        ("hello", "malformed_json", True),
        ('{"type":"hello"', "malformed_json", True),
        (b"\xff\xfe", "malformed_json", True),
        ('{"type":"subscribe","bbox":[0],"body":Infinity}', "malformed_json", True),
        ('{"type":"hello","token":"' + "x" * CLIENT_FRAME_BYTES_MAX + '"}', "body_too_large", True),
        ("[]", "invalid_request", False),
        ('{"kind":"hello"}', "invalid_request", False),
        ('{"type":"hello","token":5}', "invalid_request", False),
        ('{"type":"hello","resume":{"after_seq":-1}}', "invalid_request", False),
        ('{"type":"hello","resume":{"after_seq":1e400}}', "invalid_request", False),
        ('{"type":"dance","id":"9"}', "not_supported", False),
        ('{"type":"subscribe","bbox":[0,0,1]}', "invalid_request", False),
        ('{"type":"subscribe","bbox":[2,0,1,1]}', "invalid_request", False),
        ('{"type":"subscribe","bbox":[0,0,1,1e999]}', "invalid_request", False),
        ('{"type":"hold","body":{}}', "invalid_request", False),
        ('{"type":"hold","key":"","body":{}}', "invalid_request", False),
        ('{"type":"release","key":null}', "invalid_request", False),
        ('{"type":"ping","id":"' + "9" * 101 + '"}', "invalid_request", False),
    ],
)
def test_what_cannot_be_read_is_told_apart(text: str | bytes, code: str, hopeless: bool) -> None:
    said = read_client_frame(text.encode() if isinstance(text, str) else text)
    assert isinstance(said, Unreadable)
    assert (said.code, said.hopeless) == (code, hopeless)


def test_a_granted_hold_is_told_in_the_words_of_the_api() -> None:
    held = Sale().hold("ent_anna", [0, 7], [(0, 3)])
    body = told(held, log_gen=2)
    assert body["status"] == "granted"
    assert body["request"] == "req_00030002000000000001"
    outcome = body["outcome"]
    assert outcome["seats"] == [
        {"seat": "A-1", "category": "standard", "price": 500},
        {"seat": "B-2", "category": "standard", "price": 500},
    ]
    assert outcome["areas"] == [{"area": "floor", "category": "standard", "quantity": 3, "price": 500}]
    assert (outcome["total_amount"], outcome["currency"], outcome["status"]) == (2500, "EUR", "held")
    assert "booking" not in outcome


def test_a_booking_has_its_own_id_and_an_expiry_no_request() -> None:
    sale = Sale()
    sale.hold("ent_anna", [0])
    booked = told(sale.confirm(1))
    assert booked["outcome"]["booking"] == "bkg_0000000007" + "0" * 31 + "1"
    sale.hold("ent_anna", [1])
    expired = told(sale.expire(2))
    assert "request" not in expired
    assert expired["outcome"]["status"] == "expired"


def test_a_refusal_is_a_problem_with_labels() -> None:
    refused = Sale().refused(
        HoldRefused,
        "ent_ben",
        code="seats_unavailable",
        conflicts=(Conflict("held", seat=2), Conflict("already_yours", seat=3, reservation=b"r" * 16)),
        conflicts_total=2,
        alternatives=((4, 5),),
    )
    body = told(refused)
    problem = body["outcome"]
    assert body["status"] == "rejected"
    assert (problem["code"], problem["status"]) == ("seats_unavailable", 409)
    assert problem["conflicts"] == [
        {"label": "A-3", "reason": "held"},
        {"label": "A-4", "reason": "already_yours", "reservation": "rsv_0000000007" + "72" * 16},
    ]
    assert problem["alternatives"] == [["A-5", "A-6"]]


def test_who_has_to_wait_is_told_for_how_long() -> None:
    refused = Sale().refused(HoldRefused, "ent_ben", code="cooling_down", until_ms=T0 + 240_001)
    assert isinstance(refused, HoldRefused)
    waits, lost = told(refused)["outcome"], told(Sale().refused(HoldRefused, "ent_ben", code="sold_out"))["outcome"]
    assert waits["retry_after_s"] == (refused.until_ms - refused.at_ms + 999) // 1000 >= 240
    assert "retry_after_s" not in lost


def test_other_outcomes_name_the_show() -> None:
    opened = ShowOpened(
        show=SHOW, seq=1, at_ms=T0, offset=0, account="key_1", layout="lay_1", currency="EUR", policy=Policy()
    )
    body = told(opened)
    assert body["outcome"] == {"show": "shw_0000000007", "venue": VENUE}
