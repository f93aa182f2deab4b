"""The AsyncAPI 3.0 document of the sockets, made from `ticketing/socket_frames.py`: what the notifier sends and reads.

Served here, beside the OpenAPI document, because this room answers below `/api`; the bodies that frames share with HTTP
are described by the same types.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, cast, get_args

import msgspec
from pydantic.json_schema import models_json_schema

from ingress.asgi import Response, cached
from ingress.openapi import PYDANTIC_REF, REF, VERSION
from ingress.operations import Call, Operation
from ticketing import socket_frames
from ticketing.asks import HoldBody
from ticketing.socket_frames import (
    CLIENT_FRAME_BYTES_MAX,
    CLOSE_CODES,
    HEARTBEAT_S,
    OUTCOMES,
    ROOM_FRAMES,
    SERVER_FRAMES,
    SHOW_FRAMES,
    SUBPROTOCOL,
)

Schema = dict[str, Any]

CLIENT_FRAMES = {kind.__struct_config__.tag: kind for kind in get_args(socket_frames.AnyClientFrame)}
REPLIES = {
    "hello": ("welcome",),
    "subscribe": ("snapshot",),
    "ping": ("pong",),
    "hold": ("request_decided",),
    "release": ("request_decided",),
}
"""What answers a frame, beside `error`."""
PARAMETERS = {
    "venue": {"description": "the id of the venue: ven_…"},
    "show": {"description": "the id of the show: shw_…"},
}


@dataclass(frozen=True)
class Channel:
    """One kind of socket: what is said over it, both ways."""

    name: str
    address: str
    title: str
    description: str
    parameters: tuple[str, ...]
    said: tuple[str, ...]
    heard: tuple[str, ...]


CHANNELS = (
    Channel(
        "show",
        "/ws/venues/{venue}/shows/{show}",
        "A show",
        "What changes in a show; after `hello` with a token also what becomes of one's own wishes.",
        ("venue", "show"),
        tuple(CLIENT_FRAMES),
        SHOW_FRAMES,
    ),
    Channel(
        "room",
        "/ws/room/{show}",
        "A waiting room",
        "How far the line of a show is served, for everybody; polling the room's status document alone suffices.",
        ("show",),
        ("hello", "ping"),
        ROOM_FRAMES,
    ),
)


def document() -> Schema:
    """The whole document."""
    schemas = _schemas()
    messages = {kind: _server_message(kind) for kind in SERVER_FRAMES} | {
        kind: _client_message(kind) for kind in CLIENT_FRAMES
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "onsale: websockets",
            "version": VERSION,
            "description": f"Text frames of JSON, subprotocol `{SUBPROTOCOL}`, first `hello`. A client's has at most "
            f"{CLIENT_FRAME_BYTES_MAX} bytes. The server pings every {HEARTBEAT_S} s. Fields and types are only ever "
            "added: pass over what is not known.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {name: said for channel in CHANNELS for name, said in _operations(channel).items()},
        "components": {"messages": messages, "schemas": schemas},
    }


def _channel(channel: Channel) -> Schema:
    return {
        "address": channel.address,
        "title": channel.title,
        "description": channel.description,
        "parameters": {name: PARAMETERS[name] for name in channel.parameters},
        "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in (*channel.heard, *channel.said)},
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
        "x-close-codes": {str(code): why for code, why in CLOSE_CODES.items()},
    }


def _operations(channel: Channel) -> Schema:
    """From where the server stands: it receives what clients say, and sends what they hear."""
    at = {"$ref": f"#/channels/{channel.name}"}

    def messages(*kinds: str) -> list[Schema]:
        return [{"$ref": f"#/channels/{channel.name}/messages/{kind}"} for kind in kinds]

    found: Schema = {f"{channel.name}_hear": {"action": "send", "channel": at, "messages": messages(*channel.heard)}}
    for kind in channel.said:
        found[f"{channel.name}_say_{kind}"] = {
            "action": "receive",
            "channel": at,
            "messages": messages(kind),
            "reply": {"channel": at, "messages": messages(*REPLIES.get(kind, ()), "error")},
        }
    return found


def _server_message(kind: str) -> Schema:
    data = SERVER_FRAMES[kind]
    return {
        "name": kind,
        "summary": _prose(data),
        "payload": {
            "type": "object",
            "required": ["v", "type", "id", "seq", "show", "ts", "data"],
            "properties": {
                "v": {"const": 1},
                "type": {"const": kind},
                "id": {"type": "string", "description": "tells a frame heard twice; empty where nothing is sent again"},
                "seq": {"type": "integer", "description": "the number that the show stood at"},
                "show": {"type": "string"},
                "ts": {"type": "string", "format": "date-time"},
                "data": _ref(data.__name__),
            },
        },
    }


def _client_message(kind: str) -> Schema:
    said = CLIENT_FRAMES[kind]
    return {"name": kind, "summary": _prose(said), "payload": _ref(said.__name__)}


def _schemas() -> Schema:
    kinds = {kind.__name__: kind for kind in (*SERVER_FRAMES.values(), *CLIENT_FRAMES.values(), *OUTCOMES)}
    schemas: Schema
    _, schemas = msgspec.json.schema_components(list(kinds.values()), ref_template=REF)
    schemas["Decided"]["properties"]["outcome"] = {"anyOf": [_ref(kind.__name__) for kind in OUTCOMES]}
    schemas["Hold"]["properties"]["body"] = _ref(HoldBody.__name__)
    _, found = models_json_schema([(HoldBody, cast(Any, "validation"))], ref_template=PYDANTIC_REF)
    hold: Schema = found["$defs"]
    hidden = set(schemas) & set(hold)
    if hidden:
        raise ValueError(f"two schemas have one name: {sorted(hidden)}")
    return schemas | hold


def _ref(name: str) -> Schema:
    return {"$ref": REF.format(name=name)}


def _prose(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split())


class AsyncApiDocument(msgspec.Struct):
    """An AsyncAPI document, as its own specification tells."""

    asyncapi: str


def asyncapi_row() -> Operation:
    """The row that tells it."""
    body = msgspec.json.encode(document())
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    async def read_asyncapi(call: Call) -> Response:
        return cached(call.request, body, etag=etag, max_age_s=60)

    return Operation(
        "read_asyncapi", "GET", "/api/asyncapi.json", read_asyncapi, "What is said over websockets",
        {200: AsyncApiDocument, 304: None},
    )  # fmt: skip
