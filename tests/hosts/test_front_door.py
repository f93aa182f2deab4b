"""The door's configuration, with the addresses of three hosts in it."""

from pathlib import Path

import pytest

from tests.faults.rooms import ROOT
from tests.hosts.front_door import configured

SHIPPED = (ROOT / "infra" / "nginx" / "plain.conf").read_text()
ROOMS = {
    "waiting_room": ["10.0.0.1", "10.0.0.2"],
    "ingress": ["10.0.0.3"],
    "notifier": ["10.0.0.4"],
    "staff": ["10.0.0.5"],
    "web": ["10.0.0.6"],
    "payments.sandbox": ["10.0.0.7"],
}


def test_every_room_is_where_it_lives_and_nothing_is_left_of_this_machine() -> None:
    text = configured(SHIPPED, ROOMS, "10.0.0.9", Path("/place"))
    assert "upstream waiting_room { server 10.0.0.1:8000; server 10.0.0.2:8000; keepalive" in text
    assert "upstream sandbox { server 10.0.0.7:8000;" in text
    assert "listen 10.0.0.9:8400;" in text
    assert "pid /place/nginx.pid;" in text
    assert "127.0.0.1" not in text and "/tmp" not in text


def test_a_room_that_lives_nowhere_is_not_passed_over() -> None:
    with pytest.raises(KeyError, match="staff"):
        configured(SHIPPED, {room: at for room, at in ROOMS.items() if room != "staff"}, "10.0.0.9", Path("/place"))
