"""Bytes to words and back."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from ticketing.messages.commands import AnyCommand
from ticketing.messages.outcomes import AnyOutcome
from ticketing.messages.statuses import AllocatorStatus

T = TypeVar("T", bound=Struct)

_encoder = msgspec.msgpack.Encoder()
_command_decoder: msgspec.msgpack.Decoder[AnyCommand] = msgspec.msgpack.Decoder(AnyCommand)
_outcomes_decoder: msgspec.msgpack.Decoder[list[AnyOutcome]] = msgspec.msgpack.Decoder(list[AnyOutcome])
_status_decoder: msgspec.msgpack.Decoder[AllocatorStatus] = msgspec.msgpack.Decoder(AllocatorStatus)

Undecodable = msgspec.DecodeError
"""What `decode_command` raises: `msgspec.DecodeError`, of which `ValidationError` is a kind."""
UNREADABLE = (UnicodeDecodeError, RecursionError)
"""What msgspec raises beside its own errors: for text that is not UTF-8, and for what is nested without an end."""


def encode(message: Struct) -> bytes:
    """One message as MessagePack."""
    return _encoder.encode(message)


def decode_command(raw: bytes) -> AnyCommand:
    """The command in one record of topic `commands`. Raises `Undecodable`."""
    try:
        return _command_decoder.decode(raw)
    except UNREADABLE as error:
        raise Undecodable(str(error)) from error


def decode_commands(raws: Sequence[bytes]) -> list[AnyCommand | None]:
    """What `decode_command` says of each of many records; None for one that cannot be decoded."""
    decode = _command_decoder.decode
    try:
        return [decode(raw) for raw in raws]
    except (Undecodable, *UNREADABLE):
        return [_command_or_none(raw) for raw in raws]


def _command_or_none(raw: bytes) -> AnyCommand | None:
    try:
        return decode_command(raw)
    except Undecodable:
        return None


def encode_outcomes(outcomes: list[AnyOutcome]) -> bytes:
    """All outcomes of one batch, packed into one payload."""
    return _encoder.encode(outcomes)


def decode_outcomes(payload: bytes) -> list[AnyOutcome]:
    """The outcomes of one batch. Raises `Undecodable`."""
    try:
        return _outcomes_decoder.decode(payload)
    except UNREADABLE as error:
        raise Undecodable(str(error)) from error


def decode_status(raw: bytes) -> AllocatorStatus:
    """What one record of topic `show_status` says. Raises `Undecodable`."""
    try:
        return _status_decoder.decode(raw)
    except UNREADABLE as error:
        raise Undecodable(str(error)) from error


def decode_as(raw: bytes, kind: type[T]) -> T:
    """One message of a known kind: warnings and statuses. Raises `Undecodable`."""
    try:
        return msgspec.msgpack.decode(raw, type=kind)
    except UNREADABLE as error:
        raise Undecodable(str(error)) from error
