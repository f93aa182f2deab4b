"""Writes what web/ knows of the API's shapes: `python -m tests.house.api_types > web/types/api.d.ts`.

TypeScript of the OpenAPI document, so that a page that reads a field which there is not is found by whoever checks it.
"""

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from ingress import openapi
from tests.unit.ingress.stage import Stage
from ticketing.problems import PROBLEMS

Schema = dict[str, Any]
HEAD = """\
// What the API takes and answers, from its OpenAPI document. Not written by hand:
// python -m tests.house.api_types > web/types/api.d.ts
"""
SIMPLE = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def render(document: Schema) -> str:
    """The whole file."""
    lines = [HEAD]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += [*_shape(name, schema), ""]
    codes = "\n".join(f'  | "{code}"' for code in sorted(PROBLEMS))
    lines += ["/** What can go wrong: docs/api/problems.md. */", f"export type ProblemCode =\n{codes};", ""]
    lines += ["/** Every call by its operationId; `answer` is the body of a success. */", "export interface Calls {"]
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            lines += _call(method.upper(), path, call)
    return "\n".join([*lines, "}"]) + "\n"


def _shape(name: str, schema: Schema) -> Iterator[str]:
    if text := schema.get("description"):
        yield from _comment(text, "")
    if "properties" not in schema:
        yield f"export type {name} = {_kind(schema)};"
        return
    yield f"export interface {name} {{"
    needed = set(schema.get("required", ()))
    for field, kind in schema["properties"].items():
        if text := kind.get("description"):
            yield from _comment(text, "  ")
        yield f"  {_name(field)}{'' if field in needed else '?'}: {_kind(kind)};"
    yield "}"


def _call(method: str, path: str, call: Schema) -> Iterator[str]:
    yield f"  /** {call['summary']}. */"
    yield f"  {call['operationId']}: {{"
    yield f'    method: "{method}";'
    yield f'    path: "{path}";'
    for place in ("path", "query"):
        fields = [it for it in call["parameters"] if it["in"] == place]
        if fields:
            told = " ".join(
                f"{_name(it['name'])}{'' if it['required'] else '?'}: {_kind(it['schema'])};" for it in fields
            )
            yield f"    {'params' if place == 'path' else place}: {{ {told} }};"
    sent = call.get("requestBody")
    if sent is not None:
        yield f"    body{'' if sent['required'] else '?'}: {_kind(sent['content']['application/json']['schema'])};"
    kinds = [
        _kind(it["content"]["application/json"]["schema"])
        for status, it in call["responses"].items()
        if status.startswith("2") and "application/json" in it.get("content", {})
    ]
    yield f"    answer: {' | '.join(dict.fromkeys(kinds)) or 'string'};"
    yield "  };"


def _kind(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema["enum"])
    for several in ("anyOf", "oneOf"):
        if several in schema and "type" not in schema and "properties" not in schema:
            return " | ".join(dict.fromkeys(_kind(one) for one in schema[several]))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(_kind({**schema, "type": one}) for one in kind)
    if kind == "array":
        item = _kind(schema["items"]) if isinstance(schema.get("items"), dict) else "unknown"
        return f"({item})[]" if " | " in item else f"{item}[]"
    if kind == "object":
        value = schema.get("additionalProperties")
        return f"Record<string, {_kind(value) if isinstance(value, dict) else 'unknown'}>"
    return SIMPLE.get(str(kind), "unknown")


def _name(field: str) -> str:
    return field if re.fullmatch(r"[A-Za-z_]\w*", field) else json.dumps(field)


def _comment(text: str, indent: str) -> Iterator[str]:
    lines = textwrap.wrap(" ".join(text.split()).replace("*/", "*\\/"), 110)
    if len(lines) == 1:
        yield f"{indent}/** {lines[0]} */"
        return
    yield f"{indent}/**"
    yield from (f"{indent} * {line}" for line in lines)
    yield f"{indent} */"


def document() -> Schema:
    """The OpenAPI document, as it is made from the table of operations."""
    return openapi.document(Stage().operations)


if __name__ == "__main__":
    print(render(document()), end="")
