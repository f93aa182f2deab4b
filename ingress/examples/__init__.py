"""The examples of the OpenAPI document: one story, told in order (`requests.yaml`), and what each of its calls was
answered (`answers.json`). tests/acceptance/test_examples.py plays it on real servers, from the document."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Struct, field

HERE = Path(__file__).parent
REQUESTS, ANSWERS = HERE / "requests.yaml", HERE / "answers.json"

Who = Literal["admin", "partner", "fan", "till", "nobody"]


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request of the story. `call`: an operationId; `name` is its own, over all calls; `gives`: JSON pointer into
    the answer -> what the id that stands there is called in the rest of the story."""

    call: str
    name: str
    title: str
    who: Who = field(name="as")
    status: int
    path: dict[str, str] = {}
    query: dict[str, Any] = {}
    headers: dict[str, str] = {}
    body: Any = UNSET
    gives: dict[str, str] = {}


class Example(NamedTuple):
    """A request and its answer: JSON, text of another media type, or UNSET where that is a whole document."""

    step: int
    asked: Asked
    answer: Any


def read_examples() -> list[Example]:
    """All of them, from the files."""
    answers = msgspec.json.decode(ANSWERS.read_bytes(), type=dict[str, Any])
    return [Example(step, asked, answers.get(asked.name, UNSET)) for step, asked in enumerate(read_requests(), start=1)]


def read_requests() -> Sequence[Asked]:
    """What is asked, without the answers."""
    return msgspec.yaml.decode(REQUESTS.read_bytes(), type=list[Asked])
