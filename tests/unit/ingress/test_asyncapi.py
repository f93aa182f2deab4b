"""The AsyncAPI document has what the sockets say, both ways, and nothing else."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from tests.unit.ingress.stage import Stage
from ticketing.socket_frames import CLOSE_CODES, SERVER_FRAMES, AnyClientFrame

pytestmark = pytest.mark.anyio

SAID = {kind.__struct_config__.tag: kind for kind in get_args(AnyClientFrame)}


async def document() -> dict[str, Any]:
    answer = await Stage().call("GET", "/api/asyncapi.json")
    assert answer.status == 200
    found: dict[str, Any] = answer.body
    return found


def refs(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


async def test_every_frame_is_in_it_and_every_close_code() -> None:
    found = await document()
    assert found["asyncapi"] == "3.0.0"
    assert set(found["components"]["messages"]) == SERVER_FRAMES.keys() | SAID.keys()
    show, room = found["channels"]["show"], found["channels"]["room"]
    assert set(show["messages"]) == SERVER_FRAMES.keys() - {"serving"} | SAID.keys()
    assert set(room["messages"]) == {"welcome", "serving", "goodbye", "pong", "error", "hello", "ping"}
    for channel in (show, room):
        assert set(channel["x-close-codes"]) == {str(code) for code in CLOSE_CODES}
        assert set(channel["parameters"]) == set(re.findall(r"{(\w+)}", channel["address"]))
    for message in found["components"]["messages"].values():
        assert message["summary"]


async def test_the_server_sends_its_frames_and_receives_each_of_a_clients() -> None:
    found = await document()
    by_action: dict[str, set[str]] = {"send": set(), "receive": set()}
    for operation in found["operations"].values():
        names = {message["$ref"].rpartition("/")[2] for message in operation["messages"]}
        by_action[operation["action"]] |= names
        if operation["action"] == "receive":
            replies = {message["$ref"].rpartition("/")[2] for message in operation["reply"]["messages"]}
            assert "error" in replies <= SERVER_FRAMES.keys()
    assert by_action == {"send": set(SERVER_FRAMES), "receive": set(SAID)}


async def test_every_reference_leads_somewhere() -> None:
    found = await document()
    leads = list(refs(found))
    assert len(leads) > 50
    for ref in leads:
        node: Any = found
        for part in ref.removeprefix("#/").split("/"):
            node = node[part]
        assert isinstance(node, dict)


async def test_a_frame_has_the_fields_that_its_type_has() -> None:
    schemas = (await document())["components"]["schemas"]
    for kind in (*SERVER_FRAMES.values(), *SAID.values()):
        said = set(schemas[kind.__name__]["properties"]) - {"type"}
        assert said == set(kind.__struct_fields__)
    assert schemas["Hold"]["properties"]["body"] == {"$ref": "#/components/schemas/HoldBody"}
    assert len(schemas["Decided"]["properties"]["outcome"]["anyOf"]) == 7
