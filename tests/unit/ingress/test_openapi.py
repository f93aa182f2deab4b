"""The OpenAPI document is true of the room: checked against the table, and against what the room answers."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.unit.ingress.stage import Stage
from ticketing.problems import PROBLEMS

pytestmark = pytest.mark.anyio

SAMPLE = {"venue": "ven_x", "show": "shw_x", "reservation": "rsv_x", "booking": "bkg_x", "request": "req_x"}


async def document(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = (await stage.call("GET", "/api/openapi.json")).body
    return found


def rows(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


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


async def test_it_has_every_operation_and_no_other() -> None:
    stage = Stage()
    said = {(method, path) for method, path, _ in rows(await document(stage))}
    assert said == {(operation.method, operation.path) for operation in stage.operations}
    assert len(said) == len(stage.operations) >= 21


async def test_every_reference_leads_somewhere() -> None:
    found = await document(Stage())
    for ref in refs(found):
        node: Any = found
        for part in ref.removeprefix("#/").split("/"):
            node = node[part]
        assert isinstance(node, dict)


async def test_every_parameter_of_a_path_is_declared() -> None:
    for _, path, operation in rows(await document(Stage())):
        named = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path))


async def test_errors_are_problems_and_nothing_else() -> None:
    for _, _, operation in rows(await document(Stage())):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"]
        assert "500" in operation["responses"]


async def test_who_has_to_wait_is_told_for_how_long() -> None:
    for _, _, operation in rows(await document(Stage())):
        for status, response in operation["responses"].items():
            told_when = int(status) in (429, 503) or "`cooling_down`" in response["description"]
            if int(status) >= 400:
                assert ("Retry-After" in response["headers"]) == told_when, (operation["operationId"], status)


async def test_each_call_without_anything_is_answered_as_announced() -> None:
    stage = Stage()
    for method, path, operation in rows(await document(stage)):
        target = re.sub(r"\{(\w+)\}", lambda found: SAMPLE.get(found[1], "x"), path)
        reply = await stage.call(method, target)
        assert str(reply.status) in operation["responses"], (method, path, reply.body)
        media_type = reply.headers["content-type"]
        assert media_type in operation["responses"][str(reply.status)]["content"]
        assert (operation.get("security") == [{"bearer": []}]) == (reply.status == 401)


async def test_codes_stand_with_their_status() -> None:
    for operation in Stage().operations:
        assert set(operation.codes) <= set(PROBLEMS)


async def test_no_pattern_is_pythons_own() -> None:
    def patterns(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            for name, value in node.items():
                if name == "pattern" and isinstance(value, str):
                    yield value
                else:
                    yield from patterns(value)
        elif isinstance(node, list):
            for value in node:
                yield from patterns(value)

    found = set(patterns(await document(Stage())))
    assert found
    assert [pattern for pattern in found if r"\Z" in pattern or "(?P" in pattern] == []


async def test_the_document_in_yaml_is_the_same_document() -> None:
    stage = Stage()
    json_reply = await stage.call("GET", "/api/openapi.json")
    yaml_reply = await stage.call("GET", "/api/openapi.yaml")
    assert yaml_reply.headers["content-type"] == "application/yaml"
    assert msgspec.yaml.decode(yaml_reply.raw) == json_reply.body
    again = await stage.call("GET", "/api/openapi.yaml", headers={"if-none-match": yaml_reply.headers["etag"]})
    assert (again.status, again.raw) == (304, b"")
    json_said, yaml_said = (
        json_reply.body["paths"][f"/api/openapi.{form}"]["get"]["responses"]["200"]["content"]
        for form in ("json", "yaml")
    )
    assert yaml_said == {"application/yaml": json_said["application/json"]}
