"""Whatever is sent, the answer is one that the OpenAPI document announces, and never a 5xx."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingress.operations import Operation
from tests.unit.ingress.stage import ADMIN_KEY, PARTNER_KEY, SHOW_TEXT, Reply, Stage
from tests.unit.ingress.tales import SHOW, VENUE
from ticketing.vocabulary import booking_text, request_text, reservation_text

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
GOOD: dict[str, dict[str, Any]] = {
    "hold": {"show": SHOW_TEXT, "seats": ["A-1"], "areas": [{"area": "floor", "quantity": 1}], "hold_s": 60},
    "extend": {"by_s": 60},
    "confirm": {
        "reservation": reservation_text(SHOW, b"r" * 16),
        "contact": {"name": "Ada", "email": "ada@example.org"},
        "notes": "none",
    },
    "add_venue": {"name": "Barn"},
    "put_layout": {"rows": 5, "seats_per_row": 5, "categories": [{"name": "a", "price": 5, "rows": [1]}]},
    "add_show": {
        "name": "Hay", "starts_at": "2030-01-01T00:00:00Z", "capacity": 50, "prices": {}, "policy": {"hold_s": 60},
        "categories": [{"name": "a", "price": 1}], "currency": "EUR",
    },
    "close_show": {"reason": "rain"},
    "bulk_status": {"show": SHOW_TEXT, "seats": ["A-1"]},
}  # fmt: skip
IDS = {
    "venue": VENUE,
    "show": SHOW_TEXT,
    "reservation": reservation_text(SHOW, b"r" * 16),
    "booking": booking_text(SHOW, b"r" * 16),
    "request": request_text(3, 0, 0),
    "label": "A-1",
    "code": "sold_out",
}
TABLE = Stage().operations
DOCUMENT = asyncio.run(Stage().call("GET", "/api/openapi.json")).body


def bend(body: dict[str, Any], path: list[int], junk: Any) -> dict[str, Any]:
    """The body with one value somewhere in it replaced by junk (or by nothing)."""
    bent: dict[str, Any] = dict(body)
    name = sorted(bent)[path[0] % len(bent)] if bent else "x"
    inner = bent.get(name)
    if len(path) > 1 and isinstance(inner, dict):
        bent[name] = bend(inner, path[1:], junk)
    elif len(path) > 1 and isinstance(inner, list) and inner and isinstance(inner[0], dict):
        bent[name] = [bend(inner[0], path[1:], junk)]
    else:
        bent[name] = junk
    return bent


def ask(operation: Operation, ids: dict[str, str], query: str, body: Any) -> Reply:
    stage = Stage()
    target = operation.path
    for name, value in ids.items():
        target = target.replace("{" + name + "}", value)
    token = ADMIN_KEY if "admin" in target else PARTNER_KEY
    call = stage.call(
        operation.method, f"{target}?{query}", body, token=token, key="k", headers={"prefer": "respond-async"}
    )
    return asyncio.run(call)


def is_announced(operation: Operation, reply: Reply) -> bool:
    responses = DOCUMENT["paths"][operation.path][operation.method.lower()]["responses"]
    assert reply.status < 500, reply.body
    assert str(reply.status) in responses, (operation.name, reply.status, reply.body)
    return True


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(GOOD)), st.lists(st.integers(0, 9), min_size=1, max_size=3), JUNK)
def test_a_bent_body(name: str, path: list[int], junk: Any) -> None:
    operation = next(row for row in TABLE if row.name == name)
    reply = ask(operation, IDS, "", bend(GOOD[name], path, junk))
    assert is_announced(operation, reply)


@settings(max_examples=150)
@given(st.sampled_from(TABLE), st.text(max_size=40), st.binary(max_size=60))
def test_any_query_and_any_bytes(operation: Operation, query: str, body: bytes) -> None:
    reply = ask(operation, IDS, query, body)
    assert is_announced(operation, reply)


@settings(max_examples=150)
@given(st.sampled_from(TABLE), st.text(max_size=40).map(lambda text: text.replace("?", "").replace("/", "") or "x"))
def test_any_id(operation: Operation, text: str) -> None:
    reply = ask(operation, dict.fromkeys(IDS, text), "", GOOD.get(operation.name, {}))
    assert is_announced(operation, reply)


def test_the_good_bodies_are_good() -> None:
    for name, body in GOOD.items():
        operation = next(row for row in TABLE if row.name == name)
        reply = ask(operation, IDS, "", body)
        assert reply.status in (200, 201, 202), (name, reply.body)
