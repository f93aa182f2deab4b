"""The examples of the OpenAPI document: every call has one, and each fits the forms of its call. Playing them is for
tests/acceptance/test_examples.py."""

import re

import msgspec
import pytest

from ingress.examples import Example, read_examples
from ingress.operations import KeyUse, Operation
from ingress.refusals import ProblemAnswer
from tests.unit.ingress.stage import Stage
from ticketing.problems import PROBLEMS

WHOLE_DOCUMENTS = {"read_asyncapi", "read_openapi", "read_openapi_yaml", "read_docs", "read_docs_script"}
"""Too long to be quoted."""
EXAMPLES = read_examples()


def operations() -> dict[str, Operation]:
    return {operation.name: operation for operation in Stage().operations}


def test_every_call_has_an_example_and_each_a_name_of_its_own() -> None:
    assert {example.asked.call for example in EXAMPLES} == set(operations())
    names = [example.asked.name for example in EXAMPLES]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.asked.name for example in EXAMPLES])
def test_an_example_has_the_form_of_its_call(example: Example) -> None:
    asked, operation = example.asked, operations()[example.asked.call]
    assert set(asked.path) == set(operation.params)
    if operation.key is KeyUse.REQUIRED:
        assert "Idempotency-Key" in asked.headers
    if operation.query is not None:
        query = {name: msgspec.json.encode(value).decode().strip('"') for name, value in asked.query.items()}
        operation.query.model_validate_strings(query)
    else:
        assert asked.query == {}
    if operation.body is not None and asked.body is not msgspec.UNSET:
        operation.body.model_validate_json(msgspec.json.encode(asked.body), strict=True)
    assert (asked.body is not msgspec.UNSET) == (operation.body_raw or (operation.body is not None))


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.asked.name for example in EXAMPLES])
def test_an_answer_has_the_shape_that_the_call_announces(example: Example) -> None:
    asked, operation, answer = example.asked, operations()[example.asked.call], example.answer
    if asked.call in WHOLE_DOCUMENTS:
        assert answer is msgspec.UNSET
    elif asked.status >= 400:
        problem = msgspec.convert(answer, ProblemAnswer)
        assert PROBLEMS[problem.code].status == asked.status and problem.code in operation.codes
    elif isinstance(answer, str):
        assert operation.also is not None
    else:
        shape = operation.answers[asked.status]
        assert shape is not None
        # What a request came to is the body of another call, which msgspec reads as nothing in particular.
        told = {name: value for name, value in answer.items() if (asked.call, name) != ("read_request", "outcome")}
        msgspec.json.decode(msgspec.json.encode(told), type=shape)
