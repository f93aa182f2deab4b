"""The client's shapes are those of the OpenAPI document, and its two forms are one."""

import asyncio
import importlib.util
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

import onsale_client
from onsale_client import errors, made, shapes, sold, wishes
from tests.unit.ingress.stage import Stage

SERVERS = {
    "Page": "EventsAnswer",
    "FeedPage": "FeedAnswer",
    "Rules": "Rules",
    "Why": "WhyThese",
    "Conflict": "PlaceConflict",
    "Problem": "ProblemAnswer",
    "Caller": "WhoAnswer",
    "AreaWish": "AreaAsk",
    "Best": "BestAsk",
    "Hold": "HoldBody",
    "Payment": "PaymentBody",
    "Verdict": "BatchItem",
    "Contact": "ContactBody",
    "ShowChanged": "ShowChangedAnswer",
    "SeatWords": "BulkStatusAnswer",
    "SeatNames": "BulkBody",
}
"""Where the name is neither the same nor the same with `Answer`."""
BASE = {"Said"}


SCHEMAS: dict[str, Any] = asyncio.run(Stage().call("GET", "/api/openapi.json")).body["components"]["schemas"]


def structs(module: ModuleType) -> list[type[msgspec.Struct]]:
    return [
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, msgspec.Struct)
        and found.__module__ == module.__name__
        and found.__name__ not in BASE
        and not found.__name__.startswith("_")
    ]


@pytest.mark.parametrize(
    "shape",
    [found for module in (shapes, sold, made, wishes, errors) for found in structs(module)],
    ids=lambda shape: shape.__name__,
)
def test_a_shape_has_the_fields_of_its_schema(shape: type[msgspec.Struct]) -> None:
    name = SERVERS.get(shape.__name__, f"{shape.__name__}Answer")
    schema = SCHEMAS.get(name) or SCHEMAS[shape.__name__]
    required = set(schema.get("required", ()))
    assert set(shape.__struct_fields__) <= set(schema["properties"])
    needed = {field.name for field in msgspec.structs.fields(shape) if field.required}
    # What the client must find, the server always sends; what the server must find, the client always sends.
    if name.endswith(("Body", "Ask")):
        assert required <= needed
    else:
        assert needed <= required


def test_the_form_without_await_is_made_from_the_other() -> None:
    root = Path(inspect.getfile(onsale_client)).parents[1]
    spec = importlib.util.spec_from_file_location("make_sync", root / "make_sync.py")
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert maker.FILES
    for source, written in maker.FILES.items():
        assert maker.without_await(source) == (root / "onsale_client" / written).read_text()
