"""The wire: every message that was ever written can be read, and means what it meant.

An example is written once and never changed: `wire` is what stood on the log (base64), `message` what it says.
A message that gained a field gets a second example beside the first: `HoldSeats.2.json`.
"""

import base64
import json
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from ticketing import messages

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.json"))
KINDS: dict[str, type[msgspec.Struct]] = {
    kind.__name__: kind
    for kind in (getattr(messages, name) for name in messages.__all__)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    # not those that others only grow from
    if kind.__struct_config__.tag is not None and not kind.__subclasses__()
}
COMMANDS = {kind.__name__ for kind in messages.AnyCommand.__args__}
OUTCOMES = {kind.__name__ for kind in messages.AnyOutcome.__args__}
each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


def read(path: Path) -> tuple[str, bytes, dict[str, Any]]:
    """`(kind, wire, message)`."""
    example = json.loads(path.read_text())
    return path.name.split(".")[0], base64.b64decode(example["wire"]), example["message"]


def decoded(kind: str, wire: bytes) -> msgspec.Struct:
    """By the door that the readers of that topic use."""
    if kind in COMMANDS:
        return messages.decode_command(wire)
    if kind in OUTCOMES:
        (outcome,) = messages.decode_outcomes(b"\x91" + wire)
        return outcome
    return messages.decode_as(wire, KINDS[kind])


@each_example
def test_what_was_written_is_read_as_what_it_meant(path: Path) -> None:
    kind, wire, message = read(path)
    value = decoded(kind, wire)
    assert type(value) is KINDS[kind]
    assert msgspec.convert(message, KINDS[kind]) == value


@each_example
def test_what_is_written_today_is_read_as_the_same(path: Path) -> None:
    kind, wire, _ = read(path)
    value = decoded(kind, wire)
    assert decoded(kind, messages.encode(value)) == value


@each_example
def test_fields_from_the_future_are_ignored(path: Path) -> None:
    kind, wire, _ = read(path)
    fields = msgspec.msgpack.decode(wire)
    fields["added_later"] = {"by": ["somebody", 1, None]}
    assert decoded(kind, msgspec.msgpack.encode(fields)) == decoded(kind, wire)


def test_every_kind_has_an_example_that_fills_all_its_fields() -> None:
    filled: dict[str, set[str]] = {}
    for path in EXAMPLES:
        kind, wire, _ = read(path)
        filled.setdefault(kind, set()).update(set(msgspec.msgpack.decode(wire)) - {"kind"})
    wanted = {name: {field.encode_name for field in msgspec.structs.fields(kind)} for name, kind in KINDS.items()}
    assert filled == wanted


def test_a_command_is_not_an_outcome() -> None:
    _, wire, _ = read(next(path for path in EXAMPLES if path.stem == "HoldSeats"))
    with pytest.raises(messages.Undecodable):
        messages.decode_outcomes(b"\x91" + wire)
    with pytest.raises(messages.Undecodable):
        messages.decode_as(wire, messages.HoldExpiring)


GOOD: dict[str, Any] = {
    "kind": "HoldSeats",
    "show": 1,
    "key": b"k" * 16,
    "sent_at_ms": 1,
    "account": "ent_anna",
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "HoldSeat"},
        {"show": 0},
        {"show": 2**40},
        {"key": b"k" * 15},
        {"key": b"k" * 17},
        {"sent_at_ms": -1},
        {"sent_at_ms": 2**53},
        {"account": "NUL\0"},
        {"account": "x" * 201},
        {"account": 7},
        {"seats": [-1]},
        {"seats": [200_000]},
        {"areas": [[0, 0]]},
        {"areas": [[0, 200_001]]},
        {"best": {"quantity": 0}},
        {"hold_s": -1},
        {"external_id": "a\0b"},
        {"person": "a\nb\0"},
    ],
    ids=str,
)
def test_what_could_not_be_kept_is_not_even_read(wrong: dict[str, Any]) -> None:
    assert isinstance(messages.decode_command(msgspec.msgpack.encode(GOOD)), messages.HoldSeats)
    with pytest.raises(messages.Undecodable):
        messages.decode_command(msgspec.msgpack.encode({**GOOD, **wrong}))


@pytest.mark.parametrize("missing", sorted(set(GOOD)))
def test_what_every_command_needs_must_be_there(missing: str) -> None:
    fields = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(messages.Undecodable):
        messages.decode_command(msgspec.msgpack.encode(fields))


def test_text_may_end_in_a_line_feed_but_hold_no_nul_after_it() -> None:
    # A pattern that ends in `$` would let "\n" plus anything through.
    command = messages.decode_command(msgspec.msgpack.encode({**GOOD, "account": "ent\n"}))
    assert cast(messages.HoldSeats, command).account == "ent\n"


NO_TEXT = msgspec.msgpack.encode({**GOOD, "person": "a person"}).replace(b"a person", b"a p\xabrson")
NO_END = b"\x81\xa1z" + b"\x91" * 100_000 + b"\xc0"


@pytest.mark.parametrize("raw", [NO_TEXT, NO_END], ids=["not UTF-8", "nested without an end"])
def test_what_msgspec_has_other_errors_for_is_no_message_either(raw: bytes) -> None:
    with pytest.raises(messages.Undecodable):
        messages.decode_command(raw)
    with pytest.raises(messages.Undecodable):
        messages.decode_outcomes(b"\x91" + raw)
    with pytest.raises(messages.Undecodable):
        messages.decode_as(raw, messages.HoldExpiring)


def test_one_record_that_is_no_command_does_not_spoil_the_others() -> None:
    good = msgspec.msgpack.encode(GOOD)
    command = messages.decode_command(good)
    for bad in (NO_TEXT, NO_END, b"", good + good, msgspec.msgpack.encode({**GOOD, "person": "a\0"})):
        assert messages.decode_commands([good, bad, good]) == [command, None, command]
    assert messages.decode_commands([good, good]) == [command, command]
    assert messages.decode_commands([]) == []


@pytest.mark.parametrize("raw", [b"", b"\xc1", b"\x80", b"null", b"\x91\xc0", b"\xff" * 100])
def test_bytes_that_are_no_message(raw: bytes) -> None:
    with pytest.raises(messages.Undecodable):
        messages.decode_command(raw)
