"""The OpenAPI 3.1 document, made from the table of operations: what the dispatcher enforces, no more, no less."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, cast

import msgspec
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ingress.examples import Example
from ingress.forms import IDEMPOTENCY_KEY_CHARS_MAX
from ingress.openapi_examples import add_examples
from ingress.openapi_links import links
from ingress.operations import KeyUse, Operation, Who
from ingress.refusals import MEDIA_TYPE, TELLS_WHEN, ProblemAnswer
from ticketing.problems import PROBLEMS

REF = "#/components/schemas/{name}"
PYDANTIC_REF = "#/components/schemas/{model}"
Schema = dict[str, Any]
VERSION = "0.1.0"

ALWAYS: Schema = {"X-Request-Id": {"description": "names this answer in our logs", "schema": {"type": "string"}}}
LIMITS: Schema = {
    "RateLimit-Policy": {"description": "what the caller is limited to", "schema": {"type": "string"}},
    "RateLimit": {"description": "what is left of it", "schema": {"type": "string"}},
}
STATUS_WORDS = {
    200: "Done",
    201: "Made",
    202: "On the log; the verdict is not known yet",
    304: "What you have is current",
}


def document(operations: Sequence[Operation], examples: Sequence[Example] = ()) -> Schema:
    """The whole document."""
    answers, bodies = _answer_schemas(operations), _body_schemas(operations)
    hidden = set(answers) & set(bodies)
    if hidden:
        raise ValueError(f"two schemas have one name: {sorted(hidden)}")
    paths: dict[str, Schema] = defaultdict(dict)
    for operation in operations:
        said = _operation(operation, operations)
        add_examples(said, [example for example in examples if example.asked.call == operation.name])
        paths[operation.path][operation.method.lower()] = said
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "onsale",
            "version": VERSION,
            "description": "Hold, confirm and read places of a sale. Every error is a problem document (RFC 9457); "
            "what each code means is at /api/problems/{code}. The examples are one story: x-examples tells its steps.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": dict(paths),
        "components": {
            "schemas": answers | bodies,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "an API key, a room pass, or the token of one reservation",
                }
            },
        },
    }


def _operation(operation: Operation, operations: Sequence[Operation]) -> Schema:
    said: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": _responses(operation, operations),
    }
    if operation.who is not Who.ANYBODY:
        said["security"] = [{"bearer": []}]
    elif operation.tells_own:
        said["security"] = [{}, {"bearer": []}]
    if operation.body_raw:
        theirs = {"schema": {"description": "as the other side has agreed to send it"}}
        said["requestBody"] = {"required": True, "content": {"application/json": theirs}}
    if operation.body is not None:
        said["requestBody"] = {
            "required": operation.body_needed,
            "content": {"application/json": {"schema": {"$ref": REF.format(name=operation.body.__name__)}}},
        }
    return said


def _parameters(operation: Operation) -> list[Schema]:
    found: list[Schema] = [
        {"name": name, "in": "path", "required": True, "description": what, "schema": {"type": "string"}}
        for name, what in operation.params.items()
    ]
    if operation.query is not None:
        found += _query_parameters(operation.query)
    if operation.key is not KeyUse.NONE:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": operation.key is KeyUse.REQUIRED,
                "description": "the same for each repeat of the same wish",
                "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARS_MAX},
            }
        )
    if operation.waits:
        found.append(
            {
                "name": "Prefer",
                "in": "header",
                "required": False,
                "description": "wait=N (seconds, at most 10) or respond-async; what is not understood is ignored",
                "schema": {"type": "string"},
            }
        )
    return found


def _query_parameters(kind: type[BaseModel]) -> list[Schema]:
    schema = kind.model_json_schema()
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(content)}
        for name, content in schema.get("properties", {}).items()
    ]


def _without_null(schema: Schema) -> Schema:
    """A query's field is there or not; it is never null."""
    kinds = schema.get("anyOf")
    if kinds is None:
        return schema
    left = [kind for kind in kinds if kind.get("type") != "null"]
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return {**rest, **left[0]} if len(left) == 1 else {**rest, "anyOf": left}


def _responses(operation: Operation, operations: Sequence[Operation]) -> Schema:
    responses: Schema = {}
    for status, body in operation.answers.items():
        responses[str(status)] = {"description": STATUS_WORDS[status], "headers": _headers(operation, status)}
        if onward := links(operation, status, operations):
            responses[str(status)]["links"] = onward
        if body is not None:
            responses[str(status)]["content"] = _content(operation.page or "application/json", body.__name__)
            if operation.also is not None:
                responses[str(status)]["content"][operation.also] = {"schema": {"type": "string"}}
        elif operation.page is not None and status == 200:
            responses[str(status)]["content"] = {operation.page: {"schema": {"type": "string"}}}
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in operation.codes:
        by_status[PROBLEMS[code].status].append(code)
    for status, codes in sorted(by_status.items()):
        headers = ALWAYS | LIMITS if status == 429 else dict(ALWAYS)
        if status in (429, 503) or TELLS_WHEN.intersection(codes):
            headers["Retry-After"] = {"description": "seconds", "schema": {"type": "integer"}}
        responses[str(status)] = {
            "description": "; ".join(f"`{code}`: {PROBLEMS[code].title}" for code in codes),
            "headers": headers,
            "content": _content(MEDIA_TYPE, ProblemAnswer.__name__),
        }
    return responses


def _headers(operation: Operation, status: int) -> Schema:
    headers = ALWAYS | LIMITS if operation.counted or operation.tells_own else dict(ALWAYS)
    if 304 in operation.answers:
        headers["ETag"] = {"schema": {"type": "string"}}
    if status == 202:
        headers["Location"] = {"description": "where the verdict will be", "schema": {"type": "string"}}
        headers["Retry-After"] = {"description": "seconds", "schema": {"type": "integer"}}
    elif operation.key is not KeyUse.NONE:
        headers["Idempotent-Replayed"] = {
            "description": "true: the answer to a request that had been answered before",
            "schema": {"type": "string", "enum": ["true"]},
        }
    return headers


def _content(media_type: str, name: str) -> Schema:
    return {media_type: {"schema": {"$ref": REF.format(name=name)}}}


def _answer_schemas(operations: Sequence[Operation]) -> Schema:
    kinds = {body for operation in operations for body in operation.answers.values() if body is not None}
    _, schemas = msgspec.json.schema_components(
        [*sorted(kinds, key=lambda kind: kind.__name__), ProblemAnswer], ref_template=REF
    )
    return schemas


def _body_schemas(operations: Sequence[Operation]) -> Schema:
    kinds = {operation.body for operation in operations if operation.body is not None}
    named = [(kind, cast(Any, "validation")) for kind in sorted(kinds, key=lambda kind: kind.__name__)]
    _, schema = models_json_schema(named, ref_template=PYDANTIC_REF)
    schemas: Schema = dict(schema.get("$defs", {}))
    if "LayoutBody" in schemas:
        # One category is made up when none is given, before the form is looked at.
        schemas["LayoutBody"]["required"] = [
            name for name in schemas["LayoutBody"].get("required", ()) if name != "categories"
        ]
        if not schemas["LayoutBody"]["required"]:
            del schemas["LayoutBody"]["required"]
    return schemas
