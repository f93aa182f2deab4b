"""The frames of a socket make a picture, and a socket that was lost goes on where it left off."""

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from onsale_client._picture import NO_STATUS, Picture, SocketClosed, why_closed

SHOW = "shw_1"


def frame(kind: str, **data: Any) -> str:
    return json.dumps({"v": 1, "type": kind, "id": "", "seq": 1, "show": SHOW, "ts": "", "data": data})


def drawn() -> Picture:
    picture = Picture()
    picture.take(
        frame("snapshot", seq=5, status="open", seats={"held": ["A-1"]}, areas={"floor": 7}, counts={"held": 1})
    )
    return picture


def test_a_snapshot_and_what_follows_it() -> None:
    picture = drawn()
    change = {"seats": {"booked": ["A-1"], "held": ["A-2"]}, "areas": {"bar": 1}, "counts": {"held": 1, "booked": 1}}
    picture.take(frame("seat_status_changed", from_seq=6, to_seq=8, status="open", **change))
    assert (picture.seq, picture.seats) == (8, {"A-1": "booked", "A-2": "held"})
    assert picture.areas == {"floor": 7, "bar": 1}
    assert picture.counts == {"held": 1, "booked": 1}
    picture.take(frame("request_decided", status="granted", outcome={}))
    assert picture.status == "open"
    picture.take(frame("show_status", status="closed"))
    assert picture.status == "closed"
    picture.take(frame("snapshot", seq=9, status="closed", seats={}, areas={}, counts={}))
    assert picture.seats == {}


def test_hello_says_where_it_left_off_unless_that_is_worth_nothing() -> None:
    assert json.loads(Picture().hello(None)) == {"type": "hello"}
    picture = drawn()
    assert json.loads(picture.hello("a-token")) == {"type": "hello", "token": "a-token", "resume": {"after_seq": 5}}
    picture.take(frame("resync_required", reason="too_long_ago"))
    assert "resume" not in json.loads(picture.hello(None))


def test_it_comes_again_later_and_later_but_not_before_it_is_wanted() -> None:
    picture = Picture()
    assert [picture.lost(NO_STATUS, "", chance=1.0) for _ in range(6)] == [1, 2, 4, 8, 15, 15]
    picture.take(frame("welcome", venue="ven_1", heartbeat_s=20))
    picture.take(frame("goodbye", reconnect_after_ms=3000))
    assert picture.lost(1012, "", chance=0.5) == 3.5
    assert picture.lost(1012, "", chance=0.5) == 1


@pytest.mark.parametrize("code", [4401, 4403])
def test_a_token_that_will_not_do_ends_it(code: int) -> None:
    with pytest.raises(SocketClosed) as closed:
        Picture().lost(code, "no", chance=0)
    assert closed.value.code == code


def test_why_a_socket_closed() -> None:
    assert why_closed(ConnectionClosedError(Close(4401, "expired"), None)) == (4401, "expired")
    assert why_closed(ConnectionClosedError(None, None))[0] == NO_STATUS
    assert why_closed(OSError("refused")) == (NO_STATUS, "refused")
