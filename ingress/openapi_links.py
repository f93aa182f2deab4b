"""Which calls go on from an answer (the `links` of the OpenAPI document): what one has made, the others are about."""

from collections.abc import Sequence
from typing import Any

from ingress.operations import Operation

Schema = dict[str, Any]

MAKES: dict[str, dict[str, str]] = {
    "hold": {"reservation": "/reservation"},
    "confirm": {"booking": "/booking"},
    "add_venue": {"venue": "/venue"},
    "add_show": {"show": "/show", "venue": "/venue"},
    "make_key": {"key": "/data/key"},
    "make_webhook": {"webhook": "/data/webhook"},
}
"""By operation: parameters of paths that its answer gives, and where they stand in it (JSON pointers)."""
PENDING = {"request": "/request"}
"""What every 202 gives."""


def links(operation: Operation, status: int, operations: Sequence[Operation]) -> Schema:
    """The links of one answer; none where nothing goes on from it."""
    if status == 202:
        return _to_all(operation, PENDING, operations)
    if status == 201 and operation.name in MAKES:
        return _to_all(operation, MAKES[operation.name], operations)
    return {}


def _to_all(origin: Operation, given: dict[str, str], operations: Sequence[Operation]) -> Schema:
    found: Schema = {}
    for target in operations:
        parameters = {
            name: f"$response.body#{given[name]}" for name in target.params if name in given
        }  # fmt: skip
        if target.name != origin.name and parameters and len(parameters) == len(target.params):
            found[target.name] = {"operationId": target.name, "parameters": parameters}
        elif "reservation" in given and target.body is not None and "reservation" in target.body.model_fields:
            body = {"reservation": f"$response.body#{given['reservation']}"}
            found[target.name] = {"operationId": target.name, "requestBody": body}
    return found
