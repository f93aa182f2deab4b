"""The page about websockets says what is so: each example on it is a frame, each code is in its table."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from notifier.frames import KINDS, Unreadable, read_client_frame
from ticketing.asks import HoldBody
from ticketing.socket_frames import CLOSE_CODES, OUTCOMES, SERVER_FRAMES, Decided, Hold
from ticketing.vocabulary import parse_reservation, parse_show

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "api" / "sockets.md").read_text()


def examples() -> list[dict[str, Any]]:
    found = []
    decode = json.JSONDecoder().raw_decode
    for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL):
        rest = block
        while rest.strip():
            example, end = decode(rest.lstrip())
            found.append(example)
            rest = rest.lstrip()[end:]
    return found


SAID = [example for example in examples() if "v" not in example]
HEARD = [example for example in examples() if "v" in example]


@pytest.mark.parametrize("example", SAID, ids=lambda example: example["type"])
def test_what_a_client_says_is_understood(example: dict[str, Any]) -> None:
    said = read_client_frame(json.dumps(example).encode())
    assert not isinstance(said, Unreadable)
    assert set(example) - {"type"} <= set(said.__struct_fields__)
    if isinstance(said, Hold):
        HoldBody.model_validate_json(bytes(said.body), strict=True)
    if "reservation" in example:
        parse_reservation(example["reservation"])


@pytest.mark.parametrize("example", HEARD, ids=lambda example: example["type"])
def test_what_a_client_hears_is_of_its_type(example: dict[str, Any]) -> None:
    data = msgspec.convert(example["data"], SERVER_FRAMES[example["type"]], strict=True)
    assert set(example) == {"v", "type", "id", "seq", "show", "ts", "data"}
    parse_show(example["show"])
    assert set(example["data"]) <= set(data.__struct_fields__)
    if isinstance(data, Decided):
        assert any(set(data.outcome) <= set(kind.__struct_fields__) for kind in OUTCOMES)


def test_there_are_examples_of_what_matters() -> None:
    assert {example["type"] for example in SAID} >= KINDS - {"ping"}
    assert {example["type"] for example in HEARD} >= {"seat_status_changed", "request_decided", "error"}


def test_every_close_code_and_every_type_is_told() -> None:
    assert set(map(int, re.findall(r"^\| (\d{4}) \|", PAGE, re.MULTILINE))) == CLOSE_CODES.keys()
    assert [kind for kind in SERVER_FRAMES if f"`{kind}`" not in PAGE] == ["pong"]
