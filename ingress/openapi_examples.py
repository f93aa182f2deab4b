"""Puts the examples into the OpenAPI document. Those of one call share a name: in its parameters, its body, its answer.

`x-examples` of a call tells for each name which step of the story it is, who asks, and the status of the answer, so
that the whole story can be played from the document alone.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET

from ingress.examples import Example

Schema = dict[str, Any]


def add_examples(said: Schema, examples: Iterable[Example]) -> None:
    """Add to `said`, one call of the document, its examples."""
    for step, asked, answer in examples:
        name = asked.name
        said.setdefault("x-examples", {})[name] = {"step": step, "as": asked.who, "status": asked.status}
        given = {"path": asked.path, "query": asked.query, "header": asked.headers}
        for parameter in said["parameters"]:
            if parameter["name"] in given[parameter["in"]]:
                value = given[parameter["in"]][parameter["name"]]
                parameter.setdefault("examples", {})[name] = {"value": value}
        if asked.body is not UNSET:
            _add(said["requestBody"]["content"]["application/json"], asked.name, asked.title, asked.body)
        if answer is not UNSET:
            content = said["responses"][str(asked.status)]["content"]
            # A call may answer in JSON and in another media type, which is text.
            text = next((kind for kind in content if not kind.endswith("json")), None)
            kind = text if text is not None and isinstance(answer, str) else next(iter(content))
            _add(content[kind], name, asked.title, answer)


def _add(content: Schema, name: str, title: str, value: Any) -> None:
    content.setdefault("examples", {})[name] = {"summary": title, "value": value}
